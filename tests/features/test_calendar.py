from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.calendar import CALENDAR_FLAGS, DAY_CLASSES, DAY_TYPES, days, known_country
from features.clock import utc_times
from features.errors import BadInput, UnknownName


def kind_of(day: date, *, country: str = "KR", timezone: str = "Asia/Seoul") -> tuple[str, list[str]]:
    """Day type and flags at local noon."""
    noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(timezone))
    found = days(utc_times(noon, 60, 1), country=country, timezone=timezone)
    flags = [name for name, flag in zip(CALENDAR_FLAGS, found.flags[0], strict=True) if flag]
    return DAY_TYPES[found.day_type[0]], flags


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(date(2022, 1, 3), ("mon", []), id="a working Monday"),
        pytest.param(date(2022, 1, 8), ("sat", []), id="a Saturday"),
        pytest.param(date(2022, 1, 31), ("holiday", ["holiday"]), id="the first day of Seollal, a Monday"),
        pytest.param(date(2022, 1, 30), ("sun", []), id="the Sunday before it is free anyway"),
        pytest.param(date(2022, 2, 3), ("thu", ["morrow"]), id="back to work after Seollal"),
        pytest.param(date(2022, 9, 8), ("thu", ["eve"]), id="the eve of Chuseok, everybody leaves"),
        pytest.param(date(2022, 9, 9), ("holiday", ["holiday"]), id="Chuseok's Friday"),
        pytest.param(date(2022, 9, 10), ("holiday", []), id="Chuseok's Saturday changes little"),
        pytest.param(date(2022, 9, 12), ("holiday", ["holiday"]), id="a substitute holiday"),
        pytest.param(date(2022, 6, 1), ("holiday", ["holiday"]), id="local elections"),
        pytest.param(date(2022, 12, 25), ("holiday", []), id="Christmas on a Sunday"),
        pytest.param(date(2022, 12, 26), ("mon", ["morrow"]), id="the Monday after it"),
        pytest.param(date(2021, 12, 31), ("fri", ["eve"]), id="New Year's eve looks into the next year"),
    ],
)
def test_korean_day(day, expected):
    assert kind_of(day) == expected


def test_a_working_day_between_two_holidays_is_eve_and_morrow():
    assert kind_of(date(2024, 10, 2)) == ("wed", ["eve", "morrow"])


@pytest.mark.parametrize(
    ("country", "timezone", "day", "kind"),
    [
        pytest.param("DE", "Europe/Berlin", date(2022, 10, 3), "holiday", id="German Unity"),
        pytest.param("KR", "Asia/Seoul", date(2022, 7, 4), "mon", id="4 July is nothing in Seoul"),
        pytest.param("US", "America/Los_Angeles", date(2022, 7, 4), "holiday", id="but in Los Angeles it is"),
        pytest.param("GB", "Europe/London", date(2016, 12, 26), "holiday", id="Boxing Day"),
    ],
)
def test_other_countries_have_their_own_holidays(country, timezone, day, kind):
    assert kind_of(day, country=country, timezone=timezone)[0] == kind


def test_day_begins_at_local_midnight():
    new_year = utc_times(datetime(2021, 12, 31, 14, tzinfo=UTC), 60, 2)
    found = days(new_year, country="KR", timezone="Asia/Seoul")
    assert [DAY_TYPES[kind] for kind in found.day_type] == ["fri", "holiday"]
    assert found.minute.tolist() == [23 * 60, 0]


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/Los_Angeles"])
def test_year_with_clock_changes_has_every_slot_of_every_day_but_two(timezone):
    start = datetime(2022, 1, 1, tzinfo=ZoneInfo(timezone))
    found = days(utc_times(start, 60, 8760), country="DE", timezone=timezone)
    per_slot = np.bincount(found.minute // 60, minlength=24)
    changed = {"Europe/Berlin": (2, 2), "America/Los_Angeles": (2, 1)}[timezone]
    expected = np.full(24, 365)
    expected[changed[0]] -= 1
    expected[changed[1]] += 1
    assert per_slot.tolist() == expected.tolist()


def test_flags_are_float32_for_the_graph_and_one_row_an_instant():
    found = days(utc_times(datetime(2022, 1, 1, tzinfo=UTC), 60, 5), country="KR", timezone="Asia/Seoul")
    assert (found.flags.dtype, found.flags.shape) == (np.float32, (5, len(CALENDAR_FLAGS)))


def test_no_instant_has_no_day():
    found = days(np.array([], dtype="datetime64[s]"), country="KR", timezone="Asia/Seoul")
    assert (found.day_type.shape, found.flags.shape) == ((0,), (0, 3))


def test_a_holiday_runs_like_a_sunday_and_saturday_like_none():
    classes = dict(zip(DAY_TYPES, DAY_CLASSES.tolist(), strict=True))
    assert classes["holiday"] == classes["sun"] != classes["sat"] != classes["mon"]
    assert len({classes[day] for day in ("mon", "tue", "wed", "thu", "fri")}) == 1


@pytest.mark.parametrize("code", ["XX", "", "Korea", "kr"])
def test_unknown_country_is_refused(code):
    with pytest.raises(UnknownName, match=f"There is no country '{code}'"):
        known_country(code)


def test_unknown_country_and_zone_are_refused_where_days_are_asked_for():
    instants = utc_times(datetime(2022, 1, 1, tzinfo=UTC), 60, 1)
    with pytest.raises(UnknownName, match="There is no country 'KP2'"):
        days(instants, country="KP2", timezone="Asia/Seoul")
    with pytest.raises(BadInput, match="There is no time zone 'Seoul'"):
        days(instants, country="KR", timezone="Seoul")
