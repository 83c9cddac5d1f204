from datetime import UTC, datetime, timedelta

import pytest

from features.errors import BadInput
from features.tables.columns import Columns, ReadOptions, instant
from features.tables.options import read_options


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"timezone": "Asia/Seul"}, "Asia/Seoul", id="an unknown zone gets the nearest"),
        pytest.param({"timezone": "Asia"}, "no time zone 'Asia'", id="a continent is no zone"),
        pytest.param({"entity": ("site", "site")}, "named more than once", id="one column twice in an identity"),
        pytest.param({"time": "t", "value": "t"}, "named more than once", id="one column for time and value"),
        pytest.param({"entity": ()}, "--entity-col", id="no entity column"),
    ],
)
def test_columns_refuse_nonsense(fields, words):
    with pytest.raises(BadInput, match=words):
        Columns(**fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"step_min": 0}, "step_min=0", id="a step of nothing"),
        pytest.param({"start": datetime(2012, 3, 1)}, "no zone", id="a start without zone"),  # noqa: DTZ001
    ],
)
def test_read_options_refuse_nonsense(fields, words):
    with pytest.raises(BadInput, match=words):
        ReadOptions(**fields)


@pytest.mark.parametrize(
    ("text", "timezone", "utc"),
    [
        pytest.param("2022-01-01T09:00+09:00", None, datetime(2022, 1, 1, tzinfo=UTC), id="an offset needs no zone"),
        pytest.param("2022-01-01 09:00", "Asia/Seoul", datetime(2022, 1, 1, tzinfo=UTC), id="local to the zone"),
        pytest.param("2022-01-01T00:00Z", "Asia/Seoul", datetime(2022, 1, 1, tzinfo=UTC), id="its own zone wins"),
    ],
)
def test_instant(text, timezone, utc):
    assert instant(text, timezone) - utc == timedelta(0)


@pytest.mark.parametrize(
    ("text", "timezone", "words"),
    [
        pytest.param("2022-01-01", None, "--timezone", id="no zone"),
        pytest.param("yesterday", "Asia/Seoul", "'yesterday' is no time", id="no time"),
        pytest.param("2022-10-30T02:30", "Europe/Berlin", "twice or never", id="the hour that comes twice"),
        pytest.param("2022-03-27T02:30", "Europe/Berlin", "twice or never", id="the hour that never comes"),
    ],
)
def test_instant_refuses(text, timezone, words):
    with pytest.raises(BadInput, match=words):
        instant(text, timezone)


def test_flags_become_options():
    options = read_options(
        time_col="when",
        entity_col="site, direction",
        value_col="volume",
        timezone="Asia/Seoul",
        start="2012-03-01",
        step_min=5,
        missing_value=-999,
    )
    assert options.columns.missing == -999
    assert options.columns.entity == ("site", "direction")
    assert options.start is not None
    assert options.start.utcoffset() == timedelta(hours=9)
