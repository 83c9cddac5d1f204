"""A road plane that nobody measured: cars are of one width, so how wide they appear tells how far they are."""

from collections.abc import Sequence

import numpy as np

from features.cctv.ground import Ground
from features.cctv.kinds import UserKind
from features.cctv.tracks import Track

_CAR_M = 2.2
"""Width of a car's box on the road: the car's own 1.8, and some of its side."""
_BINS, _LEAST_BINS, _KEPT = 24, 4, 40
_ROW_SHARE, _HEIGHT_M = 0.22, 8.0
"""Of the picture's height, where the horizon of a camera on a pole usually lies, and how high it hangs."""
_HORIZONS, _HEIGHTS_M = (-1.0, 0.6), (3.0, 40.0)
_LEARN_S = 5.0


class Perspective:
    """Learns the plane from the boxes of cars that drive.

    The horizon is the row at which a line through the cars' widths meets 0; lengths along the road are right only as
    far as the lens is (``Ground.from_vanishing_point``), which is enough to tell a lane from the next and a car's
    length from ten.
    """

    def __init__(self, size_wh_px: tuple[int, int]) -> None:
        self._size_wh_px = size_wh_px
        self._widths_px: list[list[float]] = [[] for _ in range(_BINS)]
        self._learned_s = -np.inf
        self.ground = self._of(_ROW_SHARE * size_wh_px[1], _HEIGHT_M)

    def learn(self, tracks: Sequence[Track], now_s: float) -> None:
        """Take in an instant."""
        width, height = self._size_wh_px
        for track in tracks:
            left, _, right, bottom = track.xyxy_px.tolist()
            inside = left > 1 and right < width - 1 and bottom < height - 1
            if track.kind is UserKind.CAR and inside and track.stands_since_s is None and track.seen_s == now_s:
                bin_px = self._widths_px[min(int(bottom / height * _BINS), _BINS - 1)]
                bin_px.append(right - left)
                del bin_px[:-_KEPT]
        if now_s - self._learned_s >= _LEARN_S:
            self._learned_s = now_s
            self._fit()

    def _fit(self) -> None:
        known = [(number, np.median(own), len(own)) for number, own in enumerate(self._widths_px) if len(own) > 2]
        if len(known) < _LEAST_BINS:
            return
        number, width_px, count = np.array(known, dtype=np.float64).T
        row = (number + 0.5) / _BINS * self._size_wh_px[1]
        # A far car's width in pixels is known better than a near one's, by as much as it is smaller.
        slope, level = np.polyfit(row, width_px, 1, w=np.sqrt(count) / width_px)
        if slope <= 0:
            return
        horizon, height_m = -level / slope, _CAR_M / slope
        low, high = (share * self._size_wh_px[1] for share in _HORIZONS)
        if low <= horizon <= high and _HEIGHTS_M[0] <= height_m <= _HEIGHTS_M[1]:
            self.ground = self._of(float(horizon), float(height_m))

    def _of(self, horizon_px: float, height_m: float) -> Ground:
        width = self._size_wh_px[0]
        return Ground.from_vanishing_point(
            [width / 2, horizon_px], size_wh_px=self._size_wh_px, focal_px=float(width), height_m=height_m
        )
