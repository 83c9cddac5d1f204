"""What a judgement of a hazard's model consists of."""

from dataclasses import dataclass

from training.alarms import Alarms
from training.probabilities import Bin


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityScore:
    """How far the quantity was off at one horizon, in its unit, beside persistence.

    Attributes:
        horizon_h: hours ahead.
        count: rows judged.
        rmse: root mean square of the median's error.
        rmse_persistence: of no change.
        rmse_linear: of the linear core without trees.
        mae: mean absolute error of the median.
        mae_persistence: of no change.
        coverage: share inside the outer quantiles.
    """

    horizon_h: int
    count: int
    rmse: float
    rmse_persistence: float
    rmse_linear: float
    mae: float
    mae_persistence: float
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelScore:
    """How good one probability was.

    Attributes:
        level: name.
        kind: ``met`` then, or met ``within`` the time up to then.
        horizon_h: hours ahead.
        count: rows judged.
        came: of them, how often it came.
        brier: of the model.
        skill_climatology: against the usual of month and hour.
        skill_persistence: against what is now.
        skill_bins: against how often it came after the quantity stood where it stands: persistence as a probability.
        skill_linear: against the linear core without trees.
        average_precision: of the model.
        calibration_error: expected, over ten bins.
        bins: the reliability diagram.
    """

    level: str
    kind: str
    horizon_h: int
    count: int
    came: int
    brier: float
    skill_climatology: float
    skill_persistence: float
    skill_bins: float
    skill_linear: float
    average_precision: float
    calibration_error: float
    bins: tuple[Bin, ...]

    @property
    def skills(self) -> dict[str, float]:
        """The skill on each baseline, by the baseline's name."""
        return {
            "climatology": self.skill_climatology,
            "persistence": self.skill_persistence,
            "bins": self.skill_bins,
            "linear": self.skill_linear,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmScore:
    """What alarms at the chosen threshold came to; see ``Alarms``."""

    level: str
    horizon_h: int
    threshold: float
    alarms: Alarms


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All of it, of one stretch of time.

    Attributes:
        quantities: of each horizon.
        high: of each horizon, of the rows in which the quantity was high when they were issued; empty where the hazard
            does not say what is high.
        levels: of each level, kind and horizon.
        alarms: of each level.
    """

    quantities: tuple[QuantityScore, ...]
    high: tuple[QuantityScore, ...]
    levels: tuple[LevelScore, ...]
    alarms: tuple[AlarmScore, ...]
