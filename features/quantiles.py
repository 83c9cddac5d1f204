"""The quantiles that a model forecasts: which may be asked for, what they are called, how wide they start."""

from decimal import Decimal
from statistics import NormalDist

import numpy as np

from features.errors import BadInput
from features.series import FloatArray

MEDIAN = 0.5
DEFAULT = (0.1, MEDIAN, 0.9)
_MOST = 9
# A normal error's 10 % point lies at 1.6 usual absolute errors.
_FIRST_WIDTH_OF_80 = 1.6


def refuse_unusable(levels: tuple[float, ...]) -> None:
    """Refuse levels that no forecast can be made of.

    Raises:
        BadInput: not rising, even in number, fewer than three or more than nine, one outside 0 to 1, or without 0.5
            in the middle.
    """
    faults = {
        f"has {len(levels)} levels, not 3, 5, 7 or {_MOST}": len(levels) % 2 == 0 or not 3 <= len(levels) <= _MOST,
        "holds a level outside 0 to 1": not all(0 < level < 1 for level in levels),
        "does not rise": list(levels) != sorted(set(levels)),
        f"has not {MEDIAN} in the middle": levels[len(levels) // 2 :][:1] != (MEDIAN,),
    }
    for fault, found in faults.items():
        if found:
            raise BadInput(
                cause=f"quantiles={list(levels)} {fault}",
                mend=f"Give rising levels, as many below {MEDIAN} as above it, e.g. [0.05, 0.25, 0.5, 0.75, 0.95]",
            )


def outer(levels: tuple[float, ...]) -> tuple[float, ...]:
    """All but the median, rising.

    >>> outer((0.1, 0.5, 0.9))
    (0.1, 0.9)
    """
    half = len(levels) // 2
    return (*levels[:half], *levels[half + 1 :])


def first_widths(levels: tuple[float, ...]) -> tuple[float, ...]:
    """Distances of the outer quantiles from the median in usual absolute errors, as they are of a normal error.

    >>> first_widths((0.1, 0.5, 0.9))
    (1.6, 1.6)
    """
    normal = NormalDist()
    of_80 = normal.inv_cdf(0.9)
    return tuple(_FIRST_WIDTH_OF_80 * round(abs(normal.inv_cdf(level)) / of_80, 9) for level in outer(levels))


def column(level: float) -> str:
    """What a quantile is called in tables, by its percent.

    >>> [column(level) for level in (0.025, 0.05, 0.1, 0.5)]
    ['q2_5', 'q05', 'q10', 'q50']
    """
    percent = Decimal(str(level)) * 100
    if percent == percent.to_integral_value():
        return f"q{int(percent):02d}"
    return f"q{percent.normalize():f}".replace(".", "_")


def as_80(forecast: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """The 80 % interval of a forecast and its median: its own, or the outermost as wide as a normal error's would be.

    Args:
        forecast: (..., quantile).
        levels: of the quantiles.

    Returns:
        (..., 3): about q10, q50 and about q90.
    """
    middle = len(levels) // 2
    median, ends = forecast[..., middle], []
    widths, own = first_widths(levels), dict(zip(levels, range(len(levels)), strict=True))
    for level, at, width in ((DEFAULT[0], 0, widths[0]), (DEFAULT[-1], -1, widths[-1])):
        scaled = median + (forecast[..., at] - median) * np.float32(_FIRST_WIDTH_OF_80 / width)
        ends.append(forecast[..., own[level]] if level in own else scaled)
    found: FloatArray = np.stack([ends[0], median, ends[1]], axis=-1).astype(np.float32)
    return found
