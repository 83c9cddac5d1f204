"""How far a mean over days may be off by chance, where one day's error resembles the next day's.

Whole days are drawn in blocks (the moving-block bootstrap of Künsch 1989, "The jackknife and the bootstrap for general
stationary observations", Annals of Statistics 17), so that what hangs together inside a block stays together. The
statistic is a ratio of sums, errors over targets, and is drawn in its linear form (Davison and Hinkley 1997, section
2.7), which stays finite where a draw holds none of a regime's few days. Few blocks are few observations: the interval
is as wide as Student's t of that many less one makes it. What hangs together across the ends of blocks they cannot see:
the interval is widened by as much as blocks of that length miss of a first-order autoregression of the days' own
resemblance (the idea of Andrews and Monahan 1992, "An improved heteroskedasticity and autocorrelation consistent
covariance matrix estimator", Econometrica 60), which a few days show too small (Kendall 1954, "Note on bias in the
estimation of autocorrelation", Biometrika 41).
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
LEVEL = 0.95
FEWEST_BLOCKS = 3
"""Of fewer, nothing can be told."""

_WEEK = 7
_BLOCKS_WANTED = 6
# Few days that trend look like one another without end.
_MOST_RESEMBLANCE = 0.8

Days = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interval:
    """Ratios of sums with the interval that holds each at 95 %.

    Attributes:
        value: (series,).
        low: (series,), NaN where there are too few days to tell.
        high: (series,).
    """

    value: Days
    low: Days
    high: Days


def block_days(days: int, horizon_min: int) -> int:
    """The days of a block: a week where that leaves six blocks, fewer where it does not.

    Never fewer than one forecast reaches over, whose error is in each of them.

    >>> block_days(73, horizon_min=1440), block_days(24, horizon_min=1440), block_days(7, horizon_min=1440)
    (7, 4, 2)
    """
    reach = 1 + -(-horizon_min // 1440)
    return max(min(_WEEK, days // _BLOCKS_WANTED), reach)


def mean_interval(sums: Days, counts: Days, *, block: int, seed: int) -> Interval:
    """The mean of each series with its interval.

    Args:
        sums: (day, series), of what is averaged.
        counts: (day, series), targets.
        block: days of a block.
        seed: of the draws.
    """
    total = counts.sum(axis=0)
    value = np.divide(sums.sum(axis=0), total, out=np.full_like(total, np.nan), where=total > 0)
    influence = (sums - np.nan_to_num(value) * counts) / np.maximum(total, 1)
    drawn = _draws(len(sums), block, seed) @ influence
    days = (counts > 0).sum(axis=0)
    # A regime's days lie apart: each is then an observation, if no more of them than there are blocks.
    blocks = np.minimum(days, (counts > 0).any(axis=1).sum() / block)
    told = blocks >= FEWEST_BLOCKS
    # What a few observations vary about their own mean is less than about the true one.
    wider = np.sqrt(blocks / np.maximum(blocks - 1, 1)) * _student(np.maximum(blocks - 1, 1))
    half = np.where(told, drawn.std(axis=0) * wider * _across_blocks(influence, block), np.nan)
    return Interval(value=value, low=value - half, high=value + half)


def _draws(days: int, block: int, seed: int) -> Days:
    """(resample, day), how often each day is drawn."""
    chance = np.random.default_rng(seed)
    block = min(block, days)
    first = chance.integers(0, days - block + 1, (RESAMPLES, -(-days // block)))
    drawn = (first[:, :, None] + np.arange(block)).reshape(RESAMPLES, -1)[:, :days]
    drawn += np.arange(RESAMPLES)[:, None] * days
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * days).reshape(RESAMPLES, days).astype(np.float64)


def _across_blocks(influence: Days, block: int) -> Days:
    """(series,), how much wider an interval is than blocks make it: the square root of the ratio of variances.

    Args:
        influence: (day, series), of mean zero.
        block: days of a block.
    """
    size = (influence**2).sum(axis=0)
    beside = (influence[1:] * influence[:-1]).sum(axis=0)
    seen = np.divide(beside, size, out=np.zeros_like(size), where=size > 0)
    share = (seen + (1 + 4 * seen) / len(influence)).clip(0, _MOST_RESEMBLANCE)
    lag = np.arange(1, block)[:, None]
    inside = 1 + 2 * ((1 - lag / block) * share**lag).sum(axis=0)
    return np.asarray(np.sqrt((1 + share) / (1 - share) / inside))


def _student(freedom: Days) -> Days:
    """The two-sided quantile of Student's t at 95 % (Abramowitz and Stegun 1964, 26.7.5; within 3 % from two on)."""
    z, v = NormalDist().inv_cdf((1 + LEVEL) / 2), freedom
    return np.asarray(
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )
