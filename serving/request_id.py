"""The name of one call, under which its caller and whoever runs the server speak of it."""

import itertools
import re
import secrets

REQUEST_ID = "x-request-id"
"""The metadata in which a caller names its call, and a reply says under which name it was logged."""

# It goes into logs: no space, no quote, no line end, and no longer than a UUID with a few words before it.
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_PROCESS = secrets.token_hex(4)
_NUMBERS = itertools.count(1)


def request_id(said: object) -> str:
    r"""The id that a caller said, where it is well-formed, else one of our own.

    >>> request_id("room-7"), request_id("a\nb") != "a\nb"
    ('room-7', True)
    """
    if isinstance(said, str) and _WELL_FORMED.fullmatch(said):
        return said
    return f"{_PROCESS}-{next(_NUMBERS):x}"
