"""What is to be watched: cameras by name, each with the zones that are its own."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from features.errors import BadInput
from serving.seen.logs import LogFormat

_NAMED = re.compile(r"([A-Za-z0-9._-]{1,64})=(.+)", re.DOTALL)
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 64
_SIMULATED = "# SIMULATED"
"""How the first line of a rendered camera's zones begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One camera to watch.

    Attributes:
        name: letters, digits, dot, dash and underline: it names files too.
        address: a file, a folder or a URL, with its secrets: never to be shown.
        zones: its own file; None: the carriageway is learned.
        film: where its annotated film goes; None: nowhere.
        simulated: it is a rendered one.
        is_live: it goes on for as long as somebody watches; a film comes to its end.
        numbered: incidents of it that have numbers already, where its worker died and another goes on.
    """

    name: str
    address: str
    zones: Path | None = None
    film: Path | None = None
    simulated: bool = False
    is_live: bool = False
    numbered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchConfig:
    """How every camera is watched.

    Attributes:
        detector: a name of ``serving/cctv/detectors.py``, or a file.
        home: HAECHI_HOME, where weights lie.
        fps: pictures a second that are looked at.
        at_once: whether films are read as fast as can be, in place of as fast as they were made.
        since: when the first picture of each camera was taken; None: as it is read.
        snapshots: folder of them; None: none are kept.
        preview: whether somebody looks at the pictures meanwhile.
        log_format: lines that are logged: ``text`` or ``json``.
    """

    detector: str
    home: Path
    fps: float = 5.0
    at_once: bool = False
    since: datetime | None = None
    snapshots: Path | None = None
    preview: bool = False
    log_format: LogFormat = "text"

    def __post_init__(self) -> None:
        if not 0.2 <= self.fps <= 60:
            raise BadInput(
                cause=f"fps={self.fps} is no rate to watch at", mend="Use 0.2 to 60 pictures a second, e.g. 5"
            )


def sights(
    cameras: Sequence[str], zones: Sequence[Path], film: Path | None = None, *, exercise: bool = False
) -> list[Sight]:
    """The cameras that are asked for, each with its zones.

    Args:
        cameras: addresses, ``NAME=ADDRESS`` where the name is not to be the address's own.
        zones: files; one that names a camera is that camera's, the others go to those left, in their order.
        film: of the one camera; of several, each has its own name in it.
        exercise: mark all as simulated.

    Raises:
        BadInput: there is no camera, or a zones file is nobody's, or cannot be read.
    """
    if not cameras:
        raise BadInput(cause="There is no camera to watch", mend="Name one or more: --camera FILE or --camera URL")
    named = _distinct([_named(text) for text in cameras])
    own = _matched([name for name, _ in named], zones)
    for name, address in named:
        # A camera's own file may hold its zones too.
        if name not in own and is_camera_file(address) and (file := _read(Path(address))).has_zones:
            own[name] = file
    return [
        Sight(
            name=name,
            address=address,
            zones=own[name].path if name in own else None,
            film=film if film is None or len(named) == 1 else film.with_name(f"{film.stem}-{name}{film.suffix}"),
            simulated=exercise or (name in own and own[name].simulated),
            is_live=_is_live(_read(Path(address)).address if is_camera_file(address) else address),
        )
        for name, address in named
    ]


def is_camera_file(address: str) -> bool:
    """Whether it is a camera's own file, which says where its pictures are (``serving/cctv/camera_file.py``)."""
    return address.endswith(".toml") and "://" not in address


def _named(text: str) -> tuple[str, str]:
    """Name and address of a camera."""
    found = _NAMED.fullmatch(text)
    if found is not None and not Path(text).exists():
        return found[1], found[2]
    if is_camera_file(text):
        plain = _read(Path(text)).camera or Path(text).stem
    elif "://" in text:
        parts = urlsplit(text)
        # Never with what stands before the host, or behind the path: there are the secrets.
        plain = f"{parts.hostname or 'camera'}{parts.path}"
    else:
        plain = Path(text).stem or "camera"
    return _UNFIT.sub("-", plain).strip("-.")[:_LONGEST_NAME] or "camera", text


def _is_live(address: str) -> bool:
    return "://" in address and not address.startswith("file:")


def _distinct(named: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for name, address in named:
        number, own = 2, name
        while own in found:
            number, own = number + 1, f"{name[: _LONGEST_NAME - 4]}-{number}"
        found[own] = address
    return list(found.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    camera: str
    address: str
    has_zones: bool
    simulated: bool


def _matched(names: Sequence[str], zones: Sequence[Path]) -> dict[str, _File]:
    """Zones by camera."""
    files = [_read(path) for path in zones]
    found: dict[str, _File] = {}
    others = []
    for file in files:
        if file.camera in names and file.camera not in found:
            found[file.camera] = file
        else:
            others.append(file)
    left = [name for name in names if name not in found]
    if len(others) > len(left):
        raise BadInput(
            cause=f"{others[len(left)].path} is no camera's zones: there are more files than cameras",
            mend=f"Give each of {', '.join(names[:10])} one --zones FILE at most",
        )
    return found | dict(zip(left, others, strict=False))


def _read(path: Path) -> _File:
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # The parser's own words quote the line, which may hold a password.
        why = error.strerror if isinstance(error, OSError) else "it is no TOML in UTF-8"
        raise BadInput(
            cause=f"{path} cannot be read: {why}", mend="Give a TOML file as `haechi simulate --cameras 1` writes it"
        ) from None
    source = table.get("source", {})
    return _File(
        path=path,
        # Of a page that tells it: it may hold a secret, and stays here.
        address=str(source.get("address", source.get("address_from", ""))) if isinstance(source, dict) else "",
        camera=str(table.get("camera", "")),
        has_zones="zone" in table,
        simulated=text.startswith(_SIMULATED),
    )
