"""What a model of one hazard is: the row of the hazard table that it was trained for, and the clock it lives by."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from features.clock import zone
from features.disaster.hazard import Hazard
from features.disaster.signal import Feature
from features.errors import BadInput, UnknownName

QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class DisasterConfig:
    """Frozen settings of a hazard's features; they travel in the artifact's manifest, the table's row and all.

    Attributes:
        hazard: the row of the table.
        timezone: whose clock people and days live by.
        alarm_at: probability from which an alarm of each level stands, chosen in training; empty before.
    """

    hazard: Hazard
    timezone: str = "Asia/Seoul"
    alarm_at: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        zone(self.timezone)
        if self.alarm_at and len(self.alarm_at) != len(self.hazard.levels):
            raise BadInput(
                cause=f"{len(self.alarm_at)} alarm thresholds for {len(self.hazard.levels)} levels",
                mend="Train the model again",
            )

    @property
    def step_min(self) -> int:
        """Minutes between two readings."""
        return self.hazard.step_min

    @property
    def horizons_steps(self) -> tuple[int, ...]:
        """Readings ahead that are forecast."""
        return self.hazard.horizons_steps

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """What the model sees of its signals, in order."""
        return tuple(each for number, one in enumerate(self.hazard.signals) for each in one.features(number))

    @cached_property
    def own_latest(self) -> int:
        """Which of the features is the latest reading of the hazard's own quantity at the place itself."""
        own = self.hazard.signals.index(self.hazard.own_signal)
        return next(at for at, one in enumerate(self.features) if (one.signal, one.kind, one.steps) == (own, "lag", 0))

    @property
    def calendar(self) -> tuple[str, ...]:
        """What the model sees of the clock, in order: pairs of cosine and sine, and the astronomical tide."""
        cycles = ["year", "half year", *(["day", "half day"] if self.step_min < 1440 else [])]
        names = tuple(f"{part} of {cycle}" for cycle in cycles for part in ("cosine", "sine"))
        tide = self.hazard.tide
        return names if tide is None else (*names, *(f"tide {steps:+d}" for steps in tide.steps))

    @property
    def lookback_steps(self) -> int:
        """Readings before one that its criteria look back on."""
        ways = [way for level in self.hazard.levels for way in (*level.met, level.released)]
        steps = [(each.sum_h or 0) * 60 // self.step_min + each.readings for way in ways for each in way]
        # One more for what is the change since the reading before.
        return 1 + max(steps)

    @property
    def memory_steps(self) -> int:
        """Readings that the state keeps: all that a signal or a criterion looks back on."""
        return 2 + max(*(signal.memory + self.hazard.hold for signal in self.hazard.signals), self.lookback_steps)

    @property
    def ahead_steps(self) -> int:
        """Readings ahead of the latest that the state keeps: as far as a signal looks at forecasts."""
        return max((steps for signal in self.hazard.signals for steps in signal.ahead), default=0)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the manifest."""
        row = self.hazard.model_dump(mode="json", exclude_defaults=True)
        return {"hazard": row, "timezone": self.timezone, "alarm_at": list(self.alarm_at)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "DisasterConfig":
        """The config that ``values`` describes.

        Raises:
            UnknownName: a key that is no field.
            BadInput: a value that the hazard table would not take.

        >>> from features.disaster.table import hazard as row_of
        >>> config = DisasterConfig(hazard=row_of("pm25"))
        >>> DisasterConfig.from_json(config.to_json()) == config
        True
        """
        known = [field.name for field in fields(cls)]
        for key in values:
            if key not in known:
                raise UnknownName.among("setting", key, known)
        given = dict(values)
        try:
            given["hazard"] = Hazard.model_validate(given.get("hazard"))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            raise BadInput(cause=f"hazard.{field}: {first['msg']}", mend="Train the model again") from None
        given["alarm_at"] = tuple(given.get("alarm_at", ()))
        return cls(**given)
