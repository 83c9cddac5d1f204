"""What is known of the whole city: seen once it is available, against its own past week, and never before."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.covariate_ring import RECENT
from features.covariates import Covariates
from features.errors import BadInput, UnknownName
from features.manifest import schema_sha256
from features.traffic import schema
from features.traffic.advance import Raw, advance
from features.traffic.build import QUALITIES, build
from features.traffic.config import TrafficConfig
from features.traffic.state import load, save
from tests.features.traffic.city import (
    START,
    assert_equal,
    assert_same_table,
    cut,
    hours,
    newborn,
    panel,
    scenes,
    small,
    volumes,
)

NAMES = ("rain_mm", "temperature_c")
NAN = float("nan")


def utc(time):
    return np.datetime64(time.replace(tzinfo=None), "s")


def weather(rows):
    """Rows of (hours from START, hours from START at which it is known, rain, temperature)."""
    return Covariates(
        names=NAMES,
        time=np.array([utc(START + hours(row[0])) for row in rows], dtype="datetime64[s]"),
        available_at=np.array([utc(START + hours(row[1])) for row in rows], dtype="datetime64[s]"),
        values=np.array([row[2:] for row in rows], dtype=np.float32).reshape(len(rows), 2),
    )


def random_weather(seed, measured, count=200):
    """Observations, forecasts and revisions, blanks among them, around what was measured and beyond it."""
    chance = np.random.default_rng(seed)
    step_s = measured.step_min * 60
    number = chance.integers(-8 * 1440 // measured.step_min, len(measured) + 10, count)
    time = utc(measured.start) + number * np.timedelta64(step_s, "s")
    values = chance.normal(0, 5, (count, 2)).astype(np.float32)
    values[chance.random(values.shape) < 0.2] = np.nan
    known = time + np.timedelta64(1, "s") * chance.integers(-12 * step_s, 6 * step_s, count)
    return Covariates(names=NAMES, time=time, available_at=known, values=values)


def known_at(covariates, now):
    return covariates.rows(covariates.available_at <= utc(now))


def with_weather(scene, seed):
    config, state, measured = scene
    config = replace(config, covariates=NAMES)
    state = replace(state, covariate=config.ring.unknown())
    return config, state, measured, random_weather(seed, measured)


@st.composite
def asked(draw, scene):
    _, state, measured = scene
    steps = draw(st.sets(st.integers(0, len(measured) + 2), min_size=1, max_size=5))
    return [state.as_of + step * measured.step for step in sorted(steps)]


@given(scene=scenes(), seed=st.integers(0, 10**6), data=st.data())
@settings(max_examples=100, deadline=None)
def test_many_issue_times_equal_one_at_a_time_from_one_state_or_from_an_advanced_one(scene, seed, data):
    times = data.draw(asked(scene))
    config, state, measured, covariates = with_weather(scene, seed)

    def known(now):
        return Raw(measured=replace(cut(measured, now), covariates=known_at(covariates, now)))

    table, walked, count = build(known(times[-1]), state, config, times), state, len(state.entities)
    for at, now in enumerate(times):
        part = replace(
            table,
            inputs={name: array[at * count : (at + 1) * count] for name, array in table.inputs.items()},
            issued_at=(now,),
            quality=table.quality[at : at + 1],
        )
        assert_same_table(build(known(now), state, config, [now]), part)
        walked = advance(walked, known(now), config, now)
        assert_same_table(build(None, walked, config, [now]), part)
        assert_same_table(build(known(now), walked, config, [now]), part)


@given(scene=scenes(), seed=st.integers(0, 10**6), data=st.data())
@settings(max_examples=80, deadline=None)
def test_what_becomes_available_after_the_issue_time_is_never_seen(scene, seed, data):
    times = data.draw(asked(scene))
    config, state, measured, covariates = with_weather(scene, seed)
    now, last = times[0], times[-1]
    another = covariates.values + np.where(covariates.available_at > utc(now), 100, 0)[:, None].astype(np.float32)
    one, other = (
        build(
            Raw(measured=replace(cut(measured, last), covariates=known_at(replace(covariates, values=values), last))),
            state,
            config,
            times,
        )
        for values in (covariates.values, another)
    )
    count = len(state.entities)
    for name in one.inputs:
        np.testing.assert_array_equal(one.inputs[name][:count], other.inputs[name][:count], err_msg=name)


def seen(covariates, now_h, **changes):
    """(recent + step, name) departures and mask of the first entity, issued ``now_h`` hours after START."""
    config = small(covariates=NAMES, **changes)
    raw = Raw(measured=replace(panel(volumes(1, 1)), covariates=covariates))
    state = advance(newborn(config), raw, config, START + hours(now_h))
    table = build(None, state, config, [START + hours(now_h)])
    return table.inputs["covariate"][0], table.inputs["covariate_mask"][0], QUALITIES[table.quality[0, 0]]


WEEK = [(hour, hour + 1, 0.0, hour // 24) for hour in range(7 * 24)]


def test_departure_is_from_the_past_weeks_median_at_that_time_of_day():
    now = 7 * 24
    ahead = [(now, now - 5, 4.0, 10.0), (now + 1, now - 5, 0.0, NAN)]
    values, mask, _ = seen(weather([*WEEK, *ahead]), now)
    # Dry days, and 0 to 6 degrees whose median is 3.
    assert values[RECENT].tolist() == [4.0, 7.0]
    assert values[:RECENT].tolist() == [[0.0, 3.0]] * 3
    assert mask[RECENT:].tolist() == [[True, True], [True, False], [False, False]]
    assert (values[~mask] == 0).all()


def test_the_later_of_two_rows_of_one_interval_stands_and_a_blank_takes_nothing_away():
    now = 7 * 24
    revisions = [(now, now - 1, 2.0, NAN), (now, now - 9, 8.0, 5.0)]
    values, _, _ = seen(weather([*WEEK, *revisions]), now)
    assert values[RECENT].tolist() == [2.0, 2.0]


def test_a_forecast_that_was_known_long_before_waits_until_its_target_is_in_reach():
    now = 7 * 24
    values, mask, _ = seen(weather([*WEEK, (now + 2, 0, 6.0, 3.0)]), now)
    assert values[-1].tolist() == [6.0, 0.0]
    assert mask[-1].all()


@pytest.mark.parametrize(
    ("rows", "quality"),
    [
        pytest.param([], "degraded: no covariate", id="no row at all"),
        pytest.param(WEEK, "ok", id="observed ones"),
        pytest.param(WEEK[:-4], "degraded: no covariate", id="none of the newest intervals and no forecast"),
        pytest.param([(168, 160, 1.0, 1.0)], "degraded: no covariate", id="a forecast and nothing to hold it against"),
    ],
)
def test_a_window_without_any_covariate_says_so(rows, quality):
    config = small(covariates=NAMES)
    state = newborn(config)
    state.level[:], state.seen[:], state.dispersion[:] = 100, 100, 10
    raw = Raw(measured=replace(panel(np.full((168, 3), 100.0)), covariates=weather(rows)))
    table = build(raw, state, config, [START + hours(168)])
    assert QUALITIES[table.quality[0, 0]] == quality


def test_a_level_shift_is_a_worse_reason_than_no_covariate():
    assert QUALITIES.index("ok") < QUALITIES.index("degraded: no covariate") < QUALITIES.index("degraded: level shift")


def test_a_silence_of_the_sensors_takes_no_forecast_away():
    config = small(covariates=NAMES)
    now = 60 * 24
    rows = [(hour, hour + 1, 0.0, 1.0) for hour in range(now)]
    raw = Raw(measured=replace(panel(volumes(1, 5)), covariates=weather([*rows, (now, now - 2, 3.0, 1.0)])))
    table = build(raw, newborn(config), config, [START + hours(now)])
    assert table.inputs["covariate"][0, RECENT].tolist() == [3.0, 0.0]


def test_state_with_covariates_is_loaded_bit_for_bit(tmp_path):
    config = small(covariates=NAMES)
    raw = Raw(measured=replace(panel(volumes(1, 30)), covariates=weather(WEEK[:30])))
    state = advance(newborn(config), raw, config, START + hours(30))
    save(state, tmp_path / "state.parquet")
    assert_equal(load(tmp_path / "state.parquet", config), state)


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_covariate_of_the_future_is_refused_with_a_mend():
    config = small(covariates=NAMES)
    raw = Raw(measured=replace(panel(volumes(1, 3)), covariates=weather([(5, 4, 1.0, 1.0)])))
    with pytest.raises(BadInput, match=r"known from 2022-01-27T04:00:00 on \(UTC\), after") as refused:
        build(raw, newborn(config), config, [START + hours(3)])
    assert "Leave out" in refused.value.mend


def test_other_covariates_than_the_models_are_refused():
    raw = Raw(measured=replace(panel(volumes(1, 3)), covariates=weather(WEEK[:2])))
    with pytest.raises(BadInput, match="the model looks at"):
        build(raw, newborn(small()), small(), [START + hours(3)])


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'rain_mm'"):
        weather(WEEK[:2]).select(("rain_m",))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"names": ("a", "a")}, id="a name twice"),
        pytest.param({"names": ()}, id="no name"),
        pytest.param({"names": tuple(map(str, range(40)))}, id="too many names"),
        pytest.param({"values": np.full((2, 2), np.inf, dtype=np.float32)}, id="infinite"),
        pytest.param({"values": np.zeros((3, 2), dtype=np.float32)}, id="more values than times"),
    ],
)
def test_what_makes_no_sense_is_refused(changes):
    with pytest.raises(BadInput):
        replace(weather(WEEK[:2]), **changes)


# --- without them -----------------------------------------------------------------------------------------------------


def test_without_covariates_nothing_is_new():
    config = TrafficConfig()
    assert "covariates" not in config.to_json()
    hashed = schema_sha256(schema.inputs(config, "veh/h"), schema.outputs(config, "veh/h"))
    assert hashed == "dfdf1c6aad88bbe6361f8e49e219d9f7221211d75c963fde6cf730959a7c38ef"
    table = build(Raw(measured=panel(volumes(1, 3))), newborn(small()), small(), [START + hours(3)])
    assert not [name for name in table.inputs if name.startswith("covariate")]


def test_without_covariates_the_file_of_a_state_is_what_it_was(tmp_path):
    save(newborn(small()), tmp_path / "state.parquet")
    assert "covariate" not in pl.read_parquet_schema(tmp_path / "state.parquet")


def test_all_other_features_are_the_same_to_the_last_bit():
    now, measured = START + hours(60), panel(volumes(1, 60))
    plain, weathered = small(), small(covariates=NAMES)
    with_rows = replace(measured, covariates=weather(WEEK[:50]))
    one = build(Raw(measured=measured), newborn(plain), plain, [now]).inputs
    other = build(Raw(measured=with_rows), newborn(weathered), weathered, [now]).inputs
    assert list(other) == [*one, "covariate", "covariate_mask"]
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_models_of_other_covariates_have_other_schemas():
    one, other = (
        schema_sha256(schema.inputs(TrafficConfig(covariates=names), "veh/h"), []) for names in (("a",), ("b",))
    )
    assert one != other


def test_config_with_covariates_travels_through_json():
    config = TrafficConfig(covariates=NAMES)
    assert TrafficConfig.from_json(config.to_json()) == config
    with pytest.raises(BadInput, match="no list of words"):
        TrafficConfig.from_json({"covariates": [1]})
