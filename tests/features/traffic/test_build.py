"""One path from measurements to model inputs: what it holds, and what can never leak into it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import BadInput, UnknownName
from features.traffic import schema
from features.traffic.advance import Raw, advance
from features.traffic.build import QUALITIES, Table, build, target_times
from tests.features.traffic.city import (
    START,
    assert_equal,
    assert_same_table,
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


@st.composite
def asked(draw, scene):
    """Rising issue times from a scene's ``as_of`` on, the last one late enough to know all that is in its panel."""
    _, state, measured = scene
    steps = draw(st.sets(st.integers(0, len(measured) + 2), min_size=1, max_size=5))
    return [state.as_of + step * measured.step for step in sorted(steps)]


def rows_of(table: Table, at: int) -> Table:
    """The part of ``table`` that was built for its issue time number ``at``."""
    count = len(table.entities)
    return Table(
        inputs={name: array[at * count : (at + 1) * count] for name, array in table.inputs.items()},
        issued_at=table.issued_at[at : at + 1],
        entities=table.entities,
        quality=table.quality[at : at + 1],
    )


# --- one path or another ---------------------------------------------------------------------------------------------


@given(scene=scenes(), data=st.data())
@settings(max_examples=120, deadline=None)
def test_many_issue_times_equal_one_at_a_time_from_one_state_or_from_an_advanced_one(scene, data):
    config, state, measured = scene
    times = data.draw(asked(scene))
    raw = Raw(measured=cut(measured, times[-1]), issued=_forecast(config, state))
    table = build(raw, state, config, times)
    walked = state
    for at, now in enumerate(times):
        known = Raw(measured=cut(measured, now), issued=raw.issued)
        assert_same_table(build(known, state, config, [now]), rows_of(table, at))
        walked = advance(walked, known, config, now)
        assert_same_table(build(None, walked, config, [now]), rows_of(table, at))
        assert_same_table(build(known, walked, config, [now]), rows_of(table, at))


def _forecast(config, state):
    return (issued(config, state.as_of, 10, 20, entities=len(state.entities)),)


@given(scene=scenes(), seed=st.integers(0, 10**6), data=st.data())
@settings(max_examples=80, deadline=None)
def test_no_feature_changes_when_the_future_does(scene, seed, data):
    config, state, measured = scene
    times = data.draw(asked(scene))
    last = times[-1]
    table = build(Raw(measured=cut(measured, last)), state, config, times)
    for at, now in enumerate(times):
        other = Raw(measured=cut(with_another_future(measured, now, seed), last))
        assert_same_table(rows_of(build(other, state, config, times), at), rows_of(table, at))


@given(scene=scenes(), data=st.data())
@settings(max_examples=50, deadline=None)
def test_arguments_stay_as_they_were(scene, data):
    config, state, measured = scene
    times = data.draw(asked(scene))
    before, values, as_of = state.copy(), measured.values.copy(), state.as_of
    table = build(Raw(measured=cut(measured, times[-1])), state, config, times)
    for array in build(None, state, config, [state.as_of]).inputs.values():
        array.fill(1)
    assert_equal(state, before)
    assert state.as_of is as_of
    np.testing.assert_array_equal(measured.values, values)
    assert table.issued_at == tuple(times)


def test_state_keeps_its_own_time_where_the_same_instant_is_asked_in_another_zone():
    state = newborn(small())
    as_of = state.as_of
    build(None, state, small(), [START.astimezone(ZoneInfo("Asia/Seoul"))])
    assert state.as_of is as_of


