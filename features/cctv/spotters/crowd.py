"""Where the vehicles of an instant are to each other: who is ahead of whom, in which lane, and by how much."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from features.cctv.rules import Sight
from features.cctv.spotters.road_user import RoadUser
from features.cctv.tracks import FloatArray

BoolArray = npt.NDArray[np.bool_]
_AHEAD_M = 0.5
_ABREAST_M = 12.0
"""To the side, of the lanes of one direction."""


class Crowd:
    """Vehicles, and each as seen from each: row by column.

    Attributes:
        vehicles: n of them.
        along_m: (n, n), from the row's foot ahead to the column's; NaN where the row's lane is not known.
        across_m: (n, n), likewise to the side.
        gap_m: (n, n), from the row's front to the column's rear, both driving one way.
        same_way: (n, n), whether they drive one way, within 60 degrees.
        creeps: (n,), whether it stands or is slow.
    """

    def __init__(self, vehicles: Sequence[RoadUser], sight: Sight) -> None:
        self.vehicles = vehicles
        count = len(vehicles)
        none = np.full(2, np.nan)
        self._at = np.array([one.at_m for one in vehicles]).reshape(count, 2)
        self._heading = np.array([none if one.lane_m is None else one.lane_m for one in vehicles])
        self._heading = self._heading.reshape(count, 2)
        length = np.array([one.length_m for one in vehicles])
        away = np.array([one.away for one in vehicles], dtype=np.bool_)
        self.along_m, self.across_m = self.ahead_m(self._at)
        self.gap_m = self.along_m - np.where(away[:, None], length[:, None], length[None, :])
        self.same_way: BoolArray = self._heading @ self._heading.T > 0.5
        self.creeps: BoolArray = np.array(
            [one.stands_s is not None or one.speed_ms * 3.6 < sight.slow_km_h for one in vehicles], dtype=np.bool_
        )
        self._in_lane = (self.across_m <= sight.lane_half_m) & (self.along_m > _AHEAD_M) & self.same_way
        np.fill_diagonal(self._in_lane, False)

    def ahead_m(self, points_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n, m): how far points (m, 2) are ahead of each vehicle's foot, and to its side."""
        off = points_m[None, :, :] - self._at[:, None, :]
        heading = self._heading[:, None, :]
        along = (off * heading).sum(axis=-1)
        return along, np.abs(off[..., 0] * heading[..., 1] - off[..., 1] * heading[..., 0])

    def before(self, number: int, within_m: float, who: BoolArray) -> int | None:
        """Of those, the next one in its lane and not farther ahead; None: nobody."""
        able = self._in_lane[number] & who & (self.gap_m[number] <= within_m)
        if not able.any():
            return None
        return int(np.where(able, self.gap_m[number], np.inf).argmin())

    def slow_ahead(self, number: int) -> int:
        """How many of its direction, in any lane, stand or are slow ahead of a vehicle."""
        ahead = self.same_way[number] & self.creeps & (self.along_m[number] > _AHEAD_M)
        ahead &= self.across_m[number] <= _ABREAST_M
        return int(np.count_nonzero(ahead))
