"""When a link's flow counts as abnormal."""

from dataclasses import dataclass

from features.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchConfig:
    """Frozen settings of the watch; what was tried for them on validation is in ``experiments/traffic/abnormal.py``.

    Attributes:
        tail: probability beyond each end of the band; 0.025 makes a 95 % band.
        calibration_gain: step of the band's quantile tracking, as a share of its width.
        raise_steps: steps outside, one after the other and on one side, before an event is raised.
        raise_size: how far outside they must lie on average, in half widths of the band (1 is its edge).
        raise_share: and by how much of what was expected, the city's share removed.
        clear_steps: steps back inside before an event is cleared.
        clear_size: what counts as back inside, in half widths of the band: less than the edge, so nothing flaps.
        hold_steps: how long a forecast issued before the onset stands in for later ones, which know of the event.
        gap_steps: steps without a measurement after which nobody knows whether an event still lasts.
        stuck_steps: measurements of one and the same value that make a sensor suspect.
    """

    tail: float = 0.025
    calibration_gain: float = 0.05
    raise_steps: int = 2
    raise_size: float = 2.0
    raise_share: float = 0.4
    clear_steps: int = 2
    clear_size: float = 0.75
    hold_steps: int = 6
    gap_steps: int = 6
    stuck_steps: int = 4

    def __post_init__(self) -> None:
        for name in ("raise_steps", "clear_steps", "hold_steps", "gap_steps"):
            if getattr(self, name) < 1:
                raise BadInput(cause=f"{name}={getattr(self, name)} is below 1", mend="Count in whole steps from 1")
        if self.stuck_steps < 2:
            raise BadInput(cause=f"stuck_steps={self.stuck_steps} is below 2", mend="One value alone is never stuck")
        if not 0 < self.tail < 0.5 or not 0 < self.calibration_gain <= 1:
            raise BadInput(
                cause=f"tail={self.tail}, calibration_gain={self.calibration_gain}",
                mend="Give a tail between 0 and 0.5 and a gain above 0, at most 1, e.g. 0.025 and 0.05",
            )
        if not 0 <= self.clear_size <= 1 <= self.raise_size:
            raise BadInput(
                cause=f"clear_size={self.clear_size}, raise_size={self.raise_size}: the band's edge (1) is not between",
                mend="Raise outside the band and clear inside it, e.g. 2.0 and 0.75",
            )