@given(scene=scenes(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_order_of_columns_does_not_matter(scene, data):
    config, state, measured = scene
    times = data.draw(asked(scene))
    known = cut(measured, times[-1])
    shuffled = known.select(tuple(data.draw(st.permutations(known.entities))))
    assert_same_table(
        build(Raw(measured=shuffled), state, config, times), build(Raw(measured=known), state, config, times)
    )


def test_entity_that_is_not_in_the_panel_is_missing():
    config, values = small(), volumes(3, 48, missing=0)
    blank = values.copy()
    blank[:, 2] = np.nan
    at = [START + hours(48)]
    absent = build(Raw(measured=panel(values[:, :2])), newborn(config), config, at)
    assert_same_table(absent, build(Raw(measured=panel(blank)), newborn(config), config, at))
    assert not absent.inputs["recent_mask"][2, :, 0].any()


# --- what is not known yet -------------------------------------------------------------------------------------------


def test_measurement_that_becomes_available_after_the_last_issue_time_is_refused():
    config, measured = small(), panel(volumes(1, 5, missing=0))
    assert build(Raw(measured=measured), newborn(config), config, [START + hours(5)]).entities
    with pytest.raises(BadInput, match=r"a/in at 2022-01-27T04:00:00\+00:00 is not known yet at 2022-01-27T04:00"):
        build(Raw(measured=measured), newborn(config), config, [START + hours(4)])


@pytest.mark.parametrize(
    ("delay_min", "refused"),
    [
        pytest.param(60, False, id="known exactly then"),
        pytest.param(61, True, id="known a minute after"),
        pytest.param(10**6, True, id="known years after"),
    ],
)
def test_stated_availability_decides_what_is_refused(delay_min, refused):
    config, measured = small(), panel(np.full((2, 3), 5.0))
    late = np.zeros((2, 3), dtype=np.int64)
    late[1, 2] = delay_min
    raw = Raw(measured=panel(measured.values, available_at=delays(measured, late)))
    if not refused:
        assert len(build(raw, newborn(config), config, [START + hours(3)]).quality) == 1
        return
    with pytest.raises(BadInput, match=r"b/in at 2022-01-27T01:00:00\+00:00 is not known yet"):
        build(raw, newborn(config), config, [START + hours(3)])


def test_missing_rows_may_lie_ahead():
    config = small()
    values = np.vstack([volumes(1, 3), np.full((5, 3), np.nan)])
    at = [START + hours(3)]
    assert_same_table(
        build(Raw(measured=panel(values)), newborn(config), config, at),
        build(Raw(measured=panel(values[:3])), newborn(config), config, at),
    )


@pytest.mark.parametrize(
    ("times", "words"),
    [
        pytest.param([], "must rise and be at least one", id="no issue time"),
        pytest.param([START + hours(2), START + hours(1)], "must rise", id="falling"),
        pytest.param([START, START], "must rise", id="twice"),
        pytest.param([START + hours(0.5)], "not on the 60-minute clock", id="between two steps"),
        pytest.param([datetime(2022, 1, 28)], "has no zone", id="without a zone"),  # noqa: DTZ001
        pytest.param([START - hours(1)], "before the state's", id="before the state"),
        pytest.param([START - hours(1), START], "before the state's", id="the first before the state"),
    ],
)
def test_issue_times_that_cannot_be_are_refused(times, words):
    with pytest.raises(BadInput, match=words):
        build(None, newborn(small()), small(), times)


def test_unknown_entity_is_refused():
    with pytest.raises(UnknownName, match="There is no entity 'z'"):
        build(Raw(measured=panel([[1.0]], entities=("z",))), newborn(small()), small(), [START + hours(1)])


# --- what is in it ---------------------------------------------------------------------------------------------------


@given(scene=scenes(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_inputs_are_those_of_the_schema(scene, data):
    config, state, measured = scene
    times = data.draw(asked(scene))
    table = build(Raw(measured=cut(measured, times[-1])), state, config, times)
    specs = schema.inputs(config, "veh/h")
    assert list(table.inputs) == [spec.name for spec in specs]
    for spec in specs:
        array = table.inputs[spec.name]
        assert (array.dtype.name, array.shape[1:]) == (spec.dtype, tuple(spec.shape[1:]))
        assert len(array) == len(times) * len(state.entities)
    assert table.quality.shape == (len(times), len(state.entities))


@given(scene=scenes(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_masks_are_false_exactly_where_nothing_is_known(scene, data):
    config, state, measured = scene
    now = data.draw(asked(scene))[-1]
    raw = Raw(measured=cut(measured, now))
    inputs = build(raw, state, config, [now]).inputs
    moved = advance(state, raw, config, now)
    for name in ("recent", "seasonal"):
        error, mask = inputs[f"{name}_error"], inputs[f"{name}_mask"]
        assert not np.isnan(error).any()
        assert (error[~mask] == 0).all()
    # The newest residual is missing exactly where the state says so.
    newest = (now - datetime(1970, 1, 1, tzinfo=UTC)) // measured.step - 1
    np.testing.assert_array_equal(
        inputs["recent_mask"][:, 0, 0], ~np.isnan(moved.residual[newest % config.memory_steps])
    )


def flat(config, *, level=100.0, entities=3):
    """A state whose profile is the same everywhere and long known."""
    state = newborn(config, entities=entities)
    state.level[:], state.seen[:], state.dispersion[:] = level, 100, 10
    return state


def test_true_zero_is_known_and_a_missing_value_is_not():
    config = small()
    raw = Raw(measured=panel([[0.0, NAN, 100.0]]))
    inputs = build(raw, flat(config), config, [START + hours(1)]).inputs
    assert inputs["recent_mask"][:, 0, 0].tolist() == [True, False, True]
    assert inputs["recent_error"][:, 0, 0].tolist() == [-100, 0, 0]


def test_error_of_zero_is_known():
    config = small()
    state = flat(config)
    state.residual[:], state.city_error[:] = 0, np.nan
    inputs = build(None, state, config, [START]).inputs
    for mask in (inputs["recent_mask"], inputs["seasonal_mask"]):
        assert mask[..., 0].all()
        assert not mask[..., 1].any()


def test_recent_errors_are_latest_first():
    config = small(same_type_gain=0.0, same_class_gain=0.0, other_gain=0.0)
    state = flat(config)
    raw = Raw(measured=panel([[101.0, 101, 101], [102, 102, 102], [103, 103, 103]]))
    inputs = build(raw, state, config, [START + hours(3)]).inputs
    assert inputs["recent_error"][0, :, 0].tolist() == pytest.approx([3, 2, 1], abs=0.2)
    assert inputs["recent_error"][0, :, 1].tolist() == pytest.approx([0.03, 0.02, 0.01], abs=0.002)


@pytest.mark.parametrize(
    ("config", "now_h"),
    [
        pytest.param(small(), 30, id="yesterday"),
        pytest.param(small(horizon_steps=24, history_steps=24, seasonal_lags_days=(1, 7)), 24 * 8, id="and last week"),
        pytest.param(small(horizon_steps=48, seasonal_lags_days=(2, 7)), 24 * 8, id="two days ahead"),
        pytest.param(small(step_min=5, horizon_steps=12), 26, id="five minutes"),
        pytest.param(small(step_min=1440, seasonal_lags_days=(3, 7)), 24 * 9, id="days"),
    ],
)
def test_seasonal_errors_are_those_of_the_targets_time_of_day(config, now_h):
    """Every interval is off by its own number, so that each error tells where it was taken from."""
    now = START + hours(now_h)
    count = now_h * 60 // config.step_min
    state = flat(config, entities=1)
    state.residual[:] = np.nan
    for number in range(count):
        at = START + number * timedelta(minutes=config.step_min)
        index = int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(minutes=config.step_min))
        state.residual[index % config.memory_steps] = number
    state.as_of = now
    inputs = build(None, state, config, [now]).inputs
    assert inputs["seasonal_mask"][0, :, :, 0].all()
    expected = [
        [count + step - lag * config.steps_per_day for step in range(config.horizon_steps)]
        for lag in config.seasonal_lags_days
    ]
    assert inputs["seasonal_error"][0, :, :, 0].tolist() == expected
    assert inputs["recent_error"][0, :, 0].tolist() == [count - 1 - back for back in range(config.history_steps)]


def test_profile_is_that_of_each_targets_slot_and_day_type():
    config = small(seasonal_lags_days=(1,))
    state = flat(config, entities=1)
    slots, kinds = state.level.shape[:2]
    state.level[..., 0] = 100 * np.arange(slots)[:, None] + np.arange(kinds)
    seollal_eve = datetime(2022, 1, 30, 14, tzinfo=UTC)  # Sunday 23:00 in Seoul, before Seollal's Monday
    state.as_of = seollal_eve
    inputs = build(None, state, config, [seollal_eve]).inputs
    assert inputs["profile_now"].tolist() == [2206]
    assert inputs["profile"].tolist() == [[2306, 7, 107]]
    assert inputs["calendar"][0].tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_spread_is_the_usual_error_times_the_tracked_multiplier():
    config = small()
    state = flat(config)
    state.low[:], state.high[:] = 2, 3
    inputs = build(None, state, config, [START]).inputs
    np.testing.assert_array_equal(inputs["spread"], np.broadcast_to(np.float32([20, 30]), (3, 3, 2)))


def test_spread_is_known_where_no_error_was_seen_yet():
    config = small()
    state = flat(config)
    state.dispersion[:] = np.nan
    state.low[:], state.high[:] = 1, 1
    np.testing.assert_array_equal(build(None, state, config, [START]).inputs["spread"], np.full((3, 3, 2), 25.0))


def test_step_one_is_the_interval_that_starts_at_the_issue_time():
    seoul = datetime(2022, 1, 27, 9, tzinfo=ZoneInfo("Asia/Seoul"))
    assert target_times(seoul, small()) == [START, START + hours(1), START + hours(2)]


# --- what became of the measurements ---------------------------------------------------------------------------------


def quality(values, *, at=None) -> list[str]:
    config = small()
    measured = panel(values)
    at = at or measured.end
    table = build(Raw(measured=measured), newborn(config, entities=len(measured.entities)), config, [at])
    return [QUALITIES[code] for code in table.quality[0]]


def test_quality_says_what_a_forecast_rests_on():
    values = np.full((48, 4), 10.0)
    values[45:, 1] = np.nan  # silent for as long as the history
    values[:, 2] = np.nan
    values[::2, 2] = 10  # every other hour of the day was never measured
    values[:, 3] = np.nan
    assert quality(values) == [
        "ok",
        "degraded: no recent measurement",
        "fallback: profile of other hours",
        "fallback: never measured",
    ]


def test_one_recent_measurement_is_enough():
    values = np.full((48, 1), 10.0)
    values[46:] = np.nan
    assert quality(values) == ["ok"]


def test_panel_of_nothing_leaves_everybody_never_measured():
    config = small()
    raw = Raw(measured=panel(np.full((48, 3), np.nan)))
    table = build(raw, newborn(config), config, [START + hours(48)])
    assert (table.quality == QUALITIES.index("fallback: never measured")).all()
    assert np.isnan(table.inputs["profile"]).all()
    assert not table.inputs["recent_mask"].any()


def test_hours_never_measured_borrow_the_mean_of_the_others():
    config = small()
    values = np.full((48, 1), np.nan)
    values[0], values[1] = 10, 30
    table = build(Raw(measured=panel(values)), newborn(config, entities=1), config, [START + hours(48)])
    # 00:00 and 01:00 UTC are known; 02:00, and the interval before, are their mean.
    assert table.inputs["profile"].tolist() == [[10, 30, 20]]
    assert table.inputs["profile_now"].tolist() == [20]


def test_silence_is_said_and_a_profile_still_stands():
    values = np.full((48, 2), 10.0)
    assert quality(values, at=START + timedelta(days=400)) == ["degraded: no recent measurement"] * 2
