"""The state's only writer: what it takes in, when, and that no path to the same instant differs from another."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.clock import step_number
from features.errors import BadInput, UnknownName
from features.traffic.advance import Raw, advance
from features.traffic.state import fresh
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


# --- one path or another ----------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("silent_h", "late_h"), [(3, 0), (27, 2), (28, 23), (60, 0), (60, 2), (60, 23), (200, 0), (200, 26)]
)
def test_a_silence_jumped_over_keeps_what_was_issued_in_it(silent_h, late_h):
    config = small()
    at = START + hours(silent_h - 1 - late_h)
    raw = Raw(measured=panel(np.full((1, 3), NAN), start=START), issued=(issued(config, at, 20, 40),))
    whole = advance(newborn(config), raw, config, START + hours(silent_h))
    pieces = newborn(config)
    for hour in range(1, silent_h + 1):
        known = raw if hour > silent_h - 1 - late_h else Raw(measured=raw.measured)
        pieces = advance(pieces, known, config, START + hours(hour))

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


# --- when a value is known --------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("measured", "known"),
    [
        pytest.param([15, 10, 10, 10, 10], True, id="all of them"),
        pytest.param([15, NAN, NAN, NAN, 10], True, id="two of five"),
        pytest.param([15, NAN, NAN, NAN, NAN], False, id="one of five is not the city"),
        pytest.param([NAN] * 5, False, id="none"),
    ],
)
def test_a_few_entities_are_not_the_city(measured, known):
    config, names = small(), tuple("abcde")
    state = fresh(names, START, config)
    state.level[:], state.seen[:] = 10, 100
    raw = Raw(measured=panel([measured], entities=names))
    moved = advance(state, raw, config, START + hours(1))
    assert (~np.isnan(ring(moved, "city_error", config, START))).all() == known


def test_city_error_is_the_same_in_every_column():
    config = small()
    state = advance(newborn(config), Raw(measured=panel(volumes(5, 60))), config, START + hours(60))
    assert (np.isnan(state.city_error) == np.isnan(state.city_error[:, :1])).all()
    np.testing.assert_array_equal(state.city_error, np.broadcast_to(state.city_error[:, :1], state.city_error.shape))


# --- refused ----------------------------------------------------------------------------------------------------------


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
        pytest.param(START, 2, r"has shape \(2, 3, 2\)", id="an entity too few"),
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
