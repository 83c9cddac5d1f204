"""What a traffic model looks at and how its profile adapts."""

from dataclasses import asdict, dataclass
from typing import Any

from features.calendar import known_country
from features.clock import zone
from features.covariate_ring import Ring
from features.covariates import refuse_unusable_names
from features.errors import BadInput
from features.plain import from_plain
from features.quantiles import DEFAULT, refuse_unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficConfig:
    """Frozen settings of the traffic features; they travel in the artifact's manifest.

    Attributes:
        step_min: minutes between two measurements.
        horizon_steps: steps forecast; step 1 is the interval that starts at the issue time.
        history_steps: most recent residuals seen.
        seasonal_lags_days: residuals of the target's own time of day, that many days before.
        country: whose public holidays count.
        timezone: whose wall clock people live by.
        neighbours: entities that err most alike, whose errors each entity's forecast looks at.
        factors: patterns of error that the whole city shares.
        smooth_min: the profile at a time of day is the mean over that many minutes before and after.
        quantiles: that are forecast, rising, the median in the middle.
        same_type_gain: share of an error by which the profile of its own day type moves.
        same_class_gain: the same for day types of its class (a Tuesday informs Wednesday).
        other_gain: the same for all others.
        dispersion_gain: share by which the usual error size moves.
        calibration_gain: step of the interval's quantile tracking, in multiples of the usual error size.
        covariates: what else is known of the whole city, such as weather: columns of ``--covariates``, in their order.
    """

    step_min: int = 60
    horizon_steps: int = 24
    history_steps: int = 24
    seasonal_lags_days: tuple[int, ...] = (1, 7)
    country: str = "KR"
    timezone: str = "Asia/Seoul"
    neighbours: int = 16
    factors: int = 6
    smooth_min: int = 60
    quantiles: tuple[float, ...] = DEFAULT
    same_type_gain: float = 0.15
    same_class_gain: float = 0.10
    other_gain: float = 0.05
    dispersion_gain: float = 0.06
    calibration_gain: float = 0.05
    covariates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        zone(self.timezone)
        known_country(self.country)
        refuse_unusable(self.quantiles)
        refuse_unusable_names(self.covariates)
        if not 1 <= self.step_min <= 1440 or 1440 % self.step_min:
            raise BadInput(
                cause=f"step_min={self.step_min} does not divide a day",
                mend="Pick a step that does, e.g. 5, 15 or 60 minutes",
            )
        for name in ("horizon_steps", "history_steps"):
            if not 1 <= getattr(self, name) <= 14 * self.steps_per_day:
                raise BadInput(
                    cause=f"{name}={getattr(self, name)} is outside 1 to {14 * self.steps_per_day} (14 days)",
                    mend="Pick a horizon and a history between one step and fourteen days",
                )
        for name in ("neighbours", "factors"):
            if not 1 <= getattr(self, name) <= 64:
                raise BadInput(cause=f"{name}={getattr(self, name)} is outside 1 to 64", mend="Pick a few, e.g. 8")
        if not self.seasonal_lags_days:
            raise BadInput(cause="seasonal_lags_days is empty", mend="Give at least one lag in days, e.g. [1, 7]")
        for lag in self.seasonal_lags_days:
            if not 1 <= lag <= 28 or lag * self.steps_per_day < self.horizon_steps:
                raise BadInput(
                    cause=f"seasonal_lags_days={self.seasonal_lags_days} holds {lag}, not yet measured at the horizon",
                    mend="Use lags of 1 to 28 days that are no shorter than the horizon",
                )
        for name in ("same_type_gain", "same_class_gain", "other_gain", "dispersion_gain", "calibration_gain"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadInput(cause=f"{name}={getattr(self, name)} is outside 0 to 1", mend="A gain is a share")

    @property
    def steps_per_day(self) -> int:
        """Slots of the day."""
        return 1440 // self.step_min

    @property
    def smooth_slots(self) -> int:
        """Slots before and after that the profile is averaged over; none at hourly steps."""
        return self.smooth_min // self.step_min if self.step_min < 60 else 0

    @property
    def memory_steps(self) -> int:
        """Residuals that the state keeps: the longest lag."""
        return max(self.history_steps, max(self.seasonal_lags_days) * self.steps_per_day)

    @property
    def ring(self) -> Ring:
        """The covariates that the state keeps."""
        return Ring(names=self.covariates, step_min=self.step_min, horizon_steps=self.horizon_steps)

    @property
    def pending_steps(self) -> int:
        """Targets whose intervals the state keeps: those ahead, and those of the last day, which may come late."""
        return self.horizon_steps + self.steps_per_day

    @property
    def factor_steps(self) -> int:
        """Latest intervals whose city-wide patterns are seen."""
        return min(6, self.history_steps)

    @property
    def interval(self) -> float:
        """Probability that the interval, from the lowest quantile to the highest, is meant to hold."""
        return self.quantiles[-1] - self.quantiles[0]

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the manifest; without covariates it says nothing of them, as before there were any."""
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return values if self.covariates else {key: value for key, value in values.items() if key != "covariates"}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "TrafficConfig":
        """The config that ``values`` describes.

        Raises:
            UnknownName: a key that is no field.
            BadInput: a value of another type.

        >>> TrafficConfig.from_json({"horizon_steps": 12}).horizon_steps
        12
        """
        return from_plain(cls, values)
