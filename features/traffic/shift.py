"""Tells when an entity has come to another level, and carries its whole profile there within days."""

from math import exp, log

import numpy as np
import numpy.typing as npt

from features.series import FloatArray
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState

# Evidence is looked at, and fades, so often; it fades within a day, so that each hour of the day weighs alike.
_LOOK_MIN = 120
_MEMORY_DAYS = 1.0
# Half of what a day without a gap leaves behind; less than that says nothing yet.
_ENOUGH_WEIGHT = 0.5
# A level that is off by that much (log ratio), and by so many usual errors, is another level ...
_SHIFTED_LOG_RATIO = 0.25
_SHIFTED_USUAL_ERRORS = 2.0
# ... and one that may be on its way there is learned neither as old nor as new, for at most so long.
_SUSPECT_LOG_RATIO = 0.15
_SUSPECT_USUAL_ERRORS = 1.5
_SUSPECT_WEIGHT = 0.3
_SUSPECT_DAYS = 2
# Where a level is known to be new, what is left of the error is corrected sooner.
_RELEARNING_LOG_RATIO = 0.05
_RELEARNING_DAYS = 7
# What reads a fraction of its level is more likely broken than moved; a profile of nothing could not grow again.
_SMALLEST_RATIO = 1 / 6
# A single spike must not look like a day's worth of traffic.
_LARGEST_SHARE = 4.0
# An hour counts where its own day type was measured before: no first holiday, no first week.
_FAMILIAR = 1
_TINY = np.float32(1e-9)


def notice(
    state: TrafficState,
    row: FloatArray,
    error: FloatArray,
    *,
    usual: FloatArray,
    seen: FloatArray,
    city: float,
    config: TrafficConfig,
) -> npt.NDArray[np.bool_]:
    """Take one interval's measurements in as evidence; (entity,), where they are to be learned as usual.

    Args:
        state: changed in place.
        row: (entity,), what was measured.
        error: (entity,), measured minus profile.
        usual: (entity,), usual absolute error at that time of day.
        seen: (entity,), measurements behind the profile at that time and type of day.
        city: the city's error as a share of its profile; NaN where unknown.
        config: of the state.
    """
    known = ~np.isnan(error)
    # A count of nothing is a road that is closed or a sensor that is dead: no level to learn.
    counts = known & (seen >= _FAMILIAR) & (row > 0)
    expected = np.where(counts, np.maximum(row - error, 0), 0)
    evidence = state.evidence
    evidence[0] += np.where(counts, np.minimum(row, _LARGEST_SHARE * expected), 0)
    evidence[1] += expected
    evidence[2] += expected if np.isnan(city) else expected * np.float32(1 + city)
    evidence[3] += np.where(counts & (usual == usual), usual, 0)
    evidence[4] += counts
    state.silent[known] = 0
    state.relearning -= known & (state.relearning > 0)
    return known & ~((state.suspected > 0) & (state.suspected <= _SUSPECT_DAYS * config.steps_per_day))


def every(config: TrafficConfig) -> int:
    """Steps from one look at the evidence to the next."""
    return max(1, _LOOK_MIN // config.step_min)


def forget(state: TrafficState, config: TrafficConfig) -> None:
    """What is left after more than a day without any measurement."""
    state.evidence.fill(0)
    state.suspected.fill(0)
    state.silent.fill(_longest_silence(config))


def follow(state: TrafficState, number: int, config: TrafficConfig) -> None:
    """Carry what has come to another level there: profile, usual error, and the recent errors against them.

    Args:
        state: changed in place; everything measured up to the end of the interval ``number`` is in.
        number: of the interval that is over.
        config: of the state.
    """
    if (number + 1) % every(config):
        return
    columns, factor = _shifted(state, config)
    if not len(columns):
        return
    state.level[..., columns] *= factor
    state.dispersion[..., columns] *= factor
    recent = np.arange(number - config.history_steps + 1, number + 1)
    own = np.ix_(recent % config.memory_steps, columns)
    old = state.residual[own]
    measured = state.observed[recent % config.history_steps][:, columns]
    new = measured - factor * (measured - old)
    # An hour before the shift was as far off its own level as it was; what lies further back is not told apart.
    state.residual[:, columns] = np.nan
    state.residual[own] = np.where(np.abs(new) < np.abs(factor * old), new, factor * old)


def _shifted(state: TrafficState, config: TrafficConfig) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Entities that are found at another level now, and the factor from the profile to it.

    A shift has to show both with and without the city's own error taken out, so that neither an odd day of the whole
    city nor a city error that the shifts of others cause makes one.

    Args:
        state: its evidence ages by one look; that of what is returned starts anew.
        config: of the state.
    """
    off, factor, usual_errors = _off(state)
    weight = state.evidence[4] / _full_weight(config)
    relearning = state.relearning > 0
    suspect = (off > _SUSPECT_LOG_RATIO) & (usual_errors > _SUSPECT_USUAL_ERRORS) & (weight > _SUSPECT_WEIGHT)
    suspect &= ~relearning
    found = suspect & (off > _SHIFTED_LOG_RATIO) & (usual_errors > _SHIFTED_USUAL_ERRORS)
    found |= relearning & (off > _RELEARNING_LOG_RATIO)
    found &= (weight > _ENOUGH_WEIGHT) & (off < -log(_SMALLEST_RATIO))
    columns = np.flatnonzero(found)
    _age(state, config, suspect)
    if len(columns):
        state.relearning[found & ~relearning] = _RELEARNING_DAYS * config.steps_per_day
        state.evidence[:, columns] = 0
        state.suspected[columns] = 0
    return columns, factor[columns]


def _off(state: TrafficState) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(entity,) each: how far off the level is (log ratio), the factor that says so, and in usual errors."""
    measured, expected = state.evidence[0], state.evidence[1:3]
    ratio = np.maximum(measured, _TINY) / np.maximum(expected, _TINY)
    log_ratio = np.log(ratio)
    with_city = np.abs(log_ratio[1]) < np.abs(log_ratio[0])
    nearer = np.where(with_city, log_ratio[1], log_ratio[0])
    off = np.where(log_ratio[0] * log_ratio[1] > 0, np.abs(nearer), 0)
    factor = np.where(with_city, ratio[1], ratio[0])
    error = np.abs(measured - expected).min(axis=0)
    return off, factor, error / np.maximum(state.evidence[3], _TINY)


def _age(state: TrafficState, config: TrafficConfig, suspect: npt.NDArray[np.bool_]) -> None:
    """Time passes: evidence fades, and where nothing was measured for about a day there is none."""
    np.minimum(state.silent + every(config), _longest_silence(config), out=state.silent)
    gone = state.silent >= _longest_silence(config)
    state.suspected += every(config)
    state.suspected[~suspect | gone] = 0
    state.evidence *= np.float32(_fading(config))
    state.evidence[:, gone] = 0


def _longest_silence(config: TrafficConfig) -> int:
    """Steps that are surely counted, look by look, in a silence of more than a day."""
    return max(1, config.steps_per_day - every(config))


def _fading(config: TrafficConfig) -> float:
    return exp(-every(config) / (_MEMORY_DAYS * config.steps_per_day))


def _full_weight(config: TrafficConfig) -> np.float32:
    """Intervals that the evidence weighs where none is missing."""
    return np.float32(every(config) / (1 - _fading(config)))
