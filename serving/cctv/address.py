"""Where a camera's pictures are to be had: known, or told anew by a page at each connection."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from serving.cctv.faults import Fault, Unreadable
from serving.cctv.masking import masked

SCHEMES = ("rtsp", "rtsps", "http", "https")
"""Of addresses on a network that are followed."""

_PAGE_S = 4.0
_PAGE_BYTES = 1 << 16


class Address(Protocol):
    """Asked at every connection; its text form holds no secret."""

    def __call__(self) -> str:
        """The address, secrets included.

        Raises:
            Unreadable: nobody tells.
        """
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """An address that stays."""

    secret: str = field(repr=False)

    def __call__(self) -> str:
        """As it is."""
        return self.secret

    def __str__(self) -> str:
        return masked(self.secret)


@dataclass(frozen=True, slots=True)
class Told:
    """An address that expires: a page tells the one that is good now.

    Attributes:
        page: http or https.
        path: into the page's JSON, names and numbers between dots, e.g. ``response.data.0.url``; empty: the address is
            the page's first line.
    """

    page: str = field(repr=False)
    path: str = ""

    def __call__(self) -> str:
        """Ask the page."""
        try:
            body = _fetched(self.page)
            told = _within(json.loads(body), self.path) if self.path else _first_line(body)
        except HTTPError as error:
            error.close()
            raise Unreadable(_HTTP_FAULTS.get(error.code, Fault.NO_ADDRESS)) from None
        except TimeoutError:
            raise Unreadable(Fault.NO_ANSWER) from None
        except URLError as error:
            raise Unreadable(_network_fault(error.reason)) from None
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            # Not JSON, not UTF-8, another shape, a connection that broke: whichever it was, no address came.
            raise Unreadable(Fault.NO_ADDRESS) from None
        if not isinstance(told, str) or told.partition("://")[0].lower() not in SCHEMES:
            raise Unreadable(Fault.NO_ADDRESS)
        return told

    def __str__(self) -> str:
        return f"the address that {masked(self.page)} tells"


_HTTP_FAULTS = {401: Fault.PASSWORD, 403: Fault.PASSWORD, 404: Fault.NOT_FOUND}


def _network_fault(reason: object) -> Fault:
    if isinstance(reason, ConnectionRefusedError):
        return Fault.REFUSED
    if isinstance(reason, TimeoutError):
        return Fault.NO_ANSWER
    return Fault.NO_ADDRESS


def _fetched(page: str) -> bytes:
    """The page, within bounds of size and time; its login goes to nobody that it redirects to."""
    parts = urlsplit(page)
    login, _, host = parts.netloc.rpartition("@")
    asked = request.Request(urlunsplit(parts._replace(netloc=host)), headers={"User-Agent": "haechi"})  # noqa: S310  # only http handlers below
    if login:
        asked.add_unredirected_header("Authorization", f"Basic {base64.b64encode(unquote(login).encode()).decode()}")
    # Not the default opener: that one follows a redirect to ftp, and reads files.
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPRedirectHandler,
        request.HTTPErrorProcessor,
        request.HTTPDefaultErrorHandler,
        request.UnknownHandler,
    ):
        opener.add_handler(handler())
    with opener.open(asked, timeout=_PAGE_S) as answer:
        body: bytes = answer.read(_PAGE_BYTES + 1)
    if len(body) > _PAGE_BYTES:
        raise Unreadable(Fault.NO_ADDRESS)
    return body


def _first_line(body: bytes) -> str:
    return next((line.strip() for line in body.decode("utf-8").splitlines() if line.strip()), "")


def _within(document: Any, path: str) -> Any:
    for step in path.split("."):
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def with_login(address: str, user: str, password: str) -> str:
    """The address with a login in it, whatever letters that has.

    >>> with_login("rtsp://10.0.0.7/1", "viewer", "a/b@c")
    'rtsp://viewer:a%2Fb%40c@10.0.0.7/1'
    """
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"))
