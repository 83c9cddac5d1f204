"""Rolling origin: when to fit anew, and the check that no forecast knew what came after it.

Tashman (2000), 'Out-of-sample tests of forecasting accuracy', calls it that: an origin moves forward through time, a
model is fitted on what lies before it, and forecasts what lies behind.
"""

from dataclasses import replace
from datetime import UTC

import numpy as np

from features.clock import utc_times
from features.errors import BadInput, HaechiError
from features.series import FloatArray, Panel

NEVER = "never"


def refit_days(text: str) -> int | None:
    """The days between two fits that ``--refit-days`` names; None for never.

    Raises:
        BadInput: neither a positive whole number nor ``never``.

    >>> refit_days("7"), refit_days("never")
    (7, None)
    """
    if text == NEVER:
        return None
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise BadInput(
            cause=f"--refit-days {text} is no positive whole number", mend=f"Give days, e.g. 28, or '{NEVER}'"
        )
    return int(text)


def segments(first: int, end: int, *, every_days: int | None, steps_per_day: int, horizon_steps: int) -> list[range]:
    """The rows that each fit forecasts: it is made at the first of them, of everything before.

    Args:
        first: row of the first origin.
        end: row at which the last target ends.
        every_days: between two origins; None fits once.
        steps_per_day: rows of a day.
        horizon_steps: an origin after which no forecast could be judged is left out.

    Raises:
        BadInput: the interval ends before the second origin.

    >>> segments(100, 200, every_days=2, steps_per_day=24, horizon_steps=24)
    [range(100, 148), range(148, 200)]
    """
    if every_days is None:
        return [range(first, end)]
    every = every_days * steps_per_day
    if every >= end - first:
        raise BadInput(
            cause=f"--refit-days {every_days}: the {(end - first) / steps_per_day:.1f} days that are judged end before "
            "the second fit",
            mend=f"Give fewer days; this many equals '{NEVER}'",
        )
    origins = [row for row in range(first, end, every) if row + horizon_steps <= end]
    return [range(row, then) for row, then in zip(origins, [*origins[1:], end], strict=True)]


def hidden(panel: Panel, row: int, chance: np.random.Generator) -> Panel:
    """The same past and another future: what was not yet known at the start of ``row`` is another value, or missing.

    Args:
        panel: left untouched.
        row: of the interval that step 1 would cover.
        chance: draws what stands there instead.
    """
    now = np.datetime64(panel.time(row).astimezone(UTC).replace(tzinfo=None), "s")
    ends = utc_times(panel.start + panel.step, panel.step_min, len(panel))[:, None]
    known_at = panel.available_at
    unknown = np.broadcast_to(ends > now, panel.values.shape)
    if known_at is not None:
        unknown = unknown | (known_at > now)
    wild = chance.uniform(0, 1e5, panel.values.shape).astype(np.float32)
    wild[chance.random(wild.shape) < 0.5] = np.nan
    values = np.where(unknown, wild, panel.values)
    covariates = panel.covariates
    if covariates is not None:
        odd = chance.normal(0, 100, covariates.values.shape).astype(np.float32)
        others = np.where((covariates.available_at > now)[:, None], odd, covariates.values)
        covariates = replace(covariates, values=others)
    if known_at is not None:
        # News of its own has a time of its own: as late as what stood there, or one step after the issue time.
        later = np.maximum(ends, now + np.timedelta64(panel.step_min, "m"))
        known_at = np.where(unknown & np.isnat(known_at), later, known_at)
    return replace(panel, values=values, available_at=known_at, covariates=covariates)


def refuse_leak(panel: Panel, row: int, forecast: FloatArray, with_another_future: FloatArray) -> None:
    """Two forecasts issued at ``row`` must be the same to the last bit.

    Args:
        panel: columns as in the forecasts' first axis.
        row: of the interval that step 1 covers.
        forecast: (entity, step, quantile).
        with_another_future: the same of ``hidden(panel, row)``.

    Raises:
        HaechiError: names the issue time and the first entity that knew too much.
    """
    same = (forecast == with_another_future) | (np.isnan(forecast) & np.isnan(with_another_future))
    leaks = np.flatnonzero(~same.reshape(len(same), -1).all(axis=1))
    if len(leaks):
        raise HaechiError(
            cause=f"Leak: the forecast issued at {panel.time(row).isoformat()} for {panel.entities[leaks[0]]} "
            f"changes with what was measured later ({len(leaks)} of {len(same)} entities)",
            mend="Do not trust any score of this code; report it with the command that you ran",
        )
