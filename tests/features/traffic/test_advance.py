"""The state's only writer: what it takes in, when, and that no path to the same instant differs from another."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.calendar import DAY_TYPES, days
from features.clock import step_number
from features.errors import BadInput, UnknownName
from features.traffic.advance import Raw, advance
from tests.features.traffic.city import (
    ARRAYS,
    ENTITIES,
    START,
    assert_equal,
    cut,
    delays,
    hours,
    issued,
    newborn,
    panel,
    scenes,
    small,
    volumes,
    with_another_future,
)

NAN = float("nan")


def ring(state, name, config, at):
    """The row that the ring ``name`` keeps for the interval starting at ``at``."""
    array = getattr(state, name)
    return array[step_number(at, config.step_min) % len(array)]


# --- one path or another ---------------------------------------------------------------------------------------------


@given(scene=scenes(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_one_go_equals_many_pieces(scene, data):
    config, state, measured = scene
    until = max(state.as_of, measured.end) + data.draw(st.integers(0, 8)) * measured.step
    raw = Raw(measured=measured, issued=_forecasts(config, state, measured, data))
    whole = advance(state, raw, config, until)
    steps = (until - state.as_of) // measured.step
    stops = sorted(data.draw(st.sets(st.integers(0, steps), max_size=5)))
    pieces = state
    for stop in [*stops, steps]:
        now = state.as_of + stop * measured.step
        known = Raw(measured=cut(measured, now), issued=tuple(one for one in raw.issued if one.issued_at <= now))
        pieces = advance(pieces, known, config, now)
    assert_equal(pieces, whole)


def _forecasts(config, state, measured, data):
    count = len(state.entities)
    return tuple(
        issued(
            config,
            state.as_of + at * measured.step,
            data.draw(st.integers(0, 20)),
            data.draw(st.integers(20, 60)),
            entities=count,
        )
        for at in data.draw(st.sets(st.integers(0, len(measured)), max_size=4))
    )


@given(scene=scenes())
@settings(max_examples=50, deadline=None)
def test_arguments_stay_as_they_were(scene):
    config, state, measured = scene
    before, values, as_of = state.copy(), measured.values.copy(), state.as_of
    known = None if measured.available_at is None else measured.available_at.copy()
    until = max(state.as_of, measured.end)
    moved = advance(state, Raw(measured=measured), config, until)
    assert_equal(state, before)
    assert (state.as_of, moved.as_of) == (as_of, until)
    np.testing.assert_array_equal(measured.values, values)
    np.testing.assert_array_equal(measured.available_at, known)
    for name in ARRAYS:
        assert not np.shares_memory(getattr(moved, name), getattr(state, name))


@given(scene=scenes(), seed=st.integers(0, 10**6), data=st.data())
@settings(max_examples=80, deadline=None)
def test_what_is_not_known_by_then_changes_nothing(scene, seed, data):
    config, state, measured = scene
    until = state.as_of + data.draw(st.integers(0, len(measured))) * measured.step
    expected = advance(state, Raw(measured=cut(measured, until)), config, until)
    for other in (measured, with_another_future(measured, until, seed)):
        assert_equal(advance(state, Raw(measured=other), config, until), expected)


@given(scene=scenes(), data=st.data())
@settings(max_examples=50, deadline=None)
def test_order_of_columns_does_not_matter(scene, data):
    config, state, measured = scene
    order = tuple(data.draw(st.permutations(measured.entities)))
    until = max(state.as_of, measured.end)
    shuffled = advance(state, Raw(measured=measured.select(order)), config, until)
    assert_equal(shuffled, advance(state, Raw(measured=measured), config, until))


def test_entity_that_is_not_in_the_panel_is_missing():
    config, state = small(), newborn(small())
    values = volumes(3, 48, missing=0)
    until = START + hours(48)
    absent = advance(state, Raw(measured=panel(values[:, :2])), config, until)
    values[:, 2] = np.nan
    assert_equal(absent, advance(state, Raw(measured=panel(values)), config, until))
    assert np.isnan(absent.level[..., 2]).all()


def test_entity_that_appears_late_leaves_the_others_alone():
    config, state = small(), newborn(small())
    values = volumes(3, 72, missing=0)
    values[:48, 2] = np.nan
    until = START + hours(72)
    moved = advance(state, Raw(measured=panel(values)), config, until)
    alone = advance(state, Raw(measured=panel(values[:, :2])), config, until)
    for name in ("level", "seen", "dispersion", "residual", "observed"):
        np.testing.assert_array_equal(getattr(moved, name)[..., :2], getattr(alone, name)[..., :2])
    np.testing.assert_array_equal(moved.seen[..., 2].sum(), 24)


# --- when a value is known -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delay_min", "known_at"),
    [
        pytest.param(0, 1, id="at its interval's end"),
        pytest.param(-60, 1, id="stated as known before its interval is over: at its end all the same"),
        pytest.param(1, 2, id="a minute late: at the next step"),
        pytest.param(60, 2, id="a step late"),
        pytest.param(150, 4, id="two and a half steps late"),
    ],
)
def test_value_is_taken_in_at_the_first_step_that_knows_it(delay_min, known_at):
    config, state = small(), newborn(small())
    measured = panel([[7.0, NAN, NAN]])
    measured = panel(measured.values, available_at=delays(measured, np.full((1, 3), delay_min)))
    seen = [
        float(advance(state, Raw(measured=measured), config, START + hours(step)).seen.sum()) for step in range(1, 6)
    ]
    assert seen == [0.0] * (known_at - 1) + [1.0] * (6 - known_at)


def test_late_value_older_than_the_state_is_learnt_and_an_old_one_is_not_learnt_twice():
    config = small()
    values = np.full((4, 3), 8.0)
    measured = panel(values)
    delay_min = np.zeros((4, 3), dtype=np.int64)
    delay_min[1, 0] = 240  # known at 06:00, measured 01:00 to 02:00
    measured = panel(values, available_at=delays(measured, delay_min))
    state = advance(newborn(config), Raw(measured=measured), config, START + hours(5))
    moved = advance(state, Raw(measured=measured), config, START + hours(6))
    assert (moved.seen.sum(), state.seen.sum()) == (12, 11)


def test_late_value_fills_its_own_place_in_the_rings():
    config = small(history_steps=6)
    values = np.array([[10.0, 10, 10]] * 30)
    values[25, 0] = 14
    delay_min = np.zeros((30, 3), dtype=np.int64)
    delay_min[25, 0] = 120
    measured = panel(values, available_at=delays(panel(values), delay_min))
    late = START + hours(25)
    before = advance(newborn(config), Raw(measured=measured), config, START + hours(27))
    after = advance(before, Raw(measured=measured), config, START + hours(28))
    assert np.isnan([ring(before, name, config, late)[0] for name in ("residual", "observed")]).all()
    assert (ring(after, "residual", config, late)[0], ring(after, "observed", config, late)[0]) == (4, 14)


@pytest.mark.parametrize("delay_h", [3, 4, 23, 24, 25, 49])
def test_value_that_comes_after_its_place_in_a_ring_is_taken_is_learnt_all_the_same(delay_h):
    config = small()
    values = np.full((90, 3), 10.0)
    values[30], values[40:] = 77, np.nan
    delay_min = np.zeros((90, 3), dtype=np.int64)
    delay_min[30] = 60 * delay_h
    measured = panel(values, available_at=delays(panel(values), delay_min))
    state = advance(newborn(config), Raw(measured=measured), config, START + hours(31 + delay_h))
    kept = delay_h + 1
    assert (state.observed == 77).any() == (kept <= config.history_steps)
    assert (np.abs(state.residual) > 50).any() == (kept <= config.memory_steps)
    assert (state.city_error > 1).any() == (kept <= config.memory_steps)
    assert state.level[(30 + 9) % 24].max() > 15


def test_city_error_stays_as_it_was_known_when_a_straggler_comes():
    config = small()
    values = np.full((30, 3), 10.0)
    values[25] = [15, 10, 10]
    delay_min = np.zeros((30, 3), dtype=np.int64)
    delay_min[25, 2] = 60
    measured = panel(values, available_at=delays(panel(values), delay_min))
    state = advance(newborn(config), Raw(measured=measured), config, START + hours(28))
    np.testing.assert_allclose(ring(state, "city_error", config, START + hours(25)), 5 / 20)


def test_feed_that_is_always_late_knows_the_citys_error():
    config = small()
    values = np.full((30, 3), 10.0)
    values[25] = 15
    measured = panel(values, available_at=delays(panel(values), np.full((30, 3), 60)))
    state = advance(newborn(config), Raw(measured=measured), config, START + hours(28))
    np.testing.assert_allclose(ring(state, "city_error", config, START + hours(25)), 0.5)


def test_city_error_is_the_same_in_every_column():
    config = small()
    state = advance(newborn(config), Raw(measured=panel(volumes(5, 60))), config, START + hours(60))
    assert (np.isnan(state.city_error) == np.isnan(state.city_error[:, :1])).all()
    np.testing.assert_array_equal(state.city_error, np.broadcast_to(state.city_error[:, :1], state.city_error.shape))


# --- silence ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gap", [1, 13, 23, 24, 25, 26, 200])
@pytest.mark.parametrize("after", [0, 30])
@pytest.mark.parametrize("where", ["before the panel", "after the panel", "between two panels", "no panel row at all"])
def test_silence_equals_stepping_through_it(gap, after, where):
    config = small()
    lived = advance(
        newborn(config),
        Raw(measured=panel(volumes(1, 40)), issued=(issued(config, START + hours(40), 3, 4),)),
        config,
        START + hours(40),
    )
    values = volumes(2, 6)
    rows = 0 if where == "no panel row at all" else 6
    start = lived.as_of + hours(0 if where == "after the panel" else gap)
    tail = {"after the panel": gap, "between two panels": gap + 1}.get(where, 0) + after
    measured = panel(values[:rows], start=start)
    if where == "between two panels":
        measured = panel(values, start=start, available_at=delays(measured, np.full(values.shape, 60 * gap)))
    until = start + rows * measured.step + hours(tail)
    forecast = issued(config, start, 1, 2)
    jumped = advance(lived, Raw(measured=measured, issued=(forecast,)), config, until)
    stepped = lived
    for step in range((until - lived.as_of) // measured.step):
        # Rows that say nothing on both sides, so that there is no silence to jump over.
        now = lived.as_of + hours(step + 1)
        stepped = advance(stepped, Raw(measured=_padded(measured, now), issued=(forecast,)), config, now)
    assert_equal(jumped, stepped)


def _padded(measured, until):
    """``measured`` with missing rows from long before it to ``until``."""
    before = 48
    after = max(0, (until - measured.end) // measured.step)
    values = np.pad(measured.values, ((before, after), (0, 0)), constant_values=np.nan)
    known = measured.available_at
    if known is not None:
        known = np.pad(known, ((before, after), (0, 0)), constant_values=np.datetime64("NaT", "s"))
    return panel(values, start=measured.start - before * measured.step, available_at=known)


def test_silence_of_years_forgets_what_was_recent_and_keeps_the_profile():
    config = small()
    lived = advance(newborn(config), Raw(measured=panel(volumes(1, 40))), config, START + hours(40))
    later = advance(lived, Raw(measured=panel(volumes(2, 0))), config, START + timedelta(days=3000))
    for name in ("residual", "observed", "city_error", "pending_low", "pending_high"):
        assert np.isnan(getattr(later, name)).all()
    for name in ("level", "seen", "dispersion", "low", "high"):
        np.testing.assert_array_equal(getattr(later, name), getattr(lived, name))


# --- the profile -----------------------------------------------------------------------------------------------------


def weekly(weeks: int, *, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """(hour, 1) of a week that repeats: each weekday and each hour has its own volume."""
    at = np.arange(weeks * 168)
    pattern = 200 + 100 * np.sin(2 * np.pi * at / 24) + 20 * (at // 24 % 7)
    return (pattern + noise * np.random.default_rng(seed).standard_normal(len(at)))[:, None]


def test_profile_converges_to_a_week_that_repeats():
    config, start = small(timezone="UTC"), datetime(2022, 3, 14, tzinfo=UTC)
    values = weekly(30)
    calendar = days(np.arange("2022-03-14", "2022-10-10", dtype="datetime64[h]"), country="KR", timezone="UTC")
    free = (calendar.day_type == DAY_TYPES.index("holiday"))[: len(values)]
    values[free] = np.nan
    state = advance(
        newborn(config, entities=1, as_of=start),
        Raw(measured=panel(values, start=start)),
        config,
        start + hours(len(values)),
    )
    expected = weekly(1).reshape(7, 24)
    np.testing.assert_allclose(state.level[:, :7, 0].T, expected, rtol=0.02)


def test_first_measurement_is_the_level_of_every_day_type():
    config = small()
    state = advance(newborn(config), Raw(measured=panel([[8.0, 0.0, NAN]])), config, START + hours(1))
    slot = 9  # 00:00 UTC in Seoul
    assert (state.level[slot, :, 0] == 8).all()
    assert (state.level[slot, :, 1] == 0).all()
    assert np.isnan(state.level[slot, :, 2]).all()
    assert np.isnan(np.delete(state.level, slot, axis=0)).all()


def test_error_moves_its_own_day_type_most_its_class_less_and_others_least():
    config = small(same_type_gain=0.4, same_class_gain=0.2, other_gain=0.1)
    state = newborn(config)
    state.level[:], state.seen[:] = 100, 100
    moved = advance(state, Raw(measured=panel([[200.0, NAN, NAN]])), config, START + hours(1))  # a Thursday
    by_type = dict(zip(DAY_TYPES, moved.level[9, :, 0].tolist(), strict=True))
    assert by_type == pytest.approx(
        {"thu": 140, "mon": 120, "tue": 120, "wed": 120, "fri": 120, "sat": 110, "sun": 110, "holiday": 110}
    )


def test_day_types_without_a_measurement_of_their_own_follow_their_relatives_fast():
    config = small(same_class_gain=0.0, other_gain=0.0)
    state = newborn(config)
    state.level[:] = 100
    moved = advance(state, Raw(measured=panel([[200.0, NAN, NAN]])), config, START + hours(1))
    by_type = dict(zip(DAY_TYPES, moved.level[9, :, 0].tolist(), strict=True))
    assert by_type["thu"] == 200
    assert by_type["fri"] == 150
    assert by_type["sun"] == pytest.approx(110)


def test_first_measurements_of_a_day_type_are_averaged():
    config = small(same_type_gain=0.01)
    values = np.full((3 * 168, 1), np.nan)
    values[[0, 168, 336], 0] = [10, 40, 100]  # three Thursdays, 2022-01-27 to 02-10
    state = advance(newborn(config, entities=1), Raw(measured=panel(values)), config, START + hours(3 * 168))
    assert state.level[9, DAY_TYPES.index("thu"), 0] == pytest.approx(50)


def test_seollal_is_learnt_as_a_holiday():
    config = small()
    state = newborn(config)
    state.level[:], state.seen[:] = 100, 100
    seollal = datetime(2022, 2, 1, tzinfo=UTC)
    raw = Raw(measured=panel([[20.0, NAN, NAN]], start=seollal))
    moved = advance(state, raw, config, seollal + hours(1))
    assert moved.seen[9, :, 0].tolist() == [100.0] * 7 + [101.0]
    assert moved.level[9, :, 0].argmin() == DAY_TYPES.index("holiday")


@pytest.mark.parametrize(
    ("timezone", "start"),
    [
        pytest.param("Europe/Berlin", datetime(2022, 3, 26, tzinfo=UTC), id="Berlin loses an hour"),
        pytest.param("Europe/Berlin", datetime(2022, 10, 29, tzinfo=UTC), id="Berlin gains an hour"),
        pytest.param("America/Los_Angeles", datetime(2012, 3, 10, tzinfo=UTC), id="Los Angeles loses one"),
    ],
)
def test_rush_hour_stays_on_the_wall_clock_across_the_change(timezone, start):
    config = small(timezone=timezone, country="DE", seasonal_lags_days=(1,))
    instants = [start + hours(step) for step in range(96)]
    at_eight = np.array([[100.0 if t.astimezone(ZoneInfo(timezone)).hour == 8 else 1.0] for t in instants])
    state = advance(
        newborn(config, entities=1, as_of=start),
        Raw(measured=panel(at_eight, start=start)),
        config,
        start + hours(96),
    )
    assert (state.level[8] == 100).all()
    assert (np.delete(state.level, 8, axis=0) == 1).all()


@given(scene=scenes())
@settings(max_examples=60, deadline=None)
def test_what_was_seen_is_never_forgotten_and_sizes_are_never_negative(scene):
    config, state, measured = scene
    now = state.as_of
    for step in range(1, len(measured) + 1):
        moved = advance(state, Raw(measured=measured), config, now + step * measured.step)
        assert not np.isnan(moved.level[~np.isnan(state.level)]).any()
        assert (moved.seen >= state.seen).all()
        assert not (moved.dispersion < 0).any()
        state = moved
    known = ~np.isnan(state.level)
    assert (known.all(axis=1) == known.any(axis=1)).all()


def test_true_zero_is_learnt_and_a_missing_value_is_not():
    config = small()
    state = newborn(config)
    state.level[:], state.seen[:] = 100, 100
    moved = advance(state, Raw(measured=panel([[0.0, NAN, 100.0]])), config, START + hours(1))
    assert moved.level[9, 3].tolist() == pytest.approx([85, 100, 100])
    np.testing.assert_array_equal(ring(moved, "residual", config, START), np.float32([-100, NAN, 0]))
    np.testing.assert_array_equal(ring(moved, "observed", config, START), np.float32([0, NAN, 100]))
    assert moved.seen[9, 3].tolist() == [101, 100, 101]


@pytest.mark.parametrize(
    ("day", "kind"),
    [pytest.param(0, 0, id="a Thursday is a working day"), pytest.param(2, 1, id="a Saturday is free")],
)
def test_usual_error_is_learnt_apart_for_working_and_free_days(day, kind):
    config = small(dispersion_gain=0.25)
    state = newborn(config)
    state.level[:], state.seen[:], state.dispersion[:] = 100, 100, 20
    now = START + timedelta(days=day)
    state.as_of = now
    moved = advance(state, Raw(measured=panel([[40.0, NAN, 100.0]], start=now)), config, now + hours(1))
    assert moved.dispersion[9, kind].tolist() == [30, 20, 15]
    assert moved.dispersion[9, 1 - kind].tolist() == [20, 20, 20]


def test_first_error_is_the_usual_one_for_all_days():
    config = small()
    state = newborn(config)
    state.level[:], state.seen[:] = 100, 100
    moved = advance(state, Raw(measured=panel([[60.0, NAN, 100.0]])), config, START + hours(1))
    np.testing.assert_array_equal(moved.dispersion[9], np.float32([[40, NAN, 0]] * 2))


def test_nothing_measured_for_days_leaves_a_profile_as_it_is():
    config = small()
    lived = advance(newborn(config), Raw(measured=panel(volumes(1, 40))), config, START + hours(40))
    silent = panel(np.full((30, 3), np.nan), start=START + hours(40))
    moved = advance(lived, Raw(measured=silent), config, START + hours(70))
    np.testing.assert_array_equal(moved.level, lived.level)
    assert np.isnan(moved.residual).all()


# --- the interval ----------------------------------------------------------------------------------------------------


def judged(value: float, *, low: float = 10, high: float = 20, delay_min: int = 0):
    """Multipliers of the first step, before and after one measurement against one forecast."""
    config, state = small(), newborn(small())
    measured = panel([[value, NAN, NAN]])
    measured = panel(measured.values, available_at=delays(measured, np.full((1, 3), delay_min)))
    raw = Raw(measured=measured, issued=(issued(config, START, low, high),))
    moved = advance(state, raw, config, START + hours(4))
    return state, moved


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        pytest.param(15, -1, -1, id="within: both ends come closer"),
        pytest.param(5, 9, -1, id="below: the lower end moves away"),
        pytest.param(25, -1, 9, id="above: the upper end moves away"),
        pytest.param(10, -1, -1, id="on the lower edge is within"),
        pytest.param(20, -1, -1, id="on the upper edge is within"),
        pytest.param(0, 9, -1, id="a true zero counts"),
    ],
)
def test_interval_widens_after_a_miss_and_narrows_else(value, low, high):
    before, after = judged(value)
    step = small().calibration_gain * small().tail
    assert after.low[0, 0] - before.low[0, 0] == pytest.approx(low * step, rel=1e-3)
    assert after.high[0, 0] - before.high[0, 0] == pytest.approx(high * step, rel=1e-3)


@pytest.mark.parametrize(
    ("value", "delay_min"),
    [pytest.param(NAN, 0, id="not measured"), pytest.param(5, 60, id="measured too late to be on time")],
)
def test_forecast_that_was_not_measured_on_time_counts_for_nothing(value, delay_min):
    before, after = judged(value, delay_min=delay_min)
    np.testing.assert_array_equal(after.low, before.low)
    np.testing.assert_array_equal(after.high, before.high)


def test_forecast_is_counted_once_a_step_and_entity_however_often_it_is_told():
    config, state = small(), newborn(small())
    measured, forecast = panel(np.full((6, 3), 100.0)), issued(config, START, 10, 20)
    once = advance(state, Raw(measured=measured, issued=(forecast,)), config, START + hours(6))
    again = state
    for step in range(7):
        again = advance(again, Raw(measured=measured, issued=(forecast, forecast)), config, START + hours(step))
    assert_equal(once, again)
    gain = config.calibration_gain * (1 - config.tail)
    np.testing.assert_allclose(once.high - state.high, gain, rtol=1e-3)
    assert np.isnan(once.pending_high).all()


def test_each_step_ahead_is_judged_by_its_own_target():
    config, state = small(), newborn(small())
    values = np.array([[15.0] * 3, [15.0] * 3, [99.0] * 3])
    raw = Raw(measured=panel(values), issued=(issued(config, START, 10, 20),))
    moved = advance(state, raw, config, START + hours(3)).high - state.high
    assert (moved[:2] < 0).all()
    assert (moved[2] > 0).all()


def test_forecasts_that_overlap_are_all_judged():
    config, state = small(), newborn(small())
    forecasts = tuple(issued(config, START + hours(at), 10, 20) for at in range(3))
    raw = Raw(measured=panel(np.full((3, 3), 99.0)), issued=forecasts)
    moved = advance(state, raw, config, START + hours(3)).high - state.high
    gain = config.calibration_gain * (1 - config.tail)
    np.testing.assert_allclose(moved[:, 0], [3 * gain, 2 * gain, gain], rtol=1e-3)


def test_forecast_of_the_past_and_of_the_future_waits_or_is_gone():
    config, state = small(), newborn(small())
    raw = Raw(
        measured=panel(np.full((2, 3), 99.0)),
        issued=(issued(config, START - hours(3), 10, 20), issued(config, START + hours(3), 10, 20)),
    )
    moved = advance(state, raw, config, START + hours(2))
    np.testing.assert_array_equal(moved.high, state.high)
    assert np.isnan(moved.pending_high).all()
    assert (~np.isnan(advance(moved, raw, config, START + hours(3)).pending_high)).sum() == 9


def test_interval_never_closes_altogether():
    config = small(calibration_gain=1.0)
    values = np.full((48, 3), 15.0)
    forecasts = tuple(issued(config, START + hours(at), 10, 20) for at in range(48))
    raw = Raw(measured=panel(values), issued=forecasts)
    moved = advance(newborn(config), raw, config, START + hours(48))
    np.testing.assert_allclose(moved.low, 0.05)
    np.testing.assert_allclose(moved.high, 0.05)


@pytest.mark.parametrize("interval", [0.8, 0.5])
def test_interval_finds_the_noise_that_it_was_not_told_of(interval):
    """Known truth: noise of 10 around 100; whatever multipliers it starts from, the share within is as asked."""
    config = small(interval=interval, horizon_steps=1)
    chance = np.random.default_rng(7)
    state = newborn(config, entities=4)
    state.low[:], state.high[:] = 5.0, 0.1
    within = []
    for step in range(1500):
        now = START + hours(step)
        forecast = issued(config, now, 100 - 10 * state.low, 100 + 10 * state.high, entities=4)
        value = 100 + 10 * chance.standard_normal((1, 4))
        state = advance(state, Raw(measured=panel(value, start=now), issued=(forecast,)), config, now + hours(1))
        within.append((forecast.low <= value) & (value <= forecast.high))
    assert np.mean(within[500:]) == pytest.approx(interval, abs=0.03)


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measured", "until", "words"),
    [
        pytest.param(panel([[1.0]], step_min=15), START, "step by 15 min, the model by 60 min", id="another step"),
        pytest.param(panel([[1.0]], start=START + hours(0.5)), START, "not on the 60-minute clock", id="off the clock"),
        pytest.param(panel([[1.0]]), START + hours(0.5), "not on the 60-minute clock", id="until between two steps"),
        pytest.param(panel([[1.0]]), datetime(2022, 1, 28), "has no zone", id="until without a zone"),  # noqa: DTZ001
        pytest.param(panel([[1.0]]), START - hours(1), "before the state's", id="backwards"),
    ],
)
def test_what_does_not_fit_the_state_is_refused(measured, until, words):
    with pytest.raises(BadInput, match=words):
        advance(newborn(small()), Raw(measured=measured), small(), until)


def test_unknown_entity_is_refused_with_the_nearest():
    stranger = panel([[1.0]], entities=("a/inn",))
    with pytest.raises(UnknownName, match="There is no entity 'a/inn'") as refused:
        advance(newborn(small()), Raw(measured=stranger), small(), START)
    assert ENTITIES[0] in refused.value.mend


@pytest.mark.parametrize(
    ("at", "entities", "words"),
    [
        pytest.param(START + hours(0.5), 3, "not on the 60-minute clock", id="issued off the clock"),
        pytest.param(START, 2, r"has shape \(3, 2\)", id="an entity too few"),
    ],
)
def test_forecast_that_does_not_fit_is_refused(at, entities, words):
    raw = Raw(measured=panel([[1.0]]), issued=(issued(small(), at, 1, 2, entities=entities),))
    with pytest.raises(BadInput, match=words):
        advance(newborn(small()), raw, small(), START + hours(1))


def test_state_keeps_utc_whatever_zone_it_is_asked_in():
    seoul = (START + hours(2)).astimezone(ZoneInfo("Asia/Seoul"))
    moved = advance(newborn(small()), Raw(measured=panel([[1.0]])), small(), seoul)
    assert moved.as_of == seoul
    assert moved.as_of.utcoffset() == timedelta(0)
