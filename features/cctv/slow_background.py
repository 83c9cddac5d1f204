"""What stands still before a camera: begun by the median of the first pictures, and slow to learn ever after."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from features.cctv.difference import FloatArray, exposure, reach
from features.cctv.view import Picture
from features.errors import BadInput

_SAME = 0.01
"""Change of the exposure that is noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowConfig:
    """How fast it learns.

    Attributes:
        learns_s: time constant where nothing is.
        standing_s: likewise where something stands, which is to stay seen for minutes.
        samples: pictures whose median begins it, an odd number.
        sample_s: between two of them, at least.
        learn_s: between two steps after that, at least.
    """

    learns_s: float = 60.0
    standing_s: float = 600.0
    samples: int = 15
    sample_s: float = 0.4
    learn_s: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.learns_s <= self.standing_s:
            raise BadInput(
                cause=f"learns_s={self.learns_s} is not within 0 and standing_s={self.standing_s}",
                mend="Let what stands be learned last, e.g. 60 and 600",
            )
        if self.samples % 2 == 0:
            raise BadInput(cause=f"samples={self.samples} has no middle one", mend="Take an odd number, e.g. 15")


class SlowBackground:
    """One camera's.

    Args:
        first: (height, width, 3), the first picture.
        time_s: when it was taken.
        config: how fast it learns.
    """

    def __init__(self, first: Picture, time_s: float, config: SlowConfig) -> None:
        self.config = config
        self._began_s = self._learned_s = self._stood_s = time_s
        self._sorted: list[Picture] = [first.copy()]
        self._begins = True
        self._values: FloatArray = first.astype(np.float32)
        self.reach = reach(self._values)

    @property
    def picture(self) -> Picture:
        """(height, width, 3), as the camera would show it now."""
        return np.asarray(cv2.convertScaleAbs(self._values), np.uint8)

    def expose(self, picture: Picture) -> None:
        """Make it as bright as a picture is."""
        ratio = exposure(picture, self._values)
        if abs(ratio - 1) > _SAME:
            self._values *= np.float32(ratio)
            self.reach = reach(self._values)

    def learn(self, picture: Picture, moving: Picture, standing: Picture, time_s: float) -> None:
        """Take in a picture, if it is time to.

        Args:
            picture: (height, width, 3).
            moving: (height, width), not 0 where something moves, of which nothing is learned.
            standing: likewise, where something stands.
            time_s: when it was taken.
        """
        if self._begins:
            self._sample(picture, time_s)
            return
        since_s = time_s - self._learned_s
        if since_s < self.config.learn_s:
            return
        self._learned_s = time_s
        # After a minute every second of the last one counts alike; before that, every second since the beginning.
        known_s = min(self.config.learns_s, time_s - self._began_s)
        still = cv2.bitwise_not(cv2.bitwise_or(moving, standing))
        cv2.accumulateWeighted(picture, self._values, _weight(since_s, known_s), still)
        if time_s - self._stood_s > self.config.learns_s / 10:
            stands = cv2.bitwise_and(standing, cv2.bitwise_not(moving))
            cv2.accumulateWeighted(
                picture, self._values, _weight(time_s - self._stood_s, self.config.standing_s), stands
            )
            self._stood_s = time_s
        self.reach = reach(self._values)

    def replace(self, part: tuple[slice, slice], picture: Picture) -> None:
        """Learn a part of a picture at once."""
        self._values[part] = picture[part]
        for sample in self._sorted:
            sample[part] = picture[part]
        self.reach = reach(self._values)

    def _sample(self, picture: Picture, time_s: float) -> None:
        # The first second's pictures all count: a background is wanted soon.
        wait_s = self.config.sample_s if time_s - self._began_s > 1 else self.config.sample_s / 3
        if time_s - self._learned_s < wait_s:
            return
        self._learned_s = time_s
        carried = picture
        # Each pixel's values stay sorted: the new one sinks to its place, and the median lies in the middle.
        for place, sample in enumerate(self._sorted):
            self._sorted[place], carried = np.minimum(sample, carried), np.maximum(sample, carried)
        self._sorted.append(carried)
        count = len(self._sorted)
        middle = cv2.addWeighted(self._sorted[(count - 1) // 2], 0.5, self._sorted[count // 2], 0.5, 0)
        self._values = middle.astype(np.float32)
        self.reach = reach(self._values)
        if count == self.config.samples:
            self._begins, self._sorted = False, []


def _weight(since_s: float, known_s: float) -> float:
    """Of a picture after so many seconds without one, where so many seconds are remembered."""
    return 1 - math.exp(-since_s / max(known_s, since_s, 1e-3))
