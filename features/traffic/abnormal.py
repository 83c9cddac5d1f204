"""Watches every link for abnormal flow, one interval at a time: outside its band, with a witness, told once."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from features.clock import step_on_clock
from features.errors import BadInput
from features.series import FloatArray
from features.traffic.abnormal_config import WatchConfig
from features.traffic.deviation import Deviation, at_leads, deviation
from features.traffic.happening import AbnormalFlow
from features.traffic.telling import told
from features.traffic.watch import NOBODY, Interval, Watch

_MIN_BAND = 0.05
# How fast the city's usual unrest follows; below the least, any breeze would count as unrest.
_CALM_GAIN = 0.02
_MIN_CALM = 0.05


def observe(watch: Watch, interval: Interval, config: WatchConfig) -> tuple[Watch, tuple[AbnormalFlow, ...]]:
    """One interval more.

    The 95 % band follows each link by quantile tracking, in half widths of the forecast's own interval, which carries
    the time of day: wider in the proportion ``gain * (1 - tail)`` after a miss, narrower in ``gain * tail`` else (Gibbs
    and Candes 2021, 'Adaptive conformal inference under distribution shift'; Angelopoulos, Candes and Tibshirani 2023,
    'Conformal PID control'). From the first step outside on, a link is held against the forecast issued before it.

    Args:
        watch: left untouched.
        interval: the one after the last; a missing one counts as a gap.
        config: the same from call to call.

    Returns:
        The watch, and every event that was raised, changed its links or kind, or ended.

    Raises:
        BadInput: an interval that was seen before, one off the clock, or arrays of another shape.
    """
    watch, target = _follow(watch, interval, config)
    every = deviation(interval.measured, watch.pending[target], watch.low, watch.high, watch.calm)
    lead = np.minimum(watch.age, config.hold_steps - 1)
    # A watch that has just begun, or a city that was silent, has no forecast as old as that.
    lead = np.where(np.isnan(every.expected[lead, np.arange(len(lead))]), 0, lead)
    now = at_leads(every, lead)
    calibrated = _calibrated(watch, interval.measured, at_leads(every, np.zeros_like(lead)), config)
    watch = _counted(_repeats(watch, interval.measured), now, config)
    watch = replace(watch, low=calibrated[0], high=calibrated[1], calm=calibrated[2])
    return told(watch, interval, now, config)


def _follow(watch: Watch, interval: Interval, config: WatchConfig) -> tuple[Watch, int]:
    """The watch with this interval's forecast remembered, and where its own target lies in the ring."""
    hold, count = config.hold_steps, len(watch.entities)
    if interval.measured.shape != (count,) or interval.forecast.ndim != 3 or interval.forecast.shape[::2] != (count, 3):
        raise BadInput(
            cause=f"measured {interval.measured.shape} and forecast {interval.forecast.shape} are not of {count} links",
            mend="Pass (entity,) and (entity, step, 3), entities as in the watch",
        )
    until = watch.until or interval.start
    number = step_on_clock(interval.start, watch.step_min, like=until)
    skipped = number - step_on_clock(until, watch.step_min, like=until)
    if skipped < 0:
        raise BadInput(
            cause=f"The interval from {interval.start.isoformat()} was seen; the watch is at {until.isoformat()}",
            mend="Pass each interval once, in order of time",
        )
    pending = watch.pending.copy()
    for missed in range(number - min(skipped, hold), number):
        pending[missed % hold] = np.nan
    steps = min(hold, interval.forecast.shape[1])
    for ahead in range(steps):
        pending[(number + ahead) % hold, ahead] = interval.forecast[:, ahead]
    lasts = (watch.side != 0) * skipped
    moved = replace(watch, pending=pending, gap=watch.gap + skipped, age=watch.age + lasts)
    return replace(moved, until=interval.start + timedelta(minutes=watch.step_min)), number % hold


def _calibrated(
    watch: Watch, measured: FloatArray, first: Deviation, config: WatchConfig
) -> tuple[FloatArray, FloatArray, float]:
    """The band and the city's calm after this interval, judged by its one-step-ahead forecast."""
    known = ~np.isnan(measured) & ~np.isnan(first.expected)
    widths = []
    for width, missed in ((watch.low, measured < first.low), (watch.high, measured > first.high)):
        moved = width * np.exp(np.float32(config.calibration_gain) * (missed - np.float32(config.tail)))
        widths.append(np.where(known, np.maximum(moved, _MIN_BAND), width).astype(np.float32))
    calm = watch.calm
    if not np.isnan(first.calm).all():
        calm = max(calm + _CALM_GAIN * (min(float(first.calm[0]), 2 * calm) - calm), _MIN_CALM)
    return widths[0], widths[1], calm


def _repeats(watch: Watch, measured: FloatArray) -> Watch:
    known = ~np.isnan(measured)
    same = np.where(known, np.where(measured == watch.last, watch.same + 1, 1), watch.same)
    return replace(watch, same=same, last=np.where(known, measured, watch.last))


def _counted(watch: Watch, now: Deviation, config: WatchConfig) -> Watch:
    """Every link's steps outside, inside and without a measurement."""
    known = ~np.isnan(now.outside)
    distance = np.nan_to_num(now.outside)
    sign = np.sign(distance).astype(np.int64)
    raised = watch.member != NOBODY
    beyond = known & (np.abs(distance) >= 1)
    # After a silence of the whole feed nothing goes on; what was raised ends now.
    lost = watch.gap > config.gap_steps
    again = beyond & (watch.side != 0) & (sign == watch.side) & ~lost
    begins = beyond & ~again & ~raised
    gap = np.where(known & ~(lost & raised), 0, watch.gap + 1)
    calm = known & ((np.abs(distance) < config.clear_size) | (sign != watch.side))
    inside = np.where(calm & raised, watch.inside + 1, np.where(known, 0, watch.inside))
    # What was not raised yet is forgotten after one step inside, or a gap.
    keeps = again | raised | (~known & (gap <= config.gap_steps) & (watch.side != 0))
    steps = np.where(again, watch.out + 1, watch.out)
    far = np.where(again, watch.far + np.abs(distance), watch.far)
    return replace(
        watch,
        side=np.where(begins, sign, np.where(keeps, watch.side, 0)),
        age=np.where(begins, 1, np.where(keeps, watch.age + 1, 0)),
        out=np.where(begins, 1, np.where(keeps, steps, 0)),
        far=np.where(begins, np.abs(distance), np.where(keeps, far, 0)).astype(np.float32),
        inside=inside,
        gap=gap,
        stuck=(watch.stuck & keeps) | (beyond & (watch.same >= config.stuck_steps)),
    )
