"""A road user as it is followed from picture to picture, and where it is on the road."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.cctv.kinds import UserKind

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One road user, at one instant. Only confirmed ones are told of.

    Attributes:
        track_id: its own for as long as it is followed, from 1.
        kind: by the vote of its detections.
        xyxy_px: (4,), its box, filtered.
        foot_px: (2,), the bottom centre of the box.
        velocity_px_s: (2,), of the foot.
        score: median of its detections', 0 to 1.
        first_s: when it was first detected.
        seen_s: when it was last detected; before now: it is coasting.
        foot_m: (2,), on the road, x to the right and y ahead; None without a ground plane.
        velocity_m_s: (2,), likewise.
        speed_km_h: over the last second or so; NaN without a ground plane.
        speed_sd_km_h: standard deviation of it, from the boxes' own noise and the ground plane's scale there.
        stands_since_s: since when it has not moved (in pixels beyond its noise); None: it moves.
        travelled_px: how far the foot has come from where it was first seen.
    """

    track_id: int
    kind: UserKind
    xyxy_px: FloatArray
    foot_px: FloatArray
    velocity_px_s: FloatArray
    score: float
    first_s: float
    seen_s: float
    foot_m: FloatArray | None
    velocity_m_s: FloatArray | None
    speed_km_h: float
    speed_sd_km_h: float
    stands_since_s: float | None
    travelled_px: float
