"""From the readings of one signal to its features, as they were known at each issue time."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from features.disaster.signal import Feature, Signal, Still

FloatArray = npt.NDArray[np.float32]


def screened(readings: FloatArray, signal: Signal) -> FloatArray:
    """Readings that can be true: what is not plausible, and what a stuck sensor repeats, becomes missing.

    Args:
        readings: (row, step), oldest first.
        signal: whose they are.
    """
    low, high = signal.plausible
    with np.errstate(invalid="ignore"):
        true = np.where((readings >= low) & (readings <= high), readings, np.float32(np.nan))
    stuck = np.zeros(true.shape, dtype=np.bool_)
    for still in signal.frozen:
        stuck |= _stuck(true, still)
    return np.where(stuck, np.float32(np.nan), true)


def _stuck(true: FloatArray, still: Still) -> npt.NDArray[np.bool_]:
    """Readings of a row of equal ones that is as long as a stuck sensor's."""
    stuck = np.zeros(true.shape, dtype=np.bool_)
    if true.shape[1] < still.readings:
        return stuck
    same = np.zeros(true.shape, dtype=np.int64)
    same[:, 1:] = true[:, 1:] == true[:, :-1]
    if still.at_least is not None:
        with np.errstate(invalid="ignore"):
            same &= true >= still.at_least
    run = np.cumsum(same, axis=1)
    length = still.readings - 1
    # All of so many comparisons in a row: the reading at their end is stuck, and so are those before it.
    stuck_at = run[:, length:] - run[:, :-length] == length
    for back in range(length + 1):
        stuck[:, length - back : true.shape[1] - back] |= stuck_at
    return stuck


def held(readings: FloatArray, hold: int) -> FloatArray:
    """Each missing reading replaced by the last one before it that is at most ``hold`` steps older."""
    steps = np.arange(readings.shape[1])
    known = np.where(np.isnan(readings), -1, steps)
    latest = np.maximum.accumulate(known, axis=1)
    usable = (latest >= 0) & (steps - latest <= hold)
    filled = np.take_along_axis(readings, np.maximum(latest, 0), axis=1)
    return np.where(usable, filled, np.float32(np.nan))


def features(readings: FloatArray, signal: Signal, wanted: Sequence[Feature], ahead: FloatArray) -> FloatArray:
    """The features of one signal, (row, feature), NaN where unknown.

    Args:
        readings: (row, step), screened and held, oldest first, the latest last.
        signal: whose they are.
        wanted: its features.
        ahead: (row, steps ahead), forecast readings, NaN where none was issued.
    """
    seen, coming = _power(readings, signal.power), _power(ahead, signal.power)
    latest = seen[:, -1]
    found = []
    for each in wanted:
        if each.kind == "lag":
            found.append(seen[:, -1 - each.steps])
        elif each.kind == "change":
            found.append(latest - seen[:, -1 - each.steps])
        elif each.kind == "ahead":
            found.append(coming[:, each.steps - 1])
        else:
            found.append(_window(seen[:, -each.steps :], each.kind, signal))
    return np.stack(found, axis=1).astype(np.float32)


def _window(seen: FloatArray, kind: str, signal: Signal) -> FloatArray:
    known = ~np.isnan(seen)
    none = ~known.any(axis=1)
    if kind in ("highest", "lowest"):
        empty, best = (-np.inf, np.max) if kind == "highest" else (np.inf, np.min)
        found = best(np.where(known, seen, np.float32(empty)), axis=1)
    else:
        line = _power(np.array([0.0 if signal.line is None else signal.line], dtype=np.float32), signal.power)
        each = np.where(known, seen >= line if kind == "spent" else seen, 0.0)
        found = each.sum(axis=1, dtype=np.float64)
        if kind != "total":
            found = found / np.maximum(known.sum(axis=1), 1)
    return np.where(none, np.float32(np.nan), found.astype(np.float32))


def _power(values: FloatArray, power: float) -> FloatArray:
    if power == 1.0:
        return values
    found: FloatArray = (np.sign(values) * np.abs(values) ** np.float32(power)).astype(np.float32)
    return found
