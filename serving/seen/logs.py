"""Logs: a line of text for people or of JSON for machines, with the id of the call that it speaks of.

No line holds a token, or what a caller sent.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Literal

import grpc

from serving.call import UNDER_WAY, Call
from serving.guard import Ended

LogFormat = Literal["text", "json"]

_LOG = logging.getLogger("haechi.serving")
# Under this name a record carries what a line of JSON says beside the fields of every line.
_MORE = "haechi"


def set_up(log_format: LogFormat) -> None:
    """Log to stderr from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(log_format))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def formatter(log_format: LogFormat) -> logging.Formatter:
    """What makes a line of a record."""
    return _Json() if log_format == "json" else _Text("%(asctime)s %(levelname)s %(message)s")


class Slow:
    """Logs calls that took long, on the thread of the call.

    Args:
        slow_ms: from how many milliseconds on; 0 logs every call.
    """

    def __init__(self, slow_ms: float) -> None:
        self._slow_s = slow_ms / 1000

    def ended(self, ended: Ended) -> None:
        """Log the call if it was slow."""
        # A stream that its caller left may have been open for long, which is not slow.
        if ended.took_s < self._slow_s or ended.code is grpc.StatusCode.CANCELLED:
            return
        call = ended.call
        told = {
            "method": call.method,
            "model": call.model,
            "caller": call.caller.name,
            "code": ended.code.name,
            "took_ms": round(ended.took_s * 1000, 3),
            "allowed_ms": _allowed_ms(call, ended.took_s),
        }
        line = " ".join(f"{name}={_quoted(value)}" for name, value in told.items())
        _LOG.warning("slow call: %s", line, extra={_MORE: told})


class _Text(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        call, text = UNDER_WAY.get(), super().formatMessage(record)
        return text if call is None else f"{text} request_id={call.request_id}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        document = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        call = UNDER_WAY.get()
        if call is not None:
            document["request_id"] = call.request_id
        document |= getattr(record, _MORE, {})
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False)


def _allowed_ms(call: Call, took_s: float) -> float | None:
    """How long the caller would have waited; None: for ever."""
    if call.deadline_s is None:
        return None
    return round((call.deadline_s - time.monotonic() + took_s) * 1000, 3)


def _quoted(value: object) -> str:
    """As JSON writes it: a caller's name holds no line end that would look like a line of ours."""
    return json.dumps(value, ensure_ascii=False)
