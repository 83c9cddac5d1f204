"""Renders a set of scenes into a folder as ``haechi simulate --cameras`` writes one; what is there already stays.

Run from the repository's root: ``python -m experiments.cctv.render FILE.toml DIR [--processes N] [--nice N]``. About
30 ms a frame. The file's SHA-256 stands in the folder (``SCENES.sha256``), which no other file's scenes may then enter.
"""

import argparse
import os
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import polars as pl

from experiments.cctv.frozen import SceneSet
from features.errors import BadInput
from features.simulated.cctv.film import write_films
from features.simulated.cctv.scene import Scene

STAMP = "SCENES.sha256"
_LABEL = {"haechi": "SIMULATED (모의 자료)"}
_PARTS = "parts"


def main() -> None:
    """Render."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--nice", type=int, default=0)
    asked = parser.parse_args()
    os.nice(asked.nice)
    try:
        render(SceneSet.read(asked.file), asked.folder, asked.processes)
    except BadInput as error:
        sys.exit(f"error: {error.cause}\n  fix: {error.mend}")


def render(scenes: SceneSet, folder: Path, processes: int) -> None:
    """Render what is not there yet.

    Args:
        scenes: what is filmed.
        folder: where to; made where it is not there.
        processes: at once.

    Raises:
        BadInput: the folder holds scenes of another file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if check(scenes, folder, new=not any(folder.iterdir())):
        return
    (folder / _PARTS).mkdir(exist_ok=True)
    all_scenes = scenes.scenes()
    waiting = [scene for scene in all_scenes if not (folder / _PARTS / scene.camera_id).is_dir()]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for number, _ in enumerate(pool.map(_film, waiting, [folder] * len(waiting)), start=1):
            sys.stderr.write(f"{number} of {len(waiting)}\n")
    _gather(folder, [scene.camera_id for scene in all_scenes])


def check(scenes: SceneSet, folder: Path, *, new: bool = False) -> bool:
    """Whether a folder holds all of the set's films already.

    Args:
        scenes: that it should hold.
        folder: that is there.
        new: nothing is in it; it becomes the set's.

    Raises:
        BadInput: it holds scenes of another file.
    """
    stamp = folder / STAMP
    if new:
        stamp.write_text(f"{scenes.sha256}\n", encoding="utf-8")
    held = stamp.read_text(encoding="utf-8").strip() if stamp.is_file() else "none"
    if held != scenes.sha256:
        raise BadInput(
            cause=f"{folder} was rendered from another file: {STAMP} says {held:.12}, this file is {scenes.sha256:.12}",
            mend="Name a new folder, or the file that it was rendered from",
        )
    return (folder / "cameras.csv").is_file()


def _film(scene: Scene, folder: Path) -> None:
    """A scene into a folder of its own, which appears only when it is whole."""
    cv2.setNumThreads(1)
    parts = folder / _PARTS
    with tempfile.TemporaryDirectory(dir=parts) as made:
        write_films([scene], Path(made) / "film", lambda: None, _LABEL)
        (Path(made) / "film").rename(parts / scene.camera_id)


def _gather(folder: Path, cameras: list[str]) -> None:
    """All parts into one layout; ``cameras.csv`` comes last and says that it is whole."""
    parts = [folder / _PARTS / camera for camera in cameras]
    pl.concat([pl.read_parquet(part / "boxes.parquet") for part in parts]).write_parquet(
        folder / "boxes.parquet", metadata=_LABEL
    )
    for part in parts:
        for file in (part / f"{part.name}.mp4", part / f"{part.name}.toml"):
            shutil.copyfile(file, folder / file.name)
    for table in ("incidents.csv", "cameras.csv"):
        found = [pl.read_csv(part / table, infer_schema=False) for part in parts]
        pl.concat(found).write_csv(folder / table)
    shutil.rmtree(folder / _PARTS)


if __name__ == "__main__":
    main()
