"""What goes back over HTTP: a status, a body, and for every refusal ``{"error": "cause. mend"}``."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import grpc

from features.errors import BadInput
from serving.status import HTTP, Refusal, refusal, retry_s

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer.

    Attributes:
        status: of HTTP.
        body: its bytes.
        headers: beside the body's length; ``content-type`` among them.
    """

    status: int = HTTPStatus.OK
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": JSON})


class Unanswerable(BadInput):
    """What HTTP itself refuses, with a status that gRPC has no code for: a path, a method, a size.

    Args:
        status: of HTTP.
        cause: what is wrong.
        mend: what to do about it.
        headers: that such a status brings along.
    """

    def __init__(self, status: int, *, cause: str, mend: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(cause=cause, mend=mend)
        self.status = status
        self.headers = headers or {}


class Aborted(Exception):
    """The guard ended the call with a status of gRPC."""

    def __init__(self, status: grpc.Status) -> None:
        super().__init__(status.details)
        self.status = status


def of_json(document: Any, status: int = HTTPStatus.OK) -> Reply:
    """A document as the answer."""
    return Reply(status=status, body=written(document))


def written(document: Any) -> bytes:
    """A document as JSON (RFC 8259): UTF-8, no NaN."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def refused(error: Exception, method: str) -> Reply:
    """What a caller is told about ``error``; of one that nobody foresaw, only an incident's number."""
    if isinstance(error, Unanswerable):
        return _error(error.status, f"{error.cause}. {error.mend}", error.headers)
    if isinstance(error, Aborted):
        return _told(error.status.code, error.status.details, retry_s(error.status))
    told: Refusal = refusal(error, method)
    return _told(told.code, told.text, told.retry_s)


def _told(code: grpc.StatusCode, text: str, after_s: float | None) -> Reply:
    status = HTTP[code]
    headers = {} if after_s is None else {"retry-after": str(math.ceil(after_s))}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return _error(status, text, headers)


def _error(status: int, text: str, headers: Mapping[str, str]) -> Reply:
    # A name out of a body may hold halves of characters, which UTF-8 cannot write.
    text = text.encode("utf-8", "replace").decode()
    return Reply(status=status, body=written({"error": text}), headers={"content-type": JSON, **headers})
