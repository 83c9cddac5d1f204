"""What a parking model looks at, and what it calls full."""

from dataclasses import asdict, dataclass
from typing import Any

from features.calendar import known_country
from features.clock import zone
from features.covariate_ring import Ring
from features.covariates import refuse_unusable_names
from features.errors import BadInput, UnknownName
from features.plain import from_plain
from features.quantiles import refuse_unusable

MEASURES = ("free", "occupied")
_DAY_MIN = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkingConfig:
    """Frozen settings of the parking features; they travel in the artifact's manifest.

    Attributes:
        step_min: minutes between two readings.
        horizon_steps: readings ahead that are forecast, a day at most; step 1 is the first reading after the issue.
        country: whose public holidays count.
        timezone: whose wall clock people live by.
        measure: what is counted, ``free`` or ``occupied`` spaces; free ones are forecast either way.
        quantiles: that are forecast, rising, the median in the middle.
        full_share: a lot with at most this share of its spaces free counts as full: counts lag, and some bays that
            are free on paper are not.
        frozen_h: a reading that has not changed for as many hours of readings, and is neither none nor all of the
            spaces, is a feed that froze.
        weeks: of which the profile of a time of the week is made.
        neighbours: lots that fill most alike, at whose deviations each lot's forecast looks.
        tracking_gain: by how much a reading beyond a quantile moves it away, in logarithms of its distance.
        unforeseen_risk: of each step of a window, that it falls short for what no forecast sees, such as a feed that
            jumps or a closed ramp; fitted in training.
        extremal_index: what a window's hours amount to, in hours that have nothing to do with each other, is to the
            power of this; fitted in training.
        covariates: what else is known of the whole city, such as weather: columns of ``--covariates``, in their order.
    """

    step_min: int = 60
    horizon_steps: int = 24
    country: str = "KR"
    timezone: str = "Asia/Seoul"
    measure: str = "free"
    quantiles: tuple[float, ...] = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
    full_share: float = 0.05
    frozen_h: int = 24
    weeks: int = 6
    neighbours: int = 8
    tracking_gain: float = 0.05
    extremal_index: float = 1.0
    unforeseen_risk: float = 0.0
    covariates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        zone(self.timezone)
        known_country(self.country)
        refuse_unusable(self.quantiles)
        refuse_unusable_names(self.covariates)
        if self.measure not in MEASURES:
            raise UnknownName.among("measure", self.measure, list(MEASURES))
        if not 5 <= self.step_min <= 60 or 60 % self.step_min:
            raise BadInput(
                cause=f"step_min={self.step_min} does not divide an hour, or is below 5",
                mend="Put the readings on a clock of 5, 10, 15, 30 or 60 minutes with --step-min",
            )
        if not 1 <= self.horizon_steps * self.step_min <= _DAY_MIN:
            raise BadInput(
                cause=f"horizon_steps={self.horizon_steps} of {self.step_min} minutes are not within a day",
                mend=f"Pick 1 to {self.steps_per_day} steps",
            )
        if not 0 < self.full_share < 1:
            raise BadInput(cause=f"full_share={self.full_share} is no share", mend="Give a share such as 0.05")
        for name, low, high in (
            ("frozen_h", 6, 168),
            ("weeks", 2, 12),
            ("neighbours", 1, 64),
            ("tracking_gain", 0, 1),
            ("extremal_index", 1e-3, 1),
            ("unforeseen_risk", 0, 0.5),
        ):
            if not low <= getattr(self, name) <= high:
                raise BadInput(
                    cause=f"{name}={getattr(self, name)} is outside {low:g} to {high:g}", mend="Leave it at its default"
                )

    @property
    def steps_per_hour(self) -> int:
        """Readings of an hour."""
        return 60 // self.step_min

    @property
    def steps_per_day(self) -> int:
        """Readings of a day."""
        return _DAY_MIN // self.step_min

    @property
    def frozen_steps(self) -> int:
        """Readings that may be alike before the feed counts as frozen."""
        return self.frozen_h * self.steps_per_hour

    @property
    def profile_days(self) -> int:
        """Days before one that its profile is made of."""
        return 7 * self.weeks

    @property
    def memory_steps(self) -> int:
        """Readings that the state keeps: of two weeks' deviations from profiles, and of those; one day may be late."""
        return (self.profile_days + 16) * self.steps_per_day

    @property
    def ring(self) -> Ring:
        """The covariates that the state keeps: its step 1 is the reading of the issue time itself, then the targets."""
        return Ring(names=self.covariates, step_min=self.step_min, horizon_steps=1 + self.horizon_steps)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the manifest; without covariates it says nothing of them, as before there were any."""
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return values if self.covariates else {key: value for key, value in values.items() if key != "covariates"}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ParkingConfig":
        """The config that ``values`` describes.

        Raises:
            UnknownName: a key that is no field.
            BadInput: a value of another type, or one that makes no sense.

        >>> ParkingConfig.from_json({"step_min": 30, "horizon_steps": 8}).steps_per_day
        48
        """
        return from_plain(cls, values)
