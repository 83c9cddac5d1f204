"""What a lot's forecast rests on is said; and what is seen of a lot is the same across a change of clocks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from features.errors import BadInput
from features.parking.advance import Raw
from features.parking.build import QUALITIES, build, target_times
from features.parking.sight import AHEAD, SEEN
from tests.features.parking.town import CAPACITY, LOTS, START, counts, newborn, panel, small

HOUR = timedelta(hours=1)
CONFIG = small(timezone="Europe/Berlin", country="DE", horizon_steps=24)
WEEKS = 9


def table_of(values, config=CONFIG, state=None, rows=None, start=START):
    """Features as of the last count, or of some rows."""
    measured = replace(panel(values.astype(np.float32), config), start=start)
    begun = newborn(config) if state is None else state
    begun.as_of = start - timedelta(minutes=config.step_min)
    issued = [measured.time(row) for row in (rows or [len(values) - 1])]
    return build(Raw(measured=measured.window(0, (rows or [len(values) - 1])[-1] + 1)), begun, config, issued)


def said(table):
    return {lot: QUALITIES[code] for lot, code in zip(table.entities, table.quality[-1], strict=True)}


@pytest.fixture
def weeks():
    return counts(5, 5 * 7 * 24, CONFIG)


def test_lots_that_are_counted_are_ok(weeks):
    assert set(said(table_of(weeks)).values()) == {"ok"}


def test_a_feed_that_froze_is_marked_and_still_forecast(weeks):
    weeks[-40:, 0] = 133
    table = table_of(weeks)
    assert said(table)[LOTS[0]] == "degraded: the feed froze"
    assert said(table)[LOTS[1]] == "ok"
    assert table.inputs["now"][0] == pytest.approx(133 / CAPACITY[0]), "it stands where it stands"


def test_a_lot_that_is_full_for_days_did_not_freeze(weeks):
    weeks[-80:, 0] = 0
    assert said(table_of(weeks))[LOTS[0]] == "ok"


def test_a_frozen_feed_does_not_change_what_is_usual(weeks):
    moving, frozen = weeks.copy(), weeks.copy()
    stretch = slice(-15 * 24, -13 * 24 - 12)
    frozen[stretch, 0] = 33
    moving[stretch, 0] = np.nan
    first, second = (table_of(values).inputs["profile"][0] for values in (frozen, moving))
    wrong = frozen.copy()
    wrong[stretch, 0] = np.where(np.arange(len(wrong[stretch])) % 2, 33, 34)
    third = table_of(wrong).inputs["profile"][0]
    assert np.abs(first - second).max() < np.abs(third - second).max()


def test_a_feed_that_fell_silent_is_marked(weeks):
    weeks[-4:, 2] = np.nan
    assert said(table_of(weeks))[LOTS[2]] == "degraded: no count in the last hours"
    weeks[-1, 2] = 10
    assert said(table_of(weeks))[LOTS[2]] == "ok"


def test_two_days_of_history_are_hardly_any(weeks):
    weeks[: -2 * 24, 1] = np.nan
    assert said(table_of(weeks))[LOTS[1]] == "degraded: hardly any history of its own"


def test_a_lot_of_which_nothing_was_ever_counted(weeks):
    weeks[:, 1] = np.nan
    table = table_of(weeks)
    assert said(table)[LOTS[1]] == "degraded: no count and no history of its own"
    own = table.inputs["profile"][1]
    assert np.isfinite(own).all()
    assert table.inputs["profile_mask"][1].all(), "its city says what is usual"


def test_a_lot_without_a_capacity_falls_back(weeks):
    state = newborn(CONFIG)
    state.capacity = CAPACITY * np.array([1, np.nan, 1, 1], dtype=np.float32)
    table = table_of(weeks, state=state)
    assert said(table)[LOTS[1]] == "fallback: its capacity is not known"
    assert table.inputs["capacity_mask"].tolist() == [True, False, True, True]


def test_impossible_counts_are_the_same_as_gaps(weeks):
    wrong, gaps = weeks.copy(), weeks.copy()
    wrong[-3, 0], wrong[-1, 1] = 24621, -4
    gaps[-3, 0] = gaps[-1, 1] = np.nan
    for name, array in table_of(wrong).inputs.items():
        np.testing.assert_array_equal(array, table_of(gaps).inputs[name], err_msg=name)


CHANGES = {"forward": datetime(2024, 3, 31, tzinfo=UTC), "back": datetime(2024, 10, 27, tzinfo=UTC)}


def full_from_eight(start, steps):
    """Counts of lots that are full from 08:00 to 18:00 in Berlin every day."""
    from zoneinfo import ZoneInfo

    local = [(start + at * HOUR).astimezone(ZoneInfo("Europe/Berlin")).hour for at in range(steps)]
    return np.where((np.array(local) >= 8) & (np.array(local) < 18), 0, 1)[:, None] * CAPACITY, np.array(local)


@pytest.mark.parametrize("change", CHANGES)
def test_lots_that_fill_at_eight_are_usually_full_at_eight_on_both_sides_of_a_change(change):
    start, state = CHANGES[change] - timedelta(weeks=5), newborn(CONFIG)
    state.typical[:] = np.nan
    values, local = full_from_eight(start, WEEKS * 7 * 24)
    rows = list(range(35 * 24 - 30, 35 * 24 + 50, 3))
    table = table_of(values, state=state, rows=rows, start=start)
    profile = table.inputs["profile"].reshape(len(rows), len(LOTS), 24)
    assert table.inputs["profile_mask"].all()
    for at, row in enumerate(rows):
        ahead = local[row + 1 : row + 25]
        expected = np.where((ahead >= 8) & (ahead < 18), 0.0, 1.0)
        np.testing.assert_array_equal(profile[at, 0], expected, err_msg=f"issued {(start + row * HOUR).isoformat()}")
    assert np.abs(table.inputs["now_deviation"]).max() == 0


@pytest.mark.parametrize("change", CHANGES)
def test_what_comes_after_a_change_is_not_seen_before_it(change):
    start = CHANGES[change] - timedelta(weeks=5)
    values = counts(7, 37 * 24, CONFIG)
    chance = np.random.default_rng(1)
    for row in range(35 * 24 - 3, 35 * 24 + 30, 4):
        other = values.copy()
        other[row + 1 :] = chance.permuted(other[row + 1 :], axis=0)
        one, two = (table_of(each, rows=[row], start=start) for each in (values, other))
        for name, array in one.inputs.items():
            np.testing.assert_array_equal(array, two.inputs[name], err_msg=name)


def test_a_like_lot_and_the_city_tell_of_a_lot(weeks):
    """The neighbours' deviations are seen, and without them nothing of them is."""
    names = [at for at, name in enumerate(SEEN) if name.startswith("deviation of its like")]
    whole = table_of(weeks)
    assert whole.inputs["seen_mask"][0][names].all()
    alone = weeks.copy()
    alone[:, 1:] = np.nan
    assert not table_of(alone).inputs["seen_mask"][0][names].any()


def test_days_before_are_seen_as_far_as_they_are_over(weeks):
    """A target a day ahead sees the same time of days before; none of them lies after the issue."""
    table = table_of(weeks)
    for days in (1, 2, 7):
        column = AHEAD.index(f"deviation {days} d before")
        assert table.inputs["ahead_mask"][:, :, column].all(), f"{days} days before"


def test_a_table_must_be_asked_for_in_order(weeks):
    state, config = newborn(CONFIG), CONFIG
    raw = Raw(measured=panel(weeks, config))
    end = START + (len(weeks) - 1) * HOUR
    for times, words in (
        ([], "at least one"),
        ([end, end], "must rise"),
        ([end, end - HOUR], "must rise"),
        ([end + timedelta(minutes=5)], "not on the 60-minute clock"),
        ([end - HOUR], "Leave out counts"),
        ([START - 3 * HOUR], "which the state has seen"),
    ):
        with pytest.raises(BadInput, match=words):
            build(raw, state, config, times)


def test_step_one_is_the_first_reading_after_the_issue():
    times = target_times(START, small(step_min=30, horizon_steps=3))
    assert times == [START + timedelta(minutes=30 * at) for at in (1, 2, 3)]
