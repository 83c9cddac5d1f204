"""One level of a hazard: the official criteria that meet it and release it again, and what is done about it."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, StringConstraints, model_validator

from features.frozen import Frozen, Text

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Positive = Annotated[int, Field(ge=1, strict=True)]


class Words(Frozen):
    """The same in the two languages that operators read."""

    ko: Text
    en: Text


class Condition(Frozen):
    """One comparison of a quantity with a threshold, in the quantity's unit; exactly one comparison is given.

    Attributes:
        quantity: what is compared, ending in its unit, e.g. ``pm25_ug_m3``.
        at_least: holds from the threshold up.
        at_most: holds from the threshold down.
        above: holds beyond the threshold, not on it.
        below: holds under the threshold, not on it.
        sum_h: the quantity summed over so many hours that end with the reading; None: the reading itself.
        readings: so many readings one after the other must meet it.
    """

    quantity: Name
    at_least: FiniteFloat | None = None
    at_most: FiniteFloat | None = None
    above: FiniteFloat | None = None
    below: FiniteFloat | None = None
    sum_h: Positive | None = None
    readings: Positive = 1

    @model_validator(mode="after")
    def _one_comparison(self) -> "Condition":
        given = [name for name in ("at_least", "at_most", "above", "below") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"it has {' and '.join(given) or 'no threshold'}; give one of at_least, at_most, above, below"
            )
        return self

    @property
    def threshold(self) -> float:
        """What the quantity is compared with, in its unit."""
        return next(each for each in (self.at_least, self.at_most, self.above, self.below) if each is not None)

    @property
    def rises(self) -> bool:
        """Whether more of the quantity is what meets it."""
        return self.at_least is not None or self.above is not None

    @property
    def shape(self) -> "tuple[str, bool, int | None, int]":
        """Everything but the threshold: two conditions of one shape differ by how much alone."""
        return self.quantity, self.rises, self.sum_h, self.readings


class Level(Frozen):
    """One level of a hazard, e.g. an advisory.

    Attributes:
        name: as in predictions and alerts.
        words: as operators call it.
        severity: of CAP 1.2.
        met: ways to meet it: one way is enough, and all conditions of a way must hold.
        released: all of these must hold for it to be lifted; empty: it is lifted as soon as it is not met.
        advice: what an operator does about it.
    """

    name: Name
    words: Words
    severity: Literal["Minor", "Moderate", "Severe", "Extreme"]
    met: Annotated[tuple[Annotated[tuple[Condition, ...], Field(min_length=1)], ...], Field(min_length=1)]
    released: tuple[Condition, ...] = ()
    advice: Words

    @model_validator(mode="after")
    def _released_on_the_calm_side(self) -> "Level":
        for lifted in self.released:
            for each in (each for way in self.met for each in way if each.quantity == lifted.quantity):
                between = each.threshold - lifted.threshold
                if each.rises == lifted.rises or (between < 0 if each.rises else between > 0):
                    raise ValueError(
                        f"released at {lifted.threshold:g}, which does not lie on the calm side of {each.threshold:g}"
                    )
        return self

    @property
    def shapes(self) -> tuple[tuple[tuple[str, bool, int | None, int], ...], ...]:
        """Its ways without their thresholds."""
        return tuple(tuple(each.shape for each in way) for way in self.met)
