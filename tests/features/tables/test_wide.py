from datetime import UTC, datetime

import polars as pl
import pytest

from features.errors import BadInput
from features.tables import Columns, ReadOptions, read, read_panel

START = datetime(2012, 3, 1, tzinfo=UTC)
STEPS = ReadOptions(columns=Columns(value="speed_kmh"), start=START, step_min=5)


def write(tmp_path, text):
    path = tmp_path / "wide.csv"
    path.write_text(text)
    return [path]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("step,a,b\n0,1,2\n1,3,\n", id="a column of steps"),
        pytest.param("step,a,b\n1,3,\n0,1,2\n", id="steps backwards"),
        pytest.param("a,b\n1,2\n3,\n", id="rows are steps"),
        pytest.param("time,a,b\n2012-03-01T00:00Z,1,2\n2012-03-01T00:05Z,3,\n", id="a column of times"),
    ],
)
def test_one_column_an_entity(tmp_path, text):
    panel, findings, value = read_panel(write(tmp_path, text), "wide", STEPS)
    assert value == "speed_kmh"
    assert (panel.start, panel.step_min, panel.entities) == (START, 5, ("a", "b"))
    assert panel.values[:, 0].tolist() == [1, 3]
    assert panel.values[0, 1] == 2
    assert findings.missing == findings.blank == 1


def test_value_column_has_a_name_of_its_own(tmp_path):
    frame = read(write(tmp_path, "step,a\n0,1\n"), "wide", ReadOptions(start=START, step_min=5))
    assert frame.columns == ["time", "entity_id", "value"]


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        pytest.param("step,a\n0,1\n", ReadOptions(), "--start .*--step-min", id="steps without a start"),
        pytest.param("step,a\n0,1\n", ReadOptions(start=START), "--step-min", id="steps without a length"),
        pytest.param("Time,a\nx,1\n", ReadOptions(), "no column 'time'.*'Time'", id="no clock at all"),
        pytest.param("time,a\n2012-03-01T00:00,1\n", ReadOptions(), "no zone", id="times without a zone"),
        pytest.param("time,a\n,1\n2012-03-01T00:00Z,1\n", ReadOptions(), "row 1 .*'time' is blank", id="no time"),
        pytest.param("step,a\n0,1\n1,fast\n", STEPS, r"row 2 \(line 3\): 'fast' in column 'a'", id="text"),
        pytest.param("step,a\n0,1\n1,inf\n", STEPS, r"row 2 .*'a' is infinite", id="an infinity"),
        pytest.param("step,a\n0,-1\n", STEPS, "speed_kmh cannot be negative", id="a negative speed"),
        pytest.param("step\n0\n", STEPS, "no entity column", id="a clock and nothing else"),
        pytest.param("step,a\n0,1\n9999999999,1\n", STEPS, "beyond the year 9999", id="a step out of this world"),
        pytest.param("step,a,a\n0,1,2\n", STEPS, "'a' twice", id="an entity twice"),
    ],
)
def test_wide_file_that_cannot_be_understood_is_refused(tmp_path, text, options, words):
    with pytest.raises(BadInput, match=words):
        read(write(tmp_path, text), "wide", options)


@pytest.mark.parametrize(
    ("name", "step_min", "shape"),
    [
        pytest.param("los_loop_speed_mph", 5, (2016, 207), id="Los Angeles"),
        pytest.param("sz_taxi_speed_kmh", 15, (2976, 156), id="Shenzhen"),
    ],
)
def test_public_speeds_are_read_cell_by_cell(real_data, name, step_min, shape):
    path = real_data / "traffic" / f"{name}.parquet"
    panel, findings, _ = read_panel([path], "wide", ReadOptions(start=START, step_min=step_min))
    original = pl.read_parquet(path)
    assert panel.values.shape == shape
    assert findings.missing == 0
    for entity in (panel.entities[0], panel.entities[-1]):
        assert panel.select((entity,)).values[:, 0].tolist() == original[entity].to_list()
