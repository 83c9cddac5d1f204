"""Which way each drawn carriageway is driven, learned from those who drive there."""

from collections import defaultdict

import numpy as np

from features.cctv.tracks import FloatArray

_KEPT = 60
"""Latest drivers of a zone, whose directions are kept."""


class Ways:
    """Directions of distinct drivers, zone by zone."""

    def __init__(self) -> None:
        self._of: dict[int, dict[int, FloatArray]] = defaultdict(dict)

    def learn(self, zone: int, track_id: int, heading_m: FloatArray) -> None:
        """Somebody drives there, that way."""
        own = self._of[zone]
        own[track_id] = heading_m
        if len(own) > _KEPT:
            del own[next(iter(own))]

    def others(self, zone: int, track_id: int) -> FloatArray:
        """(n, 2), unit vectors of all who drove there but one."""
        return np.array([way for key, way in self._of[zone].items() if key != track_id]).reshape(-1, 2)

    def main(self, zone: int, least: int, agreeing: float) -> FloatArray | None:
        """(2,), the one way that so many and such a share of all drove; None: there is none yet."""
        ways = self.others(zone, 0)
        if len(ways) < least:
            return None
        middle = np.median(ways, axis=0)
        size = float(np.hypot(*middle))
        if size < 0.5 or float((ways @ middle > 0).mean()) < agreeing:
            return None
        return np.asarray(middle / size)
