from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import BadInput, HaechiError, UnknownName
from features.tables import Columns, ReadOptions, read, read_panel
from features.tables.columns import instant
from features.tables.options import read_options


def said(start="2016-10-04T08:00", step_min=30, zone="Europe/London", **columns):
    """What the flags say of a file of lots."""
    flags = {"time_col": "time", "entity_col": "lot", "value_col": None, "missing_value": None} | columns
    return read_options(timezone=zone, start=start, step_min=step_min, **flags)


def write(folder, text):
    path = folder / "lots.csv"
    path.write_text(text)
    return [path]


def times(folder, text, options):
    return read(write(folder, text), "day-slot", options)["time"].to_list()


def test_a_day_and_a_slot_become_an_instant(tmp_path):
    text = "day,half_hour_slot,lot,occupied\n0,0,Bull Ring,61\n0,17,Bull Ring,\n1,1,Bull Ring,70\n"
    panel, findings, value = read_panel(write(tmp_path, text), "day-slot", said())
    assert (value, panel.entities, panel.step_min) == ("occupied", ("Bull Ring",), 30)
    assert panel.start == datetime(2016, 10, 4, 7, tzinfo=UTC), "08:00 in London's summer"
    assert panel.values[0, 0] == 61
    assert panel.values[49, 0] == 70
    assert findings.blank == 1


def test_the_day_begins_at_the_same_hour_before_and_after_a_change_of_clocks(tmp_path):
    rows = "".join(f"{day},0,A,1\n" for day in (25, 26))
    before, after = times(tmp_path, f"day,slot,lot,occupied\n{rows}", said())
    assert (before, after) == (datetime(2016, 10, 29, 7, tzinfo=UTC), datetime(2016, 10, 30, 8, tzinfo=UTC))


@given(day=st.integers(0, 2000), slot=st.integers(0, 17))
def test_every_slot_is_a_time_of_the_day(tmp_path_factory, day, slot):
    found = times(tmp_path_factory.mktemp("slots"), f"day,slot,lot,occupied\n{day},{slot},A,1\n", said())
    wall = found[0].astimezone(said().start.tzinfo)
    assert (wall.hour * 60 + wall.minute, wall.date()) == (
        480 + 30 * slot,
        datetime(2016, 10, 4, tzinfo=UTC).date() + timedelta(days=day),
    )


@pytest.mark.parametrize(
    ("start", "zone", "hour"),
    [
        pytest.param("2016-10-04T08:00+01:00", "Europe/London", 8, id="the zone is named beside it: London's clock"),
        pytest.param("2016-10-04T08:00+01:00", None, 7, id="an offset alone never changes"),
    ],
)
def test_a_start_with_an_offset(tmp_path, start, zone, hour):
    found = times(tmp_path, "day,slot,lot,occupied\n26,0,A,1\n", said(start=start, zone=zone))
    assert found == [datetime(2016, 10, 30, hour, tzinfo=UTC)]


def test_several_columns_name_a_lot_and_text_is_read_as_numbers(tmp_path):
    text = "day;slot;city;lot;free_spaces;name\n 3 ;0;A;1;7;x\n\n"
    frame = read(write(tmp_path, text), "day-slot", said(entity_col="city,lot", value_col="free_spaces"))
    assert frame["entity_id"].to_list() == ["A/1"]
    assert frame["free_spaces"].to_list() == [7]
    assert frame.columns == ["time", "entity_id", "free_spaces"]


def test_the_wall_clock_of_an_aware_start_is_kept_by_adding_days():
    """What ``ReadOptions.start`` carries is a zone, not an offset."""
    start = instant("2016-10-04T08:00", "Europe/London")
    assert (start + timedelta(days=26)).isoformat() == "2016-10-30T08:00:00+00:00"
    fixed = ReadOptions(start=datetime(2016, 10, 4, 8, tzinfo=timezone(timedelta(hours=1))), step_min=30)
    assert fixed.start.utcoffset() == timedelta(hours=1)


