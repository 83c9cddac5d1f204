"""Films and what is known of them, from a folder: rendered cameras, films annotated in CVAT, or films alone."""

import re
from pathlib import Path

from features.errors import BadInput
from training.cctv.cvat import read_tracks
from training.cctv.rendered_truth import LISTING, read_rendered
from training.cctv.truth import Film

_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov")
_DAY_H, _DUSK_H = range(8, 18), (6, 7, 18, 19)
_WHEN = re.compile(r"20\d\d-?[01]\d-?[0-3]\d[_T-]?([0-2]\d)-?[0-5]\d")
"""Date and hour as cameras' files are named by them: 201709042131, 2019-06-28_13-02."""


def read_films(folder: Path) -> list[Film]:
    """All films of a folder.

    Args:
        folder: what ``haechi simulate --cameras`` wrote or its ``cameras`` folder; films each with a CVAT-for-video 1.1
            file (``.zip``) of the same name beside it, or without; ``NAME.toml`` beside a film holds its zones.

    Raises:
        BadInput: no folder, no film in it, or an annotation that cannot be read; names the file.
    """
    if not folder.is_dir():
        raise BadInput(cause=f"{folder} is not a folder", mend="Name the folder in which the films lie")
    for at in (folder, folder / "cameras"):
        if (at / LISTING).is_file():
            return read_rendered(at)
    films = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    if not films:
        raise BadInput(
            cause=f"There is no film in {folder}",
            mend=f"Name a folder with {', '.join(_SUFFIXES)}, or what `haechi simulate --cameras` wrote",
        )
    return [_real(path) for path in films]


def light_by_name(name: str) -> str:
    """Day, dusk or night by an hour in a name; ``light unknown`` without one.

    >>> light_by_name("625_201709042131"), light_by_name("front door")
    ('night', 'light unknown')
    """
    found = _WHEN.search(name)
    if found is None:
        return "light unknown"
    hour = int(found[1])
    return "day" if hour in _DAY_H else "dusk" if hour in _DUSK_H else "night"


def _real(path: Path) -> Film:
    zones, annotation = path.with_suffix(".toml"), path.with_suffix(".zip")
    tracks = read_tracks(annotation) if annotation.is_file() else None
    return Film(
        camera=path.stem,
        path=path,
        rendered=False,
        light=light_by_name(path.stem if tracks is None else f"{path.stem} {tracks.source}"),
        size_wh_px=None if tracks is None else tracks.size_wh_px,
        zones=zones if zones.is_file() else None,
        frames=None if tracks is None else tracks.frames,
    )
