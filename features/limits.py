"""How far a model may be trusted: what its inputs looked like in training, as its manifest says it."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, FiniteFloat, model_validator

from features.frozen import Frozen, Text

MASK_ENDING = "_mask"
"""What the name of a mask ends in: a boolean input, False where a value of another input is missing."""


_Nine = Annotated[tuple[FiniteFloat, ...], Field(min_length=9, max_length=9)]


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


class Deciles(Frozen):
    """How the values of one input were spread in training, to tell later whether what comes in has drifted.

    Attributes:
        input: its name.
        values: for the whole input, or for each place of its last axis, the 10 % to 90 % points, in the input's unit;
            what a mask says is missing counts as the model was given it.
    """

    input: Text
    values: Annotated[
        tuple[Annotated[tuple[FiniteFloat, ...], Field(min_length=9, max_length=9)], ...], Field(min_length=1)
    ]


class Limits(Frozen):
    """What a row may hold to be answered by the model; the fallback answers any other.

    Attributes:
        ranges: of its float inputs.
        most_missing: share of a row's masks, in [0, 1], that may be False: the mean over the masks of each one's own
            share, so that a long mask counts no more than a short one; None: any.
    """

    ranges: tuple[Range, ...]
    most_missing: Annotated[float, Field(ge=0, le=1)] | None


def fault(channels: Sequence[tuple[str, int]], inputs: Mapping[str, tuple[str, Sequence[int | str]]]) -> str | None:
    """How what is said of some inputs does not fit a model; None where it does.

    Args:
        channels: name of an input, and for how many places of its last axis something is said of it.
        inputs: of the model, name to dtype and shape.

    >>> fault([("x", 2)], {"x": ("float32", ("entity", 3))})
    "'x' has 2 ranges, and its last axis 3"
    """
    for name, count in channels:
        dtype, shape = inputs.get(name, ("none", ()))
        if not dtype.startswith("float"):
            return f"'{name}' is no float input"
        if count > 1 and shape[-1:] != (count,):
            return f"'{name}' has {count} ranges, and its last axis {shape[-1] if shape else 'is none'}"
    names = [name for name, _ in channels]
    return None if len(set(names)) == len(names) else "an input has two ranges"
