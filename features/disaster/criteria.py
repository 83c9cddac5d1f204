"""Judges readings by the criteria of a hazard: is a level met, is it in force, and by how much; unknown stays unknown.

A reading that is missing may have been anything. Each comparison is therefore made on the least and the most that
could have been, and a level is met or not only where both agree: a dead gauge is never calm.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.disaster.hazard import Hazard
from features.disaster.level import Condition, Level
from features.errors import BadInput

FloatArray = npt.NDArray[np.float64]
Readings = Mapping[str, npt.NDArray[np.floating]]
"""Each quantity, (time, entity), in its unit, NaN where nothing was measured; rows are ``step_min`` apart."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Margin:
    """How far a level is from being met, in the unit compared: met from 0 up. Both (time, entity).

    Attributes:
        least: the least that it can have been, -inf where nothing bounds it.
        most: the most, inf where nothing bounds it; the same as ``least`` where every reading is there.
    """

    least: FloatArray
    most: FloatArray

    @property
    def met(self) -> FloatArray:
        """1 where the level is met, 0 where it is not, NaN where nobody can tell."""
        return np.where(self.least >= 0, 1.0, np.where(self.most < 0, 0.0, np.nan))

    @property
    def known(self) -> FloatArray:
        """The margin where every reading behind it is there, NaN elsewhere."""
        return np.where(self.least == self.most, self.least, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Levels that differ by how much alone: one value tells of all of them.

    Attributes:
        levels: their numbers in the hazard.
        thresholds: of each, on the scale of the value: it is met from there on.
        rises: whether it is met by a larger value; else by a smaller.
        plain: whether the value is the hazard's own quantity, reading by reading.
    """

    levels: tuple[int, ...]
    thresholds: tuple[float, ...]
    rises: bool
    plain: bool


def groups(hazard: Hazard) -> tuple[Group, ...]:
    """The hazard's levels by what they compare; the value of each is its first level's threshold and margin together.

    >>> from features.disaster.table import hazard
    >>> groups(hazard("river_jamsu"))
    (Group(levels=(0, 1, 2), thresholds=(550.0, 620.0, 650.0), rises=True, plain=True),)
    """
    found: list[tuple[list[int], list[float]]] = []
    for number, level in enumerate(hazard.levels):
        for members, thresholds in found:
            apart = _apart(hazard.levels[members[0]], level)
            if apart is not None:
                members.append(number)
                thresholds.append(thresholds[0] + apart)
                break
        else:
            found.append(([number], [level.met[0][0].threshold]))
    rises = hazard.levels[0].met[0][0].rises
    return tuple(
        Group(
            levels=tuple(members),
            thresholds=tuple(thresholds),
            rises=rises,
            plain=hazard.levels[members[0]].shapes == (((hazard.quantity, rises, None, 1),),),
        )
        for members, thresholds in found
    )


def value(hazard: Hazard, group: Group, readings: Readings) -> FloatArray:
    """What the levels of a group compare with their thresholds: (time, entity), NaN where it is not known."""
    first = hazard.levels[group.levels[0]]
    known = margin(first, readings, hazard.step_min).known
    return group.thresholds[0] + (known if group.rises else -known)


def _apart(one: Level, other: Level) -> float | None:
    """By how much the thresholds of ``other`` differ from those of ``one``; None where by more than one number."""
    if one.shapes != other.shapes:
        return None
    pairs = [pair for ways in zip(one.met, other.met, strict=True) for pair in zip(*ways, strict=True)]
    differences = {second.threshold - first.threshold for first, second in pairs}
    return differences.pop() if len(differences) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InForce:
    """What is in force, 1, or not, 0, or NaN. Both (time, entity).

    Attributes:
        now: at each reading; NaN where it is missing or nothing decisive was seen yet.
        carried: the last that was decided, carried over gaps, as a state remembers it.
    """

    now: FloatArray
    carried: FloatArray


def margin(level: Level, readings: Readings, step_min: int) -> Margin:
    """How far ``level`` is from being met at each reading.

    Of the ways to meet it the nearest counts, of a way's conditions the furthest, of readings that must all meet it
    the furthest too.

    Args:
        level: whose ``met`` is judged.
        readings: of every quantity that it compares.
        step_min: minutes from one reading to the next.

    Raises:
        BadInput: a quantity is not among the readings.
    """
    ways = [_all([_margin(each, readings, step_min) for each in way]) for way in level.met]
    return Margin(
        least=np.maximum.reduce([way.least for way in ways]), most=np.maximum.reduce([way.most for way in ways])
    )


def in_force(
    hazard: Hazard,
    level: Level,
    readings: Readings,
    before: npt.NDArray[np.floating] | None = None,
    lookback: int = 0,
) -> InForce:
    """Whether a level is in force at each reading: from when it is met until it is released.

    Args:
        hazard: of which ``level`` is one.
        level: judged.
        readings: of every quantity that it compares.
        before: (entity,), what was in force before row ``lookback``, 1, 0 or NaN; None: nobody knows.
        lookback: so many first rows are there only to be looked back on: nothing is decided by them.

    Raises:
        BadInput: a quantity is not among the readings.
    """
    met = margin(level, readings, hazard.step_min).met
    carried = _carried(met, _lifted(level, readings, met, hazard.step_min), before, lookback)
    unread = np.isnan(_values(hazard.quantity, readings))
    # What may have been met in a gap is not known to be off; what was in force is, until it is seen released.
    unsure = np.isnan(met) & (carried != 1)
    return InForce(now=np.where(unread | unsure, np.nan, carried), carried=carried)


def _lifted(level: Level, readings: Readings, met: FloatArray, step_min: int) -> npt.NDArray[np.bool_]:
    if not level.released:
        return np.asarray(met == 0)
    released = _all([_margin(each, readings, step_min) for each in level.released])
    # Met and released at once, e.g. by the sum of hours after the rain: it stays.
    return np.asarray((released.met == 1) & (met != 1))


def _carried(
    met: FloatArray,
    lifted: npt.NDArray[np.bool_],
    before: npt.NDArray[np.floating] | None,
    lookback: int,
) -> FloatArray:
    """The last decision, row by row: 1 since it was met, 0 since it was lifted, NaN before either."""
    decided = np.where(met == 1, 1.0, np.where(lifted, 0.0, np.nan))
    decided[:lookback] = np.nan if before is None else np.asarray(before, dtype=np.float64)
    if not lookback and before is not None:
        decided[0] = np.where(np.isnan(decided[0]), before, decided[0])
    rows = np.where(np.isnan(decided), 0, np.arange(len(decided))[:, None])
    latest = np.maximum.accumulate(rows, axis=0)
    found: FloatArray = np.take_along_axis(decided, latest, axis=0)
    return found


def _all(margins: list[Margin]) -> Margin:
    return Margin(
        least=np.minimum.reduce([each.least for each in margins]),
        most=np.minimum.reduce([each.most for each in margins]),
    )


def _margin(condition: Condition, readings: Readings, step_min: int) -> Margin:
    values = _values(condition.quantity, readings)
    low, high = (np.where(np.isnan(values), bound, values) for bound in (-np.inf, np.inf))
    if condition.sum_h is not None:
        low, high = _sums(values, condition.sum_h * 60 // step_min)
    # A hair beyond the threshold is what 'above' and 'below' ask for: on it they do not hold.
    beyond = np.finfo(np.float64).tiny if condition.above is not None or condition.below is not None else 0.0
    if condition.rises:
        least, most = low - condition.threshold - beyond, high - condition.threshold - beyond
    else:
        least, most = condition.threshold - high - beyond, condition.threshold - low - beyond
    return Margin(
        least=_least_of(least, condition.readings, unknown=-np.inf),
        most=_least_of(most, condition.readings, unknown=np.inf),
    )


def _values(quantity: str, readings: Readings) -> FloatArray:
    if quantity not in readings:
        raise BadInput(
            cause=f"The criterion compares '{quantity}', which is not measured (there are: {', '.join(readings)})",
            mend=f"Give a column '{quantity}', or a hazard whose quantity is measured",
        )
    return np.asarray(readings[quantity], dtype=np.float64)


def _sums(values: FloatArray, steps: int) -> tuple[FloatArray, FloatArray]:
    """The least and the most that ``steps`` readings can have summed to: what is summed is never negative."""
    known = np.nan_to_num(values)
    padded = np.vstack([np.zeros((steps - 1, values.shape[1])), known])
    least = np.add.reduce([padded[back : back + len(values)] for back in range(steps)])
    missing = np.vstack([np.ones((steps - 1, values.shape[1]), dtype=np.bool_), np.isnan(values)])
    unknown = np.logical_or.reduce([missing[back : back + len(values)] for back in range(steps)])
    return least, np.where(unknown, np.inf, least)


def _least_of(bound: FloatArray, readings: int, *, unknown: float) -> FloatArray:
    """The least over so many readings, those before the first being ``unknown``."""
    padded = np.vstack([np.full((readings - 1, bound.shape[1]), unknown), bound])
    found: FloatArray = np.minimum.reduce([padded[back : back + len(bound)] for back in range(readings)])
    return found