HEAD = "day,slot,lot,occupied\n"


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        pytest.param("slot,lot,occupied\n0,A,1\n", said(), "no column 'day'.*--shape long", id="no days"),
        pytest.param("day,lot,occupied\n0,A,1\n", said(), "0 columns of slots.*ends in '_slot'", id="no slots"),
        pytest.param("day,a_slot,b_slot,lot,n\n0,0,0,A,1\n", said(), "2 columns of slots, not one", id="two of slots"),
        pytest.param(f"{HEAD}0,0,A,1\n", said(start=None), "does not say when.*--start", id="no start"),
        pytest.param(
            f"{HEAD}0,0,A,1\n", said(step_min=None), "does not say when.*--step-min", id="no length of a slot"
        ),
        pytest.param(f"{HEAD}-1,0,A,1\n", said(), r"row 1 \(line 2\): '-1' in column 'day'", id="a negative day"),
        pytest.param(f"{HEAD}0,0,A,1\n0,-2,A,1\n", said(), r"row 2 .*'-2' in column 'slot'", id="a negative slot"),
        pytest.param(f"{HEAD}0,0.5,A,1\n", said(), "'0.5' in column 'slot' is no whole number", id="half a slot"),
        pytest.param(f"{HEAD}1e300,0,A,1\n", said(), "in column 'day' is no whole", id="a day out of this world"),
        pytest.param(f"{HEAD}inf,0,A,1\n", said(), "in column 'day' is no whole", id="a day without end"),
        pytest.param(f"{HEAD}Monday,0,A,1\n", said(), "'Monday' in column 'day' is no number", id="a day's name"),
        pytest.param(f"{HEAD},0,A,1\n", said(), "column 'day' is blank", id="no day"),
        pytest.param(f"{HEAD}0,0,,1\n", said(), "column 'lot' is blank", id="no lot"),
        pytest.param(f"{HEAD}0,48,A,1\n", said(), "slot 48 of day 0.*runs past the day.*--step-min", id="past the day"),
        pytest.param(f"{HEAD}0,0,A,-4\n", said(), "occupied cannot be negative", id="fewer cars than none"),
        pytest.param(f"{HEAD}0,0,A,many\n", said(), "'many' in column 'occupied'", id="words"),
        pytest.param("day,slot,lot,a,b\n0,0,A,1,2\n", said(), "2 columns .*--value-col", id="two may be measured"),
        pytest.param(
            f"{HEAD}26,3,A,1\n", said(start="2016-10-04T00:00"), "comes twice or never in Europe/London", id="twice"
        ),
    ],
)
def test_what_cannot_be_understood_is_refused(tmp_path, text, options, words):
    with pytest.raises(BadInput, match=f"(?s){words}"):
        read(write(tmp_path, text), "day-slot", options)


def test_a_column_that_is_not_there_is_named_with_its_flag(tmp_path):
    with pytest.raises(UnknownName, match="--entity-col"):
        read(write(tmp_path, f"{HEAD}0,0,A,1\n"), "day-slot", said(entity_col="site"))
    with pytest.raises(UnknownName, match="--value-col"):
        read(write(tmp_path, f"{HEAD}0,0,A,1\n"), "day-slot", said(value_col="free"))


def test_a_file_that_looks_like_it_says_so(tmp_path):
    with pytest.raises(HaechiError, match="--shape day-slot"):
        read(write(tmp_path, f"{HEAD}0,0,A,1\n"), "long", ReadOptions(columns=Columns(entity=("lot",))))


def test_birmingham_is_read_cell_by_cell(real_data):
    path = real_data / "parking" / "birmingham_77_days.parquet"
    panel, findings, value = read_panel([path], "day-slot", said())
    original = pl.read_parquet(path)
    assert (value, len(panel.entities), findings.rows) == ("occupied", 30, len(original))
    for lot in panel.entities[::7]:
        mine = panel.select((lot,)).values[:, 0]
        rows = original.filter(pl.col("lot").cast(pl.String) == lot).sort("day", "half_hour_slot")
        assert mine[mine == mine].tolist() == rows["occupied"].cast(pl.Float32).to_list()
