"""Real clips to learn from: which there are, and whose."""

from pathlib import Path

from features.console import note
from features.errors import BadInput

_ENDINGS = {".mp4", ".avi", ".mkv", ".mov"}
_ANNOTATED = (".zip", ".xml")
"""Beside a clip: somebody has said what is in it, and it is there to judge by."""


def clips_in(folders: tuple[Path, ...]) -> list[Path]:
    """Every clip in some folders and below that nobody has annotated, sorted.

    Raises:
        BadInput: there is none.
    """
    found = sorted(
        path
        for folder in folders
        for path in ([folder] if folder.is_file() else folder.rglob("*"))
        if path.suffix.lower() in _ENDINGS
    )
    judged = [path for path in found if any(path.with_suffix(ending).exists() for ending in _ANNOTATED)]
    if judged:
        note(f"{len(judged)} annotated clips are left to be judged by")
    kept = [path for path in found if path not in judged]
    if not kept:
        raise BadInput(
            cause=f"No clip to learn from in {', '.join(map(str, folders))}",
            mend=f"Give --data a folder of clips ({', '.join(sorted(_ENDINGS))}) without annotations beside them",
        )
    return kept


def camera_of(clip: Path) -> str:
    """Which camera took a clip: what its name begins with.

    >>> camera_of(Path("625_201709041716.mp4"))
    '625'
    """
    return clip.stem.split("_")[0]
