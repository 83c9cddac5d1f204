"""A sensor that comes to another level is found, carried there and said to be; nothing else is."""

from datetime import timedelta

import numpy as np
import pytest

from features.clock import step_number
from features.traffic.advance import Raw, Walk, advance
from features.traffic.build import QUALITIES, build
from features.traffic.state import fresh
from tests.features.traffic.city import START, assert_equal, cut, delays, panel, small

ENTITIES = tuple(f"site {number}" for number in range(6))
DAYS, SHIFT_DAY, SEED = 60, 40, 5


def traffic(*, days=DAYS, seed=SEED, step_min=60):
    """(step, entity): a day with a rush hour and quiet nights, 10 % of noise, a tenth missing."""
    chance = np.random.default_rng(seed)
    steps = days * 1440 // step_min
    hour = np.arange(steps) * step_min / 60 % 24
    shape = 0.02 + np.exp(-(((hour - 9) / 4) ** 2))
    values = 1000 * shape[:, None] * chance.normal(1, 0.1, (steps, len(ENTITIES))).clip(min=0)
    values[chance.random(values.shape) < 0.1] = np.nan
    return values.astype(np.float32)


def lived(values, config, *, at=None, **changes):
    """The state after ``at`` rows of ``values``."""
    measured = panel(values, step_min=config.step_min, entities=ENTITIES, **changes)
    until = measured.time(len(values) if at is None else at)
    return advance(fresh(ENTITIES, START, config), Raw(measured=cut(measured, until)), config, until)


def walked(values, config, rows, **changes):
    """The state at each of ``rows``, and the profile for the interval that starts there."""
    measured = panel(values, step_min=config.step_min, entities=ENTITIES, **changes)
    walk = Walk(fresh(ENTITIES, START, config), Raw(measured=measured), config, measured.end)
    for row in rows:
        walk.to(measured.time(row))
        slot, kind = walk.day(step_number(measured.time(row), config.step_min))
        yield row, walk.state, walk.state.level[slot, kind]


def mean_error(values, config, rows):
    """(entity,): mean of the measured minus the profile as it was before, whatever the sign."""
    return np.nanmean([np.abs(values[row] - profile) for row, _, profile in walked(values, config, rows)], axis=0)


@pytest.mark.parametrize("factor", [0.35, 0.6, 1.45, 2.4])
@pytest.mark.parametrize("step_min", [15, 60])
def test_shift_is_learned_within_three_days(factor, step_min):
    config, day = small(step_min=step_min), 1440 // step_min
    values = traffic(step_min=step_min)
    values[SHIFT_DAY * day :, 0] *= factor
    rows = range((SHIFT_DAY + 3) * day, (SHIFT_DAY + 7) * day)
    error = mean_error(values, config, rows)
    # As a share of its level it errs no more than its neighbours, to which nothing happened, and some.
    assert error[0] / factor < 1.35 * error[1:].mean(), f"seed {SEED}"


def test_profile_goes_there_as_a_whole():
    config = small()
    values = traffic()
    before = lived(values, config, at=SHIFT_DAY * 24)
    values[SHIFT_DAY * 24 :, 0] *= 2
    after = lived(values, config, at=(SHIFT_DAY + 3) * 24)
    rush = slice(0, 4)  # 9 to 13 o'clock in Seoul
    ratio = after.level[..., 0] / before.level[..., 0]
    np.testing.assert_allclose(np.nanmedian(ratio[rush], axis=0), 2, rtol=0.15)
    untouched = after.level[rush, :, 1:] / before.level[rush, :, 1:]
    np.testing.assert_allclose(np.nanmedian(untouched), 1, rtol=0.05)


def test_quality_says_so_until_it_is_learned():
    config, values = small(), traffic(days=75)
    values[SHIFT_DAY * 24 :, 0] *= 2
    named = {}
    for day in (SHIFT_DAY, SHIFT_DAY + 2, SHIFT_DAY + 5, SHIFT_DAY + 20):
        state = lived(values, config, at=day * 24)
        quality = build(None, state, config, [state.as_of]).quality[0]
        named[day - SHIFT_DAY] = [QUALITIES[code] for code in quality]
    assert named[2] == named[5] == ["degraded: level shift"] + ["ok"] * 5
    assert named[0] == named[20] == ["ok"] * 6


