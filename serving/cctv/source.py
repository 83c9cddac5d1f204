"""What a camera is, by its address: a live feed on a network, a film, or a folder of pictures."""

import os
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from pathlib import Path
from urllib.parse import urlsplit

from features.errors import BadInput
from serving.cctv.address import SCHEMES, Address, Known, Told
from serving.cctv.masking import masked


class SourceKind(StrEnum):
    """Where pictures come from."""

    RTSP = "rtsp"
    WEB = "web"
    FILM = "film"
    FOLDER = "folder"


class Pace(StrEnum):
    """How fast a film or a folder is played; live feeds have their own pace."""

    REAL = "real"
    MAX = "max"


_MOST = {"rate_fps": 60, "folder_fps": 60, "silence_s": 600, "open_s": 120, "longest_pause_s": 600}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a camera is read.

    Attributes:
        rate_fps: pictures a second that are handed on; what the camera sends beyond is not converted.
        pace: of films and folders. ``real`` drops pictures where the reader is late, as a camera does; ``max`` waits.
        folder_fps: of a folder's pictures, which have no times.
        silence_s: how long a feed may be without a picture until it is lost; None: 4, of HLS (it comes in pieces) 15.
        open_s: how long it may take to answer; None: 4, of HLS 10.
        longest_pause_s: between two tries to reach a lost feed.
    """

    rate_fps: float = 5.0
    pace: Pace = Pace.REAL
    folder_fps: float = 5.0
    silence_s: float | None = None
    open_s: float | None = None
    longest_pause_s: float = 2.0

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and 0 < value <= most):
                raise BadInput(cause=f"{name}={value} is not above 0 and at most {most}", mend=f"Leave {name} out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A camera, before anybody looked.

    Attributes:
        camera: its name.
        kind: where its pictures come from.
        address: tells it, secrets included, at each connection; ``str(address)`` has none.
        reading: how it is read.
    """

    camera: str
    kind: SourceKind
    address: Address
    reading: Reading = field(default_factory=Reading)

    @property
    def is_live(self) -> bool:
        """Whether it goes on for ever, and is gone for who is late."""
        return self.kind in (SourceKind.RTSP, SourceKind.WEB)

    @property
    def waits(self) -> bool:
        """Whether no picture may be lost where the reader is late."""
        return not self.is_live and self.reading.pace is Pace.MAX

    @property
    def silence_s(self) -> float:
        """How long it may be without a picture."""
        return self.reading.silence_s or (15.0 if self.kind is SourceKind.WEB else 4.0)

    @property
    def open_s(self) -> float:
        """How long it may take to answer."""
        return self.reading.open_s or (10.0 if self.kind is SourceKind.WEB else 4.0)


def source_of(
    address: str, *, camera: str | None = None, reading: Reading | None = None, told_by: tuple[str, str] | None = None
) -> Source:
    """The camera behind an address.

    Args:
        address: rtsp, rtsps, http or https URL, ``file:`` URL, or the path of a film or of a folder of pictures; empty
            where a page tells it.
        camera: its name; None: the film's or folder's, or the feed's host and path.
        reading: how it is read.
        told_by: the page that tells its address, and the path into its JSON.

    Raises:
        BadInput: another scheme, no host, a port that is no number, or none at all. Never tells a password.
    """
    reading = reading or Reading()
    if told_by is not None:
        page, within = told_by
        if _checked_scheme(page) not in ("http", "https"):
            raise BadInput(cause=f"address_from={masked(page)} is no http or https address", mend="Name a page")
        # What it will tell is not known yet; a web page's patience does for any of them.
        return Source(camera=camera or masked(page), kind=SourceKind.WEB, address=Told(page, within), reading=reading)
    scheme = _checked_scheme(address)
    if scheme in SCHEMES:
        kind = SourceKind.RTSP if scheme.startswith("rtsp") else SourceKind.WEB
        parts = urlsplit(address)
        name = camera or f"{parts.hostname}{parts.path}"
        return Source(camera=name, kind=kind, address=Known(address), reading=reading)
    path = Path(address.removeprefix("file://") if scheme == "file" else address).expanduser()
    kind = SourceKind.FOLDER if path.is_dir() else SourceKind.FILM
    return Source(camera=camera or path.stem or path.name, kind=kind, address=Known(os.fspath(path)), reading=reading)


def _checked_scheme(address: str) -> str:
    """The scheme of an address that can be followed; empty of a path."""
    scheme, found, _ = address.partition("://")
    if not found:
        if not address or "\0" in address:
            raise BadInput(cause="A camera's address is empty or has a NUL in it", mend="Name a film or a URL")
        return ""
    scheme = scheme.lower()
    if scheme not in (*SCHEMES, "file"):
        raise BadInput(
            cause=f"{masked(address)}: cameras are not reached by '{scheme[:20]}'",
            mend="Use rtsp, rtsps, http, https, or the path of a film or of a folder of pictures",
        )
    if scheme != "file" and (not _has_host(address) or masked(address).endswith("://***")):
        raise BadInput(
            cause=f"{masked(address)} names no host, or a port that is no number",
            mend="Write scheme://host:port/path, and percent-encode / ? # @ : in a password, or use password_env",
        )
    return scheme


def _has_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0) and address.isprintable()
    except ValueError:
        return False
