"""What the guard and the door want to know of a call, told of one that came over HTTP as gRPC tells it of its own."""

import math
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import NoReturn

import grpc

from serving.http.reply import Aborted, Unanswerable

TIMEOUT = "haechi-timeout-s"
"""The header in which a caller says how long the answer is of use; gRPC has deadlines of its own."""


class Context:
    """One call's headers and connection, in the shape of ``grpc.ServicerContext``.

    Args:
        headers: by name in lower case; ``authorization``, ``haechi-zone``, ``haechi-priority`` and ``x-request-id``
            among them mean what the same metadata mean over gRPC.
        client: host and port of the caller.

    Raises:
        Unanswerable: the time that the caller allows is none.
    """

    def __init__(self, headers: Mapping[str, str], client: tuple[str, int] | None) -> None:
        self._headers = headers
        self._client = client
        self._until_s = _deadline_s(headers.get(TIMEOUT))
        self.gone = False
        """Whether the caller hung up."""
        self.told: dict[str, str] = {}
        """What the reply is to carry beside its body: headers by name."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """Every header."""
        return tuple(self._headers.items())

    def time_remaining(self) -> float | None:
        """Seconds until the caller's deadline; None: there is none."""
        return None if self._until_s is None else self._until_s - time.monotonic()

    def is_active(self) -> bool:
        """Whether somebody still waits."""
        return not self.gone

    def peer(self) -> str:
        """Where the call came from, as gRPC writes it."""
        if self._client is None:
            return ""
        host, port = self._client
        return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"

    def auth_context(self) -> Mapping[str, list[bytes]]:
        """No client shows a certificate here."""
        return {}

    def set_trailing_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        """What gRPC sends behind a reply goes before it here."""
        self.told |= dict(metadata)

    def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call."""
        raise Aborted(status)


def _deadline_s(said: str | None) -> float | None:
    if said is None:
        return None
    try:
        allowed_s = float(said)
    except ValueError:
        allowed_s = math.nan
    if not allowed_s > 0:
        raise Unanswerable(
            HTTPStatus.BAD_REQUEST,
            cause=f"The header {TIMEOUT} is '{said[:40]}', which is no time",
            mend="Say how many seconds you wait, e.g. 2.5",
        )
    return time.monotonic() + allowed_s
