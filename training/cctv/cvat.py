"""Annotations of a film as CVAT exports them: ``CVAT for video 1.1``, a zip with ``annotations.xml`` in it."""

import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from features.cctv.kinds import KINDS, UserKind
from features.errors import BadInput
from training.cctv.truth import TrueFrame

_MEMBER = "annotations.xml"
_MOST_BYTES = 256 * 2**20
_VEHICLE = "vehicle"
_SIDES = ("xtl", "ytl", "xbr", "ybr")
_Row = tuple[int, int, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """An annotated film.

    Attributes:
        source: the file that was annotated.
        size_wh_px: of its pictures.
        frames: who is in each frame that anybody is in; a vehicle whose type is not told is a car.
    """

    source: str
    size_wh_px: tuple[int, int]
    frames: dict[int, TrueFrame]


def read_tracks(path: Path) -> Tracks:
    """Read an export.

    Args:
        path: of the zip.

    Raises:
        BadInput: no such zip, or what is in it is something else; names the file and the track.
    """
    root = _root(path)
    if root.findtext("version") != "1.1" or root.find("meta/task") is None:
        raise _refused(path, f"version {root.findtext('version')!r} of {root.tag!r}, or images rather than a film")
    rows: dict[int, list[_Row]] = defaultdict(list)
    try:
        for track in root.iter("track"):
            _take(track, rows)
        size = tuple(int(root.findtext(f"meta/task/original_size/{side}") or "") for side in ("width", "height"))
    except (KeyError, ValueError) as error:
        raise _refused(path, f"a number that is missing or is none ({error})") from None
    return Tracks(
        source=root.findtext("meta/source") or "",
        size_wh_px=(size[0], size[1]),
        frames={number: _frame(found) for number, found in rows.items()},
    )


def _root(path: Path) -> ElementTree.Element:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(_MEMBER).file_size > _MOST_BYTES:
                raise _refused(path, f"an {_MEMBER} of more than {_MOST_BYTES // 2**20} MiB")
            content = archive.read(_MEMBER)
        # Expat by itself refuses entities that grow without measure.
        return ElementTree.fromstring(content)  # noqa: S314
    except KeyError:
        raise _refused(path, f"no {_MEMBER}") from None
    except (zipfile.BadZipFile, ElementTree.ParseError, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise _refused(path, str(error)) from None


def _refused(path: Path, found: str) -> BadInput:
    return BadInput(
        cause=f"{path} is no annotation of a film: {found}",
        mend="Export the task from CVAT as 'CVAT for video 1.1', or take the file away",
    )


def _take(track: ElementTree.Element, rows: dict[int, list[_Row]]) -> None:
    number, label = int(track.attrib["id"]), track.attrib["label"].lower()
    for box in track.iter("box"):
        if box.attrib["outside"] != "1":
            sides = tuple(float(box.attrib[side]) for side in _SIDES)
            rows[int(box.attrib["frame"])].append((number, _kind(label, box), sides))


def _kind(label: str, box: ElementTree.Element) -> int:
    told = [label, *(one.text or "" for one in box.iter("attribute") if one.attrib["name"] == "type")]
    kinds = {str(kind): at for at, kind in enumerate(KINDS)}
    known = [kinds[word] for word in reversed(told) if word in kinds]
    if not known and label != _VEHICLE:
        raise ValueError(f"label {label!r} is none of {_VEHICLE}, {', '.join(kinds)}")
    return known[0] if known else KINDS.index(UserKind.CAR)


def _frame(rows: list[_Row]) -> TrueFrame:
    return TrueFrame(
        track_id=np.array([row[0] for row in rows], np.int64),
        kind=np.array([row[1] for row in rows], np.int8),
        xyxy_px=np.array([row[2] for row in rows], np.float32),
        counts=np.ones(len(rows), bool),
    )
