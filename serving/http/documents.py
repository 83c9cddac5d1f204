"""JSON that strangers send: decompressed within a bound, parsed strictly, and refused with the place that is wrong."""

import json
import zlib
from collections import Counter
from http import HTTPStatus
from typing import Any

from features.errors import BadInput
from serving.http.reply import Unanswerable

MOST_JSON_BYTES = 8 << 20
"""JSON beyond that is refused: parsing it would hold up every other call, and numbers travel better as bytes."""

_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def uncompressed(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """A body as it was before its ``Content-Encoding``.

    Raises:
        Unanswerable: an encoding that is not known here, or more than ``most_bytes`` come out.
        BadInput: it is not what it is said to be.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in _WINDOWS:
        raise Unanswerable(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            cause=f"The Content-Encoding '{encoding[:40]}' is not known here",
            mend="Send gzip, deflate, or the body as it is",
        )
    reader = zlib.decompressobj(_WINDOWS[encoding])
    try:
        out = reader.decompress(body, most_bytes + 1)
    except zlib.error:
        raise BadInput(cause=f"The body is not {encoding}, as its header says", mend="Compress it again") from None
    if len(out) > most_bytes:
        raise too_large(most_bytes, "The decompressed body")
    if not reader.eof or reader.unused_data:
        raise BadInput(cause=f"The body is not one whole {encoding} stream", mend="Send all of it, and nothing after")
    return out


def too_large(most_bytes: int, what: str = "The body") -> Unanswerable:
    """The refusal of a body that is larger than ``most_bytes``."""
    return Unanswerable(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        cause=f"{what} is larger than {most_bytes} bytes",
        mend="Ask for fewer entities at once, or raise HAECHI_MAX_MESSAGE_MIB at the server",
    )


def parsed(text: bytes) -> dict[str, Any]:
    """The JSON object that a body is; empty where the body is.

    Raises:
        BadInput: it is none (RFC 8259): says where.
        Unanswerable: it is larger than ``MOST_JSON_BYTES``.
    """
    if len(text) > MOST_JSON_BYTES:
        raise Unanswerable(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            cause=f"{len(text)} bytes of JSON are more than the {MOST_JSON_BYTES} that are read",
            mend="Send the numbers as binary tensors (Inference-Header-Content-Length), or over gRPC",
        )
    try:
        document = json.loads(text.decode() or "{}", parse_constant=_no_number, object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise BadInput(cause=f"The JSON is not UTF-8 at byte {error.start}", mend="Send it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadInput(
            cause=f"The body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}", mend="Mend it there"
        ) from None
    except RecursionError:
        raise BadInput(cause="The JSON is nested too deep", mend="Nest data no deeper than the shape") from None
    except ValueError:
        # Python refuses to read numbers of thousands of digits, which takes a time that grows with their square.
        raise BadInput(cause="The JSON holds a number of too many digits", mend="Send numbers of its type") from None
    if not isinstance(document, dict):
        raise BadInput(cause="The body is JSON, but no object", mend='Send an object, e.g. {"inputs": []}')
    return document


def _no_number(name: str) -> None:
    raise BadInput(
        cause=f"{name} is no JSON number",
        mend="Send the tensor as binary, which has one; or what the model takes for missing",
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise BadInput(cause=f"The JSON has '{twice[:100]}' twice in one object", mend="Send every field once")
    return found
