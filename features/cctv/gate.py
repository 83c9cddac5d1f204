"""Where a detector looks now: at everything, closer at a part, or nowhere.

A look costs most of what a camera costs, so few are spent where nothing happens.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.view import Picture
from features.errors import BadInput

Region = tuple[int, int, int, int]
"""Left, top, right and bottom, pixels."""


class Look(NamedTuple):
    """One look.

    Attributes:
        region: where.
        closer: whether it is a second one, closer than that at everything.
    """

    region: Region
    closer: bool


_SLACK_S = 0.02
"""By which pictures come early or late."""
_MARGIN_PX = 8
"""Around what moves."""
_LEAST_MOVING_PX = 20
"""Pixels that must move for something to happen."""
_SMALL_SHARE = 0.12
"""Of the picture's width: what is smaller is worth a closer look."""
_AGAIN_S = 2.0
"""After which a closer look at a part is as good as a first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateConfig:
    """How often a detector looks.

    Attributes:
        full_s: between two looks at everything while anything moves; what stands is seen by them too.
        quiet_s: likewise while nothing moves.
        part_s: between two looks at what moves alone, for a detector that takes less time for less picture; 0: none.
        close_s: between two closer looks at a part, for a detector that makes every picture equally large; 0: none.
        slow_s: between two looks at the slow background, in which only what has stopped is left; 0: none.
        close_share: width and height of that part, as a share of the picture's.
    """

    full_s: float = 0.4
    quiet_s: float = 2.0
    part_s: float = 0.0
    close_s: float = 0.0
    slow_s: float = 5.0
    close_share: float = 0.6

    def __post_init__(self) -> None:
        if not 0 <= self.full_s <= self.quiet_s:
            raise BadInput(
                cause=f"full_s={self.full_s} is not within 0 and quiet_s={self.quiet_s}",
                mend="Look no seldomer while something moves than while nothing does, e.g. 0.4 and 2",
            )
        if not 0.2 <= self.close_share < 1:
            raise BadInput(
                cause=f"close_share={self.close_share} is no part of a picture that is worth a look",
                mend="Give a share from 0.2 to below 1, e.g. 0.6",
            )


class Gate:
    """Before one camera.

    Args:
        size_wh_px: of its pictures.
        config: how often it lets a detector look.
    """

    def __init__(self, size_wh_px: tuple[int, int], config: GateConfig) -> None:
        self.config = config
        self._size_wh_px = size_wh_px
        self._full_s = self._part_s = self._close_s = -np.inf
        self._slow_s: float | None = None
        self._windows = _windows(size_wh_px, config.close_share)
        self._window_s = np.full(len(self._windows), -np.inf)

    def looks(self, moving: Picture, held_px: npt.NDArray[np.float32], time_s: float) -> list[Look]:
        """Where to look now.

        Args:
            moving: (height, width), not 0 where something moves.
            held_px: (n, 4), boxes of who is held to be there.
            time_s: of the picture.

        Returns:
            No look, one or two.
        """
        config, happens = self.config, cv2.countNonZero(moving) >= _LEAST_MOVING_PX
        found: list[Look] = []
        if _due(self._full_s, config.full_s if happens else config.quiet_s, time_s):
            self._full_s = self._part_s = time_s
            found.append(Look((0, 0, *self._size_wh_px), closer=False))
        elif happens and config.part_s and _due(self._part_s, config.part_s, time_s):
            self._part_s = time_s
            found.append(Look(self._around(moving), closer=False))
        if happens and config.close_s and _due(self._close_s, config.close_s, time_s):
            self._close_s = time_s
            found.append(Look(self._closer(moving, held_px, time_s), closer=True))
        return found

    def looks_at_background(self, time_s: float) -> bool:
        """Whether to look at the slow background with this picture; at first it is but the first picture."""
        if self._slow_s is None:
            self._slow_s = time_s
        if not self.config.slow_s or not _due(self._slow_s, self.config.slow_s, time_s):
            return False
        self._slow_s = time_s
        return True

    def _around(self, moving: Picture) -> Region:
        left, top, width, height = cv2.boundingRect(moving)
        right, bottom = self._size_wh_px
        return (
            max(left - _MARGIN_PX, 0),
            max(top - _MARGIN_PX, 0),
            min(left + width + _MARGIN_PX, right),
            min(top + height + _MARGIN_PX, bottom),
        )

    def _closer(self, moving: Picture, held_px: npt.NDArray[np.float32], time_s: float) -> Region:
        """The part in which most is small or moves, and that was not looked at of late."""
        middle, size = (held_px[:, :2] + held_px[:, 2:]) / 2, (held_px[:, 2:] - held_px[:, :2]).max(axis=1, initial=0)
        small = size < _SMALL_SHARE * self._size_wh_px[0]
        worth = np.empty(len(self._windows))
        for number, (left, top, right, bottom) in enumerate(self._windows):
            inside = ((middle > (left, top)) & (middle < (right, bottom))).all(axis=1)
            moves = cv2.countNonZero(moving[top:bottom, left:right]) / (_MARGIN_PX**2 * 4)
            worth[number] = 1 + np.count_nonzero(inside & small) + np.sqrt(moves)
        worth *= np.minimum((time_s - self._window_s) / _AGAIN_S, 1)
        best = int(worth.argmax())
        self._window_s[best] = time_s
        return self._windows[best]


def _due(last_s: float, every_s: float, time_s: float) -> bool:
    return time_s - last_s >= every_s - _SLACK_S


def _windows(size_wh_px: tuple[int, int], share: float) -> list[Region]:
    """Parts of one size that cover the picture, each overlapping the next by half or more."""
    width, height = (round(side * share) for side in size_wh_px)
    count = int(np.ceil(2 / share)) - 1
    lefts = np.linspace(0, size_wh_px[0] - width, count).astype(int).tolist()
    tops = np.linspace(0, size_wh_px[1] - height, count).astype(int).tolist()
    return [(left, top, left + width, top + height) for top in tops for left in lefts]