@pytest.mark.parametrize(
    ("hour", "duration", "factor", "columns"),
    [
        pytest.param(9, 72, 0.4, slice(None), id="three odd days of the whole city"),
        pytest.param(9, 1, 50, slice(0, 1), id="one spike of fifty times the rush hour"),
        pytest.param(9, 3, 0, slice(0, 1), id="closed for three hours"),
        pytest.param(20, 5, 4, slice(0, 1), id="a night with four times its few vehicles"),
        pytest.param(0, 24 * 20, 0, slice(0, 1), id="dead, and says zero"),
        pytest.param(0, 24 * 20, np.nan, slice(0, 1), id="silent"),
    ],
)
def test_what_is_no_shift(hour, duration, factor, columns):
    config, values = small(), traffic()
    first = SHIFT_DAY * 24 + hour
    values[first : first + duration, columns] *= factor
    for row, state, _ in walked(values, config, range(first, len(values))):
        assert not state.relearning.any(), f"seed {SEED}, {row - first} h after"


def test_back_after_weeks_at_another_level():
    config, values = small(), traffic(days=90)
    values[SHIFT_DAY * 24 : (SHIFT_DAY + 25) * 24, 0] = np.nan
    values[(SHIFT_DAY + 25) * 24 :, 0] *= 0.4
    rows = range((SHIFT_DAY + 28) * 24, (SHIFT_DAY + 32) * 24)
    error = mean_error(values, config, rows)
    assert error[0] / 0.4 < 1.5 * error[1:].mean()


def test_feed_that_is_always_late_is_followed_too():
    config, values = small(), traffic()
    values[SHIFT_DAY * 24 :, 0] *= 2
    late = delays(panel(values, entities=ENTITIES), np.full(values.shape, 60))
    state = lived(values, config, at=(SHIFT_DAY + 3) * 24, available_at=late)
    assert state.relearning[0] > 0
    assert not state.relearning[1:].any()


@pytest.mark.parametrize("delay_h", [0, 5])
def test_shift_in_pieces_equals_one_go(delay_h):
    config, values = small(), traffic(days=45)
    values[SHIFT_DAY * 24 :, 0] *= 2
    values[SHIFT_DAY * 24 :, 3] *= 0.4
    chance = np.random.default_rng(SEED)
    delay_min = chance.integers(0, delay_h * 60 + 1, values.shape)
    measured = panel(values, entities=ENTITIES)
    measured = panel(values, entities=ENTITIES, available_at=delays(measured, delay_min))
    whole = lived(values, config, available_at=measured.available_at)
    pieces, row = fresh(ENTITIES, START, config), 0
    while row < len(values):
        row = min(row + int(chance.integers(1, 9)), len(values))
        pieces = advance(pieces, Raw(measured=cut(measured, measured.time(row))), config, measured.time(row))
    assert_equal(pieces, whole)
    assert whole.relearning[[0, 3]].all()


def test_recent_errors_are_those_against_the_new_level():
    config, values = small(history_steps=24), traffic()
    first = SHIFT_DAY * 24
    values[first:, 0] *= 2
    errors, since = [], step_number(START, 60) + first
    for row, state, _ in walked(values, config, range(first + 1, len(values))):
        hours = np.arange(since, since + row - first) % config.memory_steps
        errors.append(np.nanmean(np.abs(state.residual[hours, 0])))
        if state.relearning[0]:
            break
    assert errors[-1] < 0.9 * errors[-2]
    assert (~np.isnan(state.residual[:, 0])).sum() > config.history_steps / 2


def test_silence_in_the_middle_of_a_suspicion_is_jumped_over_alike():
    config, values = small(step_min=36, seasonal_lags_days=(1,)), traffic(step_min=36)
    day = config.steps_per_day
    values[SHIFT_DAY * day :, 0] *= 1.4
    for gap in (day, day + 1, day + 2, 2 * day):
        head = panel(values[: SHIFT_DAY * day + 20], step_min=36, entities=ENTITIES)
        suspicious = advance(fresh(ENTITIES, START, config), Raw(measured=head), config, head.end)
        until = head.end + gap * timedelta(minutes=36)
        jumped = advance(suspicious, Raw(measured=head), config, until)
        stepped = suspicious
        for step in range(gap):
            stepped = advance(stepped, Raw(measured=head), config, head.end + (step + 1) * head.step)
        assert_equal(jumped, stepped)
