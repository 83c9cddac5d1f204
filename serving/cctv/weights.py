"""Public weights of detectors: fetched once, checked by SHA-256, kept in the home beside their licence."""

import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from features.atomic import writing
from features.errors import BadInput, HaechiError, UnknownName

_TIMEOUT_S = 30.0
_PIECE_BYTES = 1 << 16
_LICENCE_BYTES = 1 << 17
_RELEASE = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One file of weights that anybody may have.

    Attributes:
        file: its name, here and there.
        url: of its public release.
        licence_url: of the text under which it was released.
        sha256: of the file.
        size_bytes: likewise.
    """

    file: str
    url: str
    licence_url: str
    sha256: str
    size_bytes: int

    @property
    def licence_file(self) -> str:
        """Its name."""
        return f"{Path(self.file).stem}.LICENSE"


KNOWN = {
    "yolox-nano": Weights(
        file="yolox_nano.onnx",
        url=f"{_RELEASE}/yolox_nano.onnx",
        licence_url="https://raw.githubusercontent.com/Megvii-BaseDetection/YOLOX/0.1.1rc0/LICENSE",
        sha256="695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
        size_bytes=3_660_092,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """Weights that are here now.

    Attributes:
        name: of the detector.
        file: where they lie.
        sha256: as pinned, and found.
        licence: where its text lies.
        source: where they came from.
    """

    name: str
    file: Path
    sha256: str
    licence: Path
    source: str


def path_of(name: str, home: Path) -> Path:
    """Where a detector's weights lie once they are here.

    Raises:
        UnknownName: there are none of that name.
    """
    return home / "weights" / _known(name).file


def get(name: str, home: Path, folder: Path | None = None) -> Got:
    """Fetch weights, check them, and keep them; an older file is replaced once the new one is whole and right.

    Args:
        name: of the detector.
        home: HAECHI_HOME.
        folder: where the file lies already, with its licence; None: its public release.

    Raises:
        UnknownName: there are no weights of that name.
        BadInput: they are not in the folder, or are others than those that are pinned; both hashes are said.
        HaechiError: the release cannot be reached.
        StorageFailure: the disk is full.
    """
    wanted = _known(name)
    source = wanted.url if folder is None else str(folder / wanted.file)
    if folder is None:
        content = _downloaded(wanted.url, wanted.size_bytes, wanted.file)
        licence = _downloaded(wanted.licence_url, _LICENCE_BYTES, wanted.file)
    else:
        content, licence = (
            _read(folder / wanted.file, wanted.size_bytes),
            _read(folder / wanted.licence_file, _LICENCE_BYTES),
        )
    found = hashlib.sha256(content).hexdigest()
    if found != wanted.sha256:
        raise BadInput(
            cause=f"{source} is not the file that was released: its SHA-256 is {found}, not {wanted.sha256}",
            mend=f"Fetch {wanted.url} again, or from where you trust; nothing was kept",
        )
    path = path_of(name, home)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = path.with_name(wanted.licence_file)
    # The licence first: weights never lie here without it.
    for file, bytes_ in ((kept, licence), (path, content)):
        with writing(file) as partial:
            partial.write_bytes(bytes_)
    return Got(name=name, file=path, sha256=found, licence=kept, source=source)


def _known(name: str) -> Weights:
    if name not in KNOWN:
        raise UnknownName.among("detector with public weights", name, list(KNOWN))
    return KNOWN[name]


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return _bounded(file.read(most_bytes + 1), most_bytes, str(path))
    except OSError as error:
        raise BadInput(
            cause=f"{path} cannot be read: {error.strerror}",
            mend=f"Name the folder in which {path.name} lies (--from DIR)",
        ) from None


def _downloaded(url: str, most_bytes: int, file: str) -> bytes:
    pieces, size = [], 0
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as reply:  # noqa: S310  # one of our own, https
            while size <= most_bytes and (piece := reply.read(_PIECE_BYTES)):
                pieces.append(piece)
                size += len(piece)
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        why = getattr(error, "reason", None) or error
        raise HaechiError(
            cause=f"{url} cannot be fetched: {why}",
            mend=f"Fetch it on a machine that reaches it, with its LICENSE as {Path(file).stem}.LICENSE beside it, and "
            "run this again with --from DIR",
        ) from None
    return _bounded(b"".join(pieces), most_bytes, url)


def _bounded(content: bytes, most_bytes: int, source: str) -> bytes:
    if len(content) > most_bytes:
        raise BadInput(
            cause=f"{source} is longer than the {most_bytes} bytes that it may have",
            mend="It is not the file that was released: fetch it from where you trust; nothing was kept",
        )
    return content
