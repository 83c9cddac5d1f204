"""What the detector learns from: views with their boxes, kept on the disk, a few of them in memory at a time."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from features.cctv.kinds import KINDS
from features.cctv.view import View

Views = npt.NDArray[np.uint8]

CHANNELS = 5
"""Blue, green, red, slow difference, fast difference."""

_MOST_RARE, _FEW = 6.0, 50
_VIEWS, _TARGETS = "views.bin", "targets.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A box that is to be found.

    Attributes:
        xyxy_px: left, top, right, bottom.
        kind: number in ``KINDS``.
        counts: False where nobody knows for sure: neither finding it nor missing it is then wrong.
    """

    xyxy_px: tuple[float, float, float, float]
    kind: int
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One view, and what is to be found in it."""

    view: View
    targets: list[Target]


class Lessons:
    """Lessons of one size, in a folder.

    Attributes:
        targets: (target, 7), lesson, left, top, right, bottom, kind, counts; by lesson.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _VIEWS
        with np.load(folder / _TARGETS) as kept:
            self._shape = tuple(kept["shape"].tolist())
            self._count = int(kept["count"])
            self.targets: npt.NDArray[np.float32] = kept["targets"]
        self._starts = np.searchsorted(self.targets[:, 0], np.arange(self._count + 1))

    def __len__(self) -> int:
        return self._count

    def views(self, number: int) -> Views:
        """(height, width, 5) of a lesson: read anew each time, as all of them are more than memory should hold."""
        size = math.prod(self._shape)
        return np.fromfile(self._path, np.uint8, count=size, offset=number * size).reshape(self._shape)

    def targets_of(self, number: int) -> npt.NDArray[np.float32]:
        """(target, 6): left, top, right, bottom, kind, counts."""
        return self.targets[self._starts[number] : self._starts[number + 1], 1:]

    @classmethod
    def write(cls, lessons: Iterable[Lesson], folder: Path) -> Self:
        """Keep lessons as they come.

        Args:
            lessons: of pictures of one size.
            folder: is made.
        """
        folder.mkdir(parents=True)
        rows: list[tuple[float, ...]] = []
        count, shape = 0, (0, 0, CHANNELS)
        with (folder / _VIEWS).open("wb") as file:
            for lesson in lessons:
                views = _stacked(lesson.view)
                shape = views.shape
                file.write(views.tobytes())
                rows += [(count, *one.xyxy_px, one.kind, one.counts) for one in lesson.targets]
                count += 1
        np.savez(folder / _TARGETS, targets=np.array(rows, dtype=np.float32).reshape(-1, 7), count=count, shape=shape)
        return cls(folder)


def rarity(lessons: Sequence[Lessons]) -> npt.NDArray[np.float32]:
    """(kind,): how much more a box of each kind is to weigh than one of the commonest, 1 to ``_MOST_RARE``.

    The root of how much rarer it is: rare kinds are learned within the same hour, common ones not forgotten.
    """
    found = np.concatenate([one.targets for one in lessons])
    counts = np.bincount(found[found[:, 6] > 0, 5].astype(np.int64), minlength=len(KINDS))
    rarer = counts.max(initial=1) / np.maximum(counts, 1)
    # Of a kind that hardly ever comes nothing is learned, and nothing is to be weighed.
    return np.where(counts >= _FEW, np.sqrt(rarer).clip(1, _MOST_RARE), 1.0).astype(np.float32)


def _stacked(view: View) -> Views:
    """(height, width, 5): a view's channels in the graph's order."""
    return np.dstack([view.picture, view.slow_difference, view.fast_difference])
