"""Every number that following rests on."""

from dataclasses import dataclass

from features.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """How road users are followed; lengths in pixels grow with the box, so that near and far are treated alike.

    Attributes:
        high_score: detections from here up are matched first and may begin a track (ByteTrack's two stages).
        low_score: those from here up may only continue one.
        confirm_hits: so many detections make a track one that is told of.
        tentative_s: without a detection for longer, one that is not yet told of is forgotten.
        lost_s: likewise of one that moved; less of the far and small, who are soon taken for others;
        small_share: of the picture's width: boxes lower than that are small;
        told_s: and for so long it is told of without a detection.
        standing_looks: one that stood is forgotten once its place was looked at so often and nothing was there,
        standing_lost_s: and that for so long.
        noise_px: standard deviation of a box's edge, whatever its size.
        noise_share: likewise, of the box's side.
        size_sd: likewise of the logarithm of a side.
        acceleration_ms2: of road users, with a ground plane.
        acceleration_heights: likewise in heights of the box a second squared, without one.
        across_share: of it, across the direction of driving.
        first_ms: standard deviation of the speed that somebody new has, with a ground plane.
        first_heights: likewise in heights of the box a second.
        growth_per_s: standard deviation of the growth of somebody new's box.
        gate: squared Mahalanobis distance beyond which nobody is taken to have moved.
        speed_s: over which the speed is measured.
        stands_ms: slower than this, surely, is standing; with a ground plane.
        stands_heights: likewise in heights of the box a second.
        far_share: of the picture's width: boxes lower than that are far away, where heights count for less.
        stays_m: from where it stands, so far and beyond the noise it must come to drive again.
        stays_heights: likewise in heights of the box.
    """

    high_score: float = 0.3
    low_score: float = 0.1
    confirm_hits: int = 3
    tentative_s: float = 1.3
    lost_s: float = 3.0
    small_share: float = 0.05
    told_s: float = 1.0
    standing_looks: int = 8
    standing_lost_s: float = 5.0
    noise_px: float = 0.6
    noise_share: float = 0.04
    size_sd: float = 0.15
    acceleration_ms2: float = 3.0
    acceleration_heights: float = 1.0
    across_share: float = 0.35
    first_ms: float = 12.0
    first_heights: float = 1.6
    growth_per_s: float = 0.5
    gate: float = 14.0
    speed_s: float = 1.2
    stands_ms: float = 0.8
    stands_heights: float = 0.08
    far_share: float = 0.08
    stays_m: float = 1.0
    stays_heights: float = 0.2

    def __post_init__(self) -> None:
        if not 0 <= self.low_score <= self.high_score <= 1:
            raise BadInput(
                cause=f"low_score={self.low_score} and high_score={self.high_score} do not rise within 0 to 1",
                mend="Pick e.g. 0.1 and 0.3",
            )
        if self.confirm_hits < 2:
            raise BadInput(
                cause=f"confirm_hits={self.confirm_hits} would tell of every false detection", mend="Pick 2 or more"
            )
