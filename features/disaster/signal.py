"""What a model of a hazard looks at: a quantity, where it is measured, and which of its past counts."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, StringConstraints, field_validator, model_validator

from features.frozen import Frozen

QuantityName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Steps = Annotated[int, Field(ge=1, le=5000, strict=True)]

OWN = "own"
"""Stands where a signal is measured at the place itself."""

EVERYWHERE = "everywhere"
"""Stands where a signal is the mean over all places that are measured."""

_WINDOWS = ("highest", "lowest", "mean", "total", "spent")


class Feature(Frozen):
    """One number that a model sees.

    Attributes:
        signal: its place among the hazard's signals.
        kind: how it comes from the signal's readings.
        steps: readings back, or in the window; of ``ahead`` the readings ahead.
        name: in words that are unique within a model.
    """

    signal: int
    kind: Literal["lag", "change", "highest", "lowest", "mean", "total", "spent", "ahead"]
    steps: int
    name: str


class Still(Frozen):
    """How long a sensor may say the same before it is taken for stuck.

    Attributes:
        readings: so many equal ones, one after the other, are a stuck sensor.
        at_least: only readings from here up, in the quantity's unit: a river at low water rests on a weir, and in a
            flood it does not. None: any.
    """

    readings: Annotated[int, Field(ge=3, strict=True)]
    at_least: FiniteFloat | None = None


class Signal(Frozen):
    """One quantity at one place, and what of it becomes a feature; steps are readings of the hazard's clock.

    Attributes:
        quantity: e.g. ``release_m3s``.
        at: an entity of the measurements, ``own`` for the place itself, ``everywhere`` for the mean over all places.
        lags: the readings so many steps before the latest; 0 is the latest.
        changes: the latest reading minus the one so many steps before.
        highest: the largest of so many latest readings.
        lowest: the smallest.
        mean: their mean.
        total: their sum.
        spent: the share of them that is at least ``line``.
        line: for ``spent``, in the quantity's unit.
        ahead: forecast readings so many steps ahead, as far as they were issued.
        power: readings are raised to it first, sign kept: a stage grows with a power of the flow.
        rising: more of it never makes the hazard less likely, all else equal.
        plausible: lowest and highest reading that can be true; others are taken for missing.
        frozen: readings that stand still by any of these are a stuck sensor's, and taken for missing.
    """

    quantity: QuantityName
    at: str = OWN
    lags: tuple[Annotated[int, Field(ge=0, le=5000, strict=True)], ...] = (0,)
    changes: tuple[Steps, ...] = ()
    highest: tuple[Steps, ...] = ()
    lowest: tuple[Steps, ...] = ()
    mean: tuple[Steps, ...] = ()
    total: tuple[Steps, ...] = ()
    spent: tuple[Steps, ...] = ()
    line: FiniteFloat | None = None
    ahead: tuple[Steps, ...] = ()
    power: Annotated[float, Field(gt=0, le=3)] = 1.0
    rising: bool = False
    plausible: tuple[FiniteFloat, FiniteFloat]
    frozen: tuple[Still, ...] = ()

    @field_validator("plausible")
    @classmethod
    def _low_before_high(cls, plausible: tuple[float, float]) -> tuple[float, float]:
        if plausible[0] >= plausible[1]:
            raise ValueError(f"{list(plausible)} has no room between its ends")
        return plausible

    @model_validator(mode="after")
    def _says_its_line(self) -> "Signal":
        if bool(self.spent) != (self.line is not None):
            raise ValueError("spent and line go together")
        if not any(self.features(0)):
            raise ValueError("nothing of it becomes a feature")
        return self

    @property
    def memory(self) -> int:
        """Readings before the latest that it looks at."""
        windows: list[int] = [steps - 1 for kind in _WINDOWS for steps in getattr(self, kind)]
        return max(0, *self.lags, *self.changes, *windows, self.longest_still - 1)

    @property
    def longest_still(self) -> int:
        """Readings that must be seen to tell whether the latest is a stuck sensor's; 1 where none is."""
        return max((each.readings for each in self.frozen), default=1)

    def features(self, number: int) -> Iterator[Feature]:
        """Its features in order, as the signal of that ``number``."""
        label = self.quantity if self.at == OWN else f"{self.at} {self.quantity}"
        label += "" if self.power == 1.0 else f"^{self.power:g}"
        for steps in self.lags:
            yield Feature(signal=number, kind="lag", steps=steps, name=f"{label} lag {steps}")
        for steps in self.changes:
            yield Feature(signal=number, kind="change", steps=steps, name=f"{label} change {steps}")
        for kind in _WINDOWS:
            for steps in getattr(self, kind):
                yield Feature(signal=number, kind=kind, steps=steps, name=f"{label} {kind} {steps}")
        for steps in self.ahead:
            yield Feature(signal=number, kind="ahead", steps=steps, name=f"{label} ahead {steps}")
