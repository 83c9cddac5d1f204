"""One path from measurements to model inputs: what it holds, and what can never leak into it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import BadInput, UnknownName
from features.traffic.advance import Raw, advance
from features.traffic.build import Table, build
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


# --- one path or another ----------------------------------------------------------------------------------------------


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


# --- what is not known yet --------------------------------------------------------------------------------------------


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
