"""One hazard as the table says it: what it is measured by, where, its levels, and what a model of it looks at."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, field_validator, model_validator

from features.disaster.level import Condition, Level, Name, Positive, Words
from features.disaster.signal import OWN, Signal
from features.frozen import Frozen, Text
from features.series import unit_of


class Place(Frozen):
    """Where a hazard is judged by measurements of that place's own.

    Attributes:
        id: the entity in the measurements.
        words: its name.
        lat: degrees, WGS84.
        lon: degrees, WGS84.
        measured: the quantity that is measured there where it is not the hazard's own, e.g. a stage above sea level.
        add: what turns ``measured`` into the hazard's quantity when it is added, in its unit.
        middle: between which the middle of a season's readings lies, in the hazard's unit; a file whose middle lies
            elsewhere is of another gauge or datum. None: nobody knows.
    """

    id: Text
    words: Words
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    measured: Name | None = None
    add: FiniteFloat = 0.0
    middle: tuple[FiniteFloat, FiniteFloat] | None = None


class Tide(Frozen):
    """A tide gauge whose astronomical tide, which is known ahead, a model looks at.

    Attributes:
        at: the entity.
        quantity: that is measured there.
        steps: readings after the latest, or before it, whose tide is seen.
    """

    at: Text
    quantity: Name
    steps: Annotated[tuple[int, ...], Field(min_length=1)]


class Regime(Frozen):
    """Where the linear core takes on slopes of its own: from 0 at ``low`` to 1 at ``high``.

    Attributes:
        feature: one of the model's, by name.
        low: in its unit, raised to its signal's power.
        high: likewise.
    """

    feature: Text
    low: FiniteFloat
    high: FiniteFloat

    @model_validator(mode="after")
    def _low_before_high(self) -> "Regime":
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) does not lie below high ({self.high:g})")
        return self


class Hazard(Frozen):
    """One row of the hazard table.

    Attributes:
        name: as in commands, predictions and alerts.
        words: as operators call it.
        category: of CAP 1.2.
        quantity: that is forecast, ending in its unit.
        unit: of it, as predictions say it.
        step_min: minutes from one reading to the next.
        horizons_h: hours ahead that are forecast, rising.
        alarm_h: of them, how far ahead an alarm looks.
        kind: of the places that it is judged at, e.g. ``air station``; any other place is an area estimate.
        places: where; empty: at every entity of the measurements.
        source: the official text that its thresholds come from.
        levels: rising.
        signals: what a model of it looks at.
        tide: the model also looks at the astronomical tide of a gauge; None where there is none.
        log: errors grow with the quantity, which is then forecast by its logarithm.
        regimes: where the quantity answers differently, e.g. in a flood.
        high: from where on the quantity is high, in its unit: errors of what begins there are also told apart.
        guess: a quantity whose forecast readings are a first guess of the hazard's own, e.g. of a numerical weather
            model: the linear core then learns by how much it errs; None: by how much the latest reading does.
        hold: so many steps a reading stands for those that are missing after it; then its place is silent.
    """

    name: Name
    words: Words
    category: Literal["Geo", "Met", "Safety", "Health", "Env", "Transport", "Infra"]
    quantity: Name
    unit: Text
    step_min: Annotated[int, Field(ge=1, le=1440)]
    horizons_h: Annotated[tuple[Positive, ...], Field(min_length=1)]
    alarm_h: Positive
    kind: Text
    places: tuple[Place, ...] = ()
    source: Text
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    signals: Annotated[tuple[Signal, ...], Field(min_length=1)]
    tide: Tide | None = None
    regimes: tuple[Regime, ...] = ()
    log: bool = False
    high: FiniteFloat | None = None
    guess: Name | None = None
    hold: Annotated[int, Field(ge=0, le=1000, strict=True)]

    @field_validator("horizons_h")
    @classmethod
    def _rising(cls, horizons_h: tuple[int, ...]) -> tuple[int, ...]:
        if list(horizons_h) != sorted(set(horizons_h)):
            raise ValueError(f"{list(horizons_h)} does not rise")
        return horizons_h

    @field_validator("levels")
    @classmethod
    def _levels_in_order(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        _refuse_twice("level", [level.name for level in levels])
        for lower, higher in pairwise(levels):
            for first, second in zip(lower.met, higher.met, strict=False):
                for one, other in zip(first, second, strict=False):
                    if one.shape == other.shape and _calmer(other, one):
                        raise ValueError(
                            f"'{higher.name}' ({other.threshold:g}) is met before '{lower.name}' ({one.threshold:g}): "
                            "thresholds out of order"
                        )
        return levels

    @field_validator("places")
    @classmethod
    def _each_place_once(cls, places: tuple[Place, ...]) -> tuple[Place, ...]:
        _refuse_twice("place", [place.id for place in places])
        return places

    @model_validator(mode="after")
    def _looks_at_its_own_quantity(self) -> "Hazard":
        if not any(each.quantity == self.quantity and each.at == OWN for each in self.signals):
            raise ValueError(f"no signal is '{self.quantity}' at the place itself, from which it is forecast")
        if 0 not in self.own_signal.lags:
            raise ValueError(f"lags of '{self.quantity}' at the place itself leave out 0, the latest reading")
        return self

    @model_validator(mode="after")
    def _regimes_of_its_features(self) -> "Hazard":
        names = [each.name for number, one in enumerate(self.signals) for each in one.features(number)]
        _refuse_twice("feature", names)
        for regime in self.regimes:
            if regime.feature not in names:
                raise ValueError(f"no feature is '{regime.feature}'; there are: {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _guesses_on_its_own_scale(self) -> "Hazard":
        if self.guess is None:
            return self
        if not any(each.quantity == self.guess and each.at == OWN and each.ahead for each in self.signals):
            raise ValueError(f"no signal is '{self.guess}' ahead at the place itself, which was to be the first guess")
        powers = [each.power for each in self.signals if each.quantity in (self.guess, self.quantity)]
        if unit_of(self.guess) != unit_of(self.quantity):
            raise ValueError(f"'{self.guess}' is no first guess of '{self.quantity}': their units differ")
        if self.log or any(power != 1 for power in powers):
            raise ValueError("a first guess goes with the quantity as it is: without log, and with power 1")
        return self

    @model_validator(mode="after")
    def _in_its_unit(self) -> "Hazard":
        if unit_of(self.quantity) not in (self.unit, "unknown"):
            raise ValueError(f"unit '{self.unit}' is not that of '{self.quantity}', {unit_of(self.quantity)}")
        low, high = self.plausible
        own = [each for level in self.levels for way in level.met for each in way if each.quantity == self.quantity]
        lines = [each.threshold for each in own if each.sum_h is None]
        for what, line in [("high", self.high), *(("threshold", each) for each in lines)]:
            if line is not None and not low <= line <= high:
                raise ValueError(f"{what} {line:g} lies outside what is plausible, {low:g} to {high:g} {self.unit}")
        return self

    @model_validator(mode="after")
    def _on_its_clock(self) -> "Hazard":
        if self.alarm_h not in self.horizons_h:
            raise ValueError(f"alarm_h = {self.alarm_h} is none of its horizons, {list(self.horizons_h)}")
        wrong = next((each for each in self.horizons_h if each * 60 % self.step_min), None)
        if wrong is not None:
            raise ValueError(f"{wrong} h is no whole number of readings of {self.step_min} minutes")
        return self

    @property
    def horizons_steps(self) -> tuple[int, ...]:
        """The horizons in readings."""
        return tuple(each * 60 // self.step_min for each in self.horizons_h)

    @property
    def quantities(self) -> tuple[str, ...]:
        """All that its criteria compare, its own first."""
        conditions = [each for level in self.levels for way in level.met for each in way]
        conditions += [each for level in self.levels for each in level.released]
        return tuple(dict.fromkeys([self.quantity, *(each.quantity for each in conditions)]))

    @property
    def own_signal(self) -> Signal:
        """What a model sees of its own quantity at the place itself."""
        return next(each for each in self.signals if each.quantity == self.quantity and each.at == OWN)

    @property
    def plausible(self) -> tuple[float, float]:
        """Lowest and highest reading of its own quantity that can be true."""
        return self.own_signal.plausible

    def level(self, name: str) -> Level:
        """The level of that name, which is one of its own."""
        return next(level for level in self.levels if level.name == name)


def _calmer(one: Condition, other: Condition) -> bool:
    return one.threshold < other.threshold if one.rises else one.threshold > other.threshold


def _refuse_twice(what: str, names: Sequence[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{what} '{twice}' is there twice")
