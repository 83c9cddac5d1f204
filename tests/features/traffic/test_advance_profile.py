"""What the profile and the usual error learn from a measurement, and from none."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings

from features.calendar import DAY_TYPES, days
from features.clock import step_number
from features.traffic.advance import Raw, advance
from tests.features.traffic.city import (
    START,
    hours,
    newborn,
    panel,
    scenes,
    small,
    volumes,
)

NAN = float("nan")


def ring(state, name, config, at):
    """The row that the ring ``name`` keeps for the interval starting at ``at``."""
    array = getattr(state, name)
    return array[step_number(at, config.step_min) % len(array)]


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
