"""What the model is given: profile, errors and their masks, calendar, spread, quality."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.traffic import schema
from features.traffic.advance import Raw, advance
from features.traffic.build import QUALITIES, build, target_times
from tests.features.traffic.city import (
    START,
    cut,
    hours,
    newborn,
    panel,
    scenes,
    small,
)

NAN = float("nan")


@st.composite
def asked(draw, scene):
    """Rising issue times from a scene's ``as_of`` on, the last one late enough to know all that is in its panel."""
    _, state, measured = scene
    steps = draw(st.sets(st.integers(0, len(measured) + 2), min_size=1, max_size=5))
    return [state.as_of + step * measured.step for step in sorted(steps)]


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
    for name in ("recent", "seasonal", "neighbour"):
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
    state.width[0], state.width[1] = 2, 3
    inputs = build(None, state, config, [START]).inputs
    np.testing.assert_array_equal(inputs["spread"], np.broadcast_to(np.float32([20, 30]), (3, 3, 2)))


def test_spread_is_known_where_no_error_was_seen_yet():
    config = small()
    state = flat(config)
    state.dispersion[:] = np.nan
    state.width[:] = 1
    np.testing.assert_array_equal(build(None, state, config, [START]).inputs["spread"], np.full((3, 3, 2), 25.0))


def test_step_one_is_the_interval_that_starts_at_the_issue_time():
    seoul = datetime(2022, 1, 27, 9, tzinfo=ZoneInfo("Asia/Seoul"))
    assert target_times(seoul, small()) == [START, START + hours(1), START + hours(2)]


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
