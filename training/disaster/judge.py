"""Judges what a model said beside what anyone could have said, level by level and event by event."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.disaster.config import DisasterConfig
from training.alarms import Alarms, all_places, judge_alarms
from training.disaster.model import targets_of
from training.disaster.sample import Said, Sample
from training.disaster.scores import AlarmScore, Judgement, LevelScore, QuantityScore
from training.probabilities import average_precision, brier, calibration_error, reliability, skill

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

QUIET_H = 12
"""Hours without the level after which it is another event."""

_THRESHOLDS = np.round(np.concatenate([[0.02], np.arange(0.05, 1.0, 0.05)]), 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What a model said of every row, and what its baselines did.

    Attributes:
        model: that is judged.
        linear: its core without trees.
        bins: persistence as a probability.
    """

    model: Said
    linear: Said
    bins: Said


def judge(
    said: Answers, sample: Sample, rows: BoolArray, config: DisasterConfig, thresholds: Mapping[str, float]
) -> Judgement:
    """Judge the rows of ``rows``.

    Args:
        said: of every row.
        sample: of the same rows.
        rows: (row,), which are judged.
        config: of the hazard.
        thresholds: of each level's alarm, chosen elsewhere.
    """
    hazard = config.hazard
    levels = []
    for number in range(len(hazard.levels)):
        for kind in ("within", "met"):
            for at in range(len(hazard.horizons_h)):
                levels.append(_level(said, sample, rows, config, (number, kind, at)))
    alarms = tuple(
        AlarmScore(
            level=level.name,
            horizon_h=hazard.alarm_h,
            threshold=thresholds[level.name],
            alarms=alarms_at(said.model, sample, rows, config, number, thresholds[level.name]),
        )
        for number, level in enumerate(hazard.levels)
    )
    now = np.asarray(sample.inputs["now"], dtype=np.float64)
    high = [] if hazard.high is None else [rows & (now >= hazard.high)]
    whole, *apart = (
        tuple(_quantity(said, sample, some, at, hours) for at, hours in enumerate(hazard.horizons_h))
        for some in (rows, *high)
    )
    return Judgement(quantities=whole, high=apart[0] if apart else (), levels=tuple(levels), alarms=alarms)


def choose_thresholds(
    said: Said, sample: Sample, rows: BoolArray, config: DisasterConfig, miss_cost: float
) -> dict[str, float]:
    """The threshold of each level's alarm that costs least on ``rows``; of equal ones the lowest, which warns first.

    Args:
        said: of every row, by a model that had not seen it.
        sample: of the same rows.
        rows: (row,), which are looked at.
        config: of the hazard.
        miss_cost: false alarms that a miss costs.
    """
    found = {}
    for number, level in enumerate(config.hazard.levels):
        costs = [
            alarms_at(said, sample, rows, config, number, float(threshold)).cost(miss_cost) for threshold in _THRESHOLDS
        ]
        found[level.name] = float(_THRESHOLDS[int(np.argmin(costs))])
    return found


def alarms_at(
    said: Said, sample: Sample, rows: BoolArray, config: DisasterConfig, level: int, threshold: float
) -> Alarms:
    """What alarms of one level at one threshold came to, over all places.

    Args:
        said: of every row.
        sample: of the same rows.
        rows: (row,), which are judged.
        config: of the hazard.
        level: number of the level.
        threshold: an alarm stands where the probability within ``alarm_h`` is at least this.
    """
    hazard = config.hazard
    at = hazard.horizons_h.index(hazard.alarm_h)
    steps = hazard.alarm_h * 60 // hazard.step_min
    quiet = max(1, QUIET_H * 60 // hazard.step_min)
    found = []
    for place in range(sample.labels.quantity.shape[1]):
        own = np.flatnonzero(rows & (sample.place == place))
        if not len(own):
            continue
        alarm = np.zeros(len(sample.labels), dtype=np.bool_)
        alarm[sample.issue[own]] = said.within[own, level, at] >= threshold
        force = np.full(len(sample.labels), np.nan)
        first, last = int(sample.issue[own[0]]), int(sample.issue[own[-1]])
        # What came before the rows judged tells whether their first reading begins an event.
        before = max(0, first - quiet - 1)
        force[before : last + 1] = sample.labels.force[level, before : last + 1, place]
        found.append(
            judge_alarms(
                alarm, force, window_steps=steps, step_h=hazard.step_min / 60, quiet_steps=quiet, first_row=first
            )
        )
    return all_places(found)


def _quantity(said: Answers, sample: Sample, rows: BoolArray, at: int, horizon_h: int) -> QuantityScore:
    came, now = sample.at[:, at].astype(np.float64), np.asarray(sample.inputs["now"], dtype=np.float64)
    level, middle = said.model.level, said.model.level.shape[2] // 2
    median, linear = (each.level[:, at, middle].astype(np.float64) for each in (said.model, said.linear))
    known = rows & ~np.isnan(came) & ~np.isnan(median) & sample.inputs["now_mask"].astype(np.bool_)
    error, still = median[known] - came[known], now[known] - came[known]
    inside = (came >= level[:, at, 0]) & (came <= level[:, at, -1])
    return QuantityScore(
        horizon_h=horizon_h,
        count=int(known.sum()),
        rmse=_root(error),
        rmse_persistence=_root(still),
        rmse_linear=_root(linear[known] - came[known]),
        mae=_mean(np.abs(error)),
        mae_persistence=_mean(np.abs(still)),
        coverage=_mean(inside[known].astype(np.float64)),
    )


def _level(
    said: Answers,
    sample: Sample,
    rows: BoolArray,
    config: DisasterConfig,
    which: tuple[int, str, int],
) -> LevelScore:
    """Of one level, by number, kind of probability, and number of the horizon."""
    number, kind, at = which
    probability, linear, bins = (
        (each.within if kind == "within" else each.met)[:, number, at].astype(np.float64)
        for each in (said.model, said.linear, said.bins)
    )
    came = (sample.within if kind == "within" else sample.met)[:, number, at].astype(np.float64)
    usual = sample.inputs["usual_within" if kind == "within" else "usual"][:, number, at]
    known = rows & ~np.isnan(came) & ~np.isnan(probability)
    p, y = probability[known], came[known]
    return LevelScore(
        level=config.hazard.levels[number].name,
        kind=kind,
        horizon_h=config.hazard.horizons_h[at],
        count=int(known.sum()),
        came=int(y.sum()),
        brier=brier(p, y),
        skill_climatology=skill(p, np.asarray(usual[known], dtype=np.float64), y),
        skill_persistence=skill(p, persistence(sample, config, number)[known], y),
        skill_bins=skill(p, bins[known], y),
        skill_linear=skill(p, linear[known], y),
        average_precision=average_precision(p, y),
        calibration_error=calibration_error(p, y),
        bins=reliability(p, y),
    )


def persistence(sample: Sample, config: DisasterConfig, level: int) -> npt.NDArray[np.float64]:
    """(row,): 1 where a level is met now, 0 where not, NaN where nobody knows."""
    for number, group in enumerate(targets_of(config).groups):
        if level in group.levels:
            threshold = group.thresholds[group.levels.index(level)]
            value = np.asarray(sample.inputs["value"], dtype=np.float64)[:, number]
            reached = value >= threshold if group.rises else value <= threshold
            return np.where(sample.inputs["value_mask"][:, number], reached.astype(np.float64), np.nan)
    return np.full(len(sample), np.nan)


def _root(errors: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(errors**2))) if len(errors) else float("nan")


def _mean(values: npt.NDArray[np.float64]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
