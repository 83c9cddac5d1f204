"""A camera's address as it may be shown: whoever reads a log learns where the camera is, not how to get in."""

import re

_HIDDEN = "***"
# What somebody meant as rtsp://user:password@host, without the scheme.
_LOGIN = re.compile(r"^[^/\\]*:.*@")


def masked(address: str) -> str:
    """An address without login, without the values of its query, without its fragment.

    What cannot be taken apart with certainty is hidden altogether: a password with a slash in it looks like a path.

    >>> masked("rtsp://viewer:s3cret@10.0.0.7:554/1?token=abc&profile=2")
    'rtsp://***@10.0.0.7:554/1?token=***&profile=***'
    >>> masked("rtsp://viewer:s3/cret@10.0.0.7/1")
    'rtsp://***'
    >>> masked("films/a-01.mp4")
    'films/a-01.mp4'
    """
    scheme, found, rest = address.partition("://")
    if not found:
        return _LOGIN.sub(f"{_HIDDEN}@", address)
    authority, mark, tail = re.match(r"([^/?#]*)([/?#]?)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]  # always matches
    login, at, host = authority.rpartition("@")
    if "@" in tail or not re.fullmatch(r"(\[[0-9A-Fa-f:.%]*\]|[^:]*)(:\d*)?", host):
        return f"{scheme}://{_HIDDEN}"
    path, question, query = (mark + tail).partition("#")[0].partition("?")
    return f"{scheme}://{_HIDDEN + at if login or at else ''}{host}{path}{question}{_without_values(query)}"


def _without_values(query: str) -> str:
    if not query:
        return ""
    return "&".join(f"{part.partition('=')[0]}={_HIDDEN}" if "=" in part else _HIDDEN for part in query.split("&"))
