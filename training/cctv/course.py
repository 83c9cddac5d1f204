"""Makes all lessons of a training: rendered in two processes, real clips likewise, each part in a folder of its own."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import active_children, get_context, parent_process
from os import _exit
from pathlib import Path
from typing import Any

import cv2
from rich.progress import Progress

from training.cctv import pseudo, rendered
from training.cctv.clips import camera_of
from training.cctv.footage import Footage
from training.cctv.lessons import Lessons
from training.cctv.recipe import Recipe
from training.cctv.teacher import teacher_of

_SCENES_A_PART = 4
_JUDGED_FROM = 500_000
"""Number of the first scene that is judged by: none that is learned from comes so far."""
_RENDERED, _JUDGED = "/rendered", "/judged"
"""As no camera of a clip is named."""
_WAKES_S = 0.5
_MOST_OF_A_CLIP = 3000
"""Pictures that are learned from, ten minutes of them."""

_Part = tuple[Callable[..., Path], tuple[Any, ...]]
"""What makes a folder of lessons, and of what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is learned from and judged by.

    Attributes:
        rendered: lessons of rendered cameras.
        real: of real clips, which may be none, by their camera.
        judged_rendered: of other rendered cameras.
        judged_real: of a real camera of which nothing is learned; may be none.
        held_out: that camera's name; None where there is none.
    """

    rendered: Sequence[Lessons]
    real: Mapping[str, Sequence[Lessons]] = field(default_factory=dict)
    judged_rendered: Sequence[Lessons] = ()
    judged_real: Sequence[Lessons] = ()
    held_out: str | None = None


def make(
    clips: Sequence[Path], weights: Path | None, recipe: Recipe, seed: int, scratch: Path, bar: Progress
) -> Course:
    """Render and watch all that is learned from.

    Args:
        clips: real ones, which may be none.
        weights: of the teacher, where there are clips.
        recipe: how much.
        seed: of the rendered cameras.
        scratch: a folder that all of it is written into.
        bar: shows what is done and time left.

    Raises:
        BadInput: a clip that cannot be decoded, or weights of another family.
    """
    parts: dict[str, list[_Part]] = {
        _RENDERED: [(_render, (seed, one, scratch)) for one in _parts(0, recipe.scenes)],
        _JUDGED: [(_render, (seed, one, scratch)) for one in _parts(_JUDGED_FROM, recipe.judged_scenes)],
    }
    held_out = None
    if clips and weights is not None:
        # Before two processes fail at the same.
        teacher_of(weights)
        held_out = _held_out(clips, recipe.held_out)
        for number, clip in enumerate(clips):
            parts.setdefault(camera_of(clip), []).extend(
                (_watch, (f"real-{number}-{is_known:d}", clip, weights, is_known, scratch))
                for is_known in (False, True)
            )
    made = _made(parts, bar)
    return Course(
        rendered=made.pop(_RENDERED),
        judged_rendered=made.pop(_JUDGED),
        judged_real=() if held_out is None else made.pop(held_out),
        real=made,
        held_out=held_out,
    )


def scene_numbers(recipe: Recipe) -> list[int]:
    """The scene of each judged rendered lesson's folder, in their order."""
    return [number for part in _parts(_JUDGED_FROM, recipe.judged_scenes) for number in part]


def _held_out(clips: Sequence[Path], asked: str) -> str | None:
    """The camera that is judged by: the one asked for, else that of which there is least; None of one alone."""
    cameras = [camera_of(clip) for clip in clips]
    if asked in cameras:
        return asked
    return min(sorted(set(cameras)), key=cameras.count) if len(set(cameras)) > 1 else None


def _made(parts: dict[str, list[_Part]], bar: Progress) -> dict[str, list[Lessons]]:
    made: dict[str, list[Lessons]] = {}
    with _two_processes() as pool:
        coming = {name: [pool.submit(work, *words) for work, words in one] for name, one in parts.items()}
        task = bar.add_task("making lessons", total=sum(map(len, coming.values())))
        for name, futures in coming.items():
            made[name] = []
            for future in futures:
                # Where another thread is given the signal, Ctrl-C ends no wait that has no end itself.
                while not wait([future], timeout=_WAKES_S).done:
                    continue
                made[name].append(Lessons(future.result()))
                bar.advance(task)
    return made


@contextmanager
def _two_processes() -> Iterator[ProcessPoolExecutor]:
    """Threads do not survive a fork, so they begin anew; whatever ends this one ends them."""
    others = active_children()
    pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=_begin)
    try:
        yield pool
    except BaseException:
        for child in active_children():
            if child not in others:
                child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    # Ctrl-C is for the parent, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        _exit(1)


def _parts(first: int, count: int) -> list[range]:
    return [range(at, min(at + _SCENES_A_PART, first + count)) for at in range(first, first + count, _SCENES_A_PART)]


def _render(seed: int, numbers: range, scratch: Path) -> Path:
    folder = scratch / f"rendered-{numbers.start}"
    scenes = [rendered.scene_of(seed, number) for number in numbers]
    lessons = (lesson for scene in scenes for lesson in rendered.lessons_of(scene))
    Lessons.write(lessons, folder)
    return folder


def _watch(name: str, clip: Path, weights: Path, is_known: bool, scratch: Path) -> Path:
    folder = scratch / name
    footage = Footage.of(clip)
    lessons = pseudo.lessons_of(footage, teacher_of(weights), is_known=is_known)
    Lessons.write(islice(lessons, _MOST_OF_A_CLIP), folder)
    return folder
