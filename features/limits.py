"""How far a model may be trusted: what its inputs looked like in training, as its manifest says it."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, FiniteFloat, model_validator

from features.frozen import Frozen, Text

MASK_ENDING = "_mask"
"""What the name of a mask ends in: a boolean input, False where a value of another input is missing."""


class Range(Frozen):
    """What one input may hold: that of training, widened.

    Attributes:
        input: its name.
        low: the smallest allowed, in the input's unit: one number, or one for each place of the input's last axis.
        high: the largest allowed, as many.
    """

    input: Text
    low: Annotated[tuple[FiniteFloat, ...], Field(min_length=1)]
    high: Annotated[tuple[FiniteFloat, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _low_is_below_high(self) -> "Range":
        if len(self.low) != len(self.high) or any(low > high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(f"low of '{self.input}' lies above high, or there is not one for each")
        return self


class Limits(Frozen):
    """What a row may hold to be answered by the model; the fallback answers any other.

    Attributes:
        ranges: of its float inputs.
        most_missing: share of the values of all masks of a row, in [0, 1], that may be False; None: any.
    """

    ranges: tuple[Range, ...]
    most_missing: Annotated[float, Field(ge=0, le=1)] | None

    def fault(self, inputs: dict[str, tuple[str, Sequence[int | str]]]) -> str | None:
        """How the limits do not fit a model's ``inputs`` (name to dtype and shape); None where they do."""
        for one in self.ranges:
            dtype, shape = inputs.get(one.input, ("none", ()))
            if not dtype.startswith("float"):
                return f"'{one.input}' is no float input"
            if len(one.low) > 1 and shape[-1] != len(one.low):
                return f"'{one.input}' has {len(one.low)} ranges, and its last axis {shape[-1]}"
        names = [one.input for one in self.ranges]
        return None if len(set(names)) == len(names) else "an input has two ranges"
