from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.clock import EPOCH, step_number, step_on_clock, utc_times, wall_clock, zone
from features.errors import BadInput

ZONES = ("Asia/Seoul", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")


@pytest.mark.parametrize(
    ("time", "step_min", "number"),
    [
        pytest.param(EPOCH, 60, 0, id="the first step starts with 1970"),
        pytest.param(EPOCH + timedelta(minutes=59, seconds=59), 60, 0, id="within a step"),
        pytest.param(EPOCH + timedelta(hours=1), 60, 1, id="a step starts at its start"),
        pytest.param(EPOCH - timedelta(minutes=1), 60, -1, id="before 1970 steps count down"),
        pytest.param(datetime(1970, 1, 1, 9, tzinfo=ZoneInfo("Asia/Seoul")), 60, 0, id="whatever the zone"),
        pytest.param(EPOCH + timedelta(days=1), 5, 288, id="five minutes"),
    ],
)
def test_steps_are_counted_from_1970(time, step_min, number):
    assert step_number(time, step_min) == number


MIDNIGHT_UTC = datetime(2022, 1, 1, tzinfo=UTC)
MIDNIGHT_SEOUL = datetime(2022, 1, 1, tzinfo=ZoneInfo("Asia/Seoul"))
MIDNIGHT_DELHI = datetime(2022, 1, 1, tzinfo=ZoneInfo("Asia/Kolkata"))


@pytest.mark.parametrize(
    ("start", "step_min"),
    [
        pytest.param(MIDNIGHT_UTC, 60, id="hours"),
        pytest.param(MIDNIGHT_SEOUL, 60, id="hours in Seoul"),
        pytest.param(MIDNIGHT_DELHI, 60, id="hours in Delhi start at half past"),
        pytest.param(MIDNIGHT_SEOUL, 1440, id="days in Seoul start at 15:00 UTC"),
        pytest.param(MIDNIGHT_UTC + timedelta(minutes=2), 5, id="a counter that reports at :02 and :07"),
    ],
)
def test_a_clock_starts_where_its_measurements_do(start, step_min):
    first, second = (step_on_clock(start + n * timedelta(minutes=step_min), step_min, like=start) for n in (0, 1))
    assert second == first + 1
    before = start - 7 * timedelta(minutes=step_min)
    assert step_on_clock(before, step_min, like=start) == first - 7
    assert step_on_clock(start, step_min, like=before) == first


@pytest.mark.parametrize(
    ("time", "words"),
    [
        pytest.param(MIDNIGHT_DELHI, "not on the 60-minute clock", id="between two steps"),
        pytest.param(MIDNIGHT_UTC + timedelta(microseconds=1), "not on the 60-minute clock", id="a microsecond off"),
        pytest.param(datetime(2022, 1, 1), "has no zone", id="no zone"),  # noqa: DTZ001
    ],
)
def test_time_off_the_clock_is_refused(time, words):
    with pytest.raises(BadInput, match=words):
        step_on_clock(time, 60, like=MIDNIGHT_UTC)


def test_mend_names_the_step_before():
    with pytest.raises(BadInput) as refused:
        step_on_clock(datetime(2022, 1, 1, 7, 59, tzinfo=UTC), 60, like=MIDNIGHT_DELHI)
    assert "2022-01-01T07:30:00+00:00" in refused.value.mend


def test_instants_are_counted_in_utc_whatever_the_zone_of_the_start():
    seoul = utc_times(datetime(2022, 1, 1, 9, tzinfo=ZoneInfo("Asia/Seoul")), 15, 3)
    assert seoul.tolist() == utc_times(datetime(2022, 1, 1, tzinfo=UTC), 15, 3).tolist()
    assert np.diff(seoul).tolist() == [timedelta(minutes=15)] * 2


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        pytest.param("Asia/Soul", "Asia/Seoul", id="misspelt"),
        pytest.param("", "Asia/Seoul", id="empty"),
        pytest.param("../../etc/passwd", "'", id="a path"),
        pytest.param("KST", "'", id="an abbreviation"),
    ],
)
def test_unknown_zone_is_refused_with_a_name_that_exists(name, nearest):
    with pytest.raises(BadInput, match="There is no time zone") as refused:
        zone(name)
    assert nearest in refused.value.mend


@given(
    minute=st.integers(min_value=0, max_value=60 * 365 * 24 * 60),
    timezone=st.sampled_from(ZONES),
)
def test_wall_clock_is_that_of_the_zone(minute, timezone):
    day, of_day = wall_clock(np.array([minute * 60], dtype="datetime64[s]"), timezone)
    local = (EPOCH + timedelta(minutes=minute)).astimezone(ZoneInfo(timezone))
    assert (day[0], of_day[0]) == ((local.date() - EPOCH.date()).days, local.hour * 60 + local.minute)


@pytest.mark.parametrize(
    ("timezone", "start", "hours"),
    [
        pytest.param("Europe/Berlin", datetime(2022, 3, 27, tzinfo=UTC), [1, 3, 4], id="Berlin skips 02:00 in March"),
        pytest.param("Europe/Berlin", datetime(2022, 10, 29, 23, tzinfo=UTC), [1, 2, 2, 3], id="and lives it twice"),
        pytest.param("America/Los_Angeles", datetime(2012, 3, 11, 9, tzinfo=UTC), [1, 3, 4], id="Los Angeles too"),
        pytest.param("Asia/Seoul", datetime(2022, 3, 27, tzinfo=UTC), [9, 10, 11], id="Seoul changes nothing"),
    ],
)
def test_clock_change_moves_the_wall_clock(timezone, start, hours):
    _, minute = wall_clock(utc_times(start, 60, len(hours)), timezone)
    assert (minute // 60).tolist() == hours


def test_no_instant_gives_no_wall_clock():
    day, minute = wall_clock(np.array([], dtype="datetime64[s]"), "Asia/Seoul")
    assert (day.shape, minute.shape) == ((0,), (0,))
