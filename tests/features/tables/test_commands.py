import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import haechi
from features.errors import BadInput, StorageFailure
from features.tables import ReadOptions, commands, read_panels

CSV = "".join(f"2022-01-01T{hour:02}:00Z,<a>,{hour}\n" for hour in range(24))
CSV = "time,entity_id,volume\n" + CSV + "2022-01-02T00:00Z,<a>,\n2022-01-01T03:00Z,<a>,3\n"


def run(*words):
    return CliRunner().invoke(haechi.app, ["data", *map(str, words)], catch_exceptions=False)


@pytest.fixture
def measured(tmp_path):
    path = tmp_path / "measured.csv"
    path.write_text(CSV)
    return path


def test_check_prints_what_was_found_and_changes_nothing(measured):
    answer = run("check", measured)
    assert answer.exit_code == 0
    for words in ("26 rows: 1 entities × 25 intervals of 60 min", "1 duplicates merged", "1 rows out of order", "<a>"):
        assert words in answer.stdout
    assert measured.read_text() == CSV
    assert list(measured.parent.iterdir()) == [measured]


def test_check_gives_one_json_document(measured):
    document = json.loads(run("check", measured, "--json").stdout)
    assert document["findings"]["missing"] == 1
    assert document["findings"]["duplicates_merged"] == 1
    assert [entity["entity_id"] for entity in document["entities"]] == ["<a>"]


def test_check_writes_a_page(measured, tmp_path):
    page = tmp_path / "report.html"
    assert run("check", measured, "--html", page, "--timezone", "Asia/Seoul").exit_code == 0
    assert "times in Asia/Seoul" in page.read_text(encoding="utf-8")


def test_check_shows_at_most_twenty_entities(tmp_path):
    rows = [f"2022-01-01T{hour:02}:00Z,e{i},1\n" for i in range(23) for hour in range(3)]
    (tmp_path / "many.csv").write_text("time,entity_id,volume\n" + "".join(rows))
    assert "and 3 more: use --html FILE or --json" in run("check", tmp_path / "many.csv").stdout


@pytest.mark.parametrize("columns", [40, 60, 80])
@pytest.mark.parametrize(
    "name",
    [pytest.param("강변북로-구리방향/in", id="wide letters"), pytest.param("entity-" * 9 + "last", id="long")],
)
def test_check_shows_the_whole_entity_first_on_a_narrow_terminal(tmp_path, monkeypatch, columns, name):
    monkeypatch.setenv("COLUMNS", str(columns))
    rows = "".join(f"2022-01-01T{hour:02}:00Z,{name},1\n" for hour in range(9))
    (tmp_path / "long.csv").write_text("time,entity_id,volume\n" + rows, encoding="utf-8")
    heading, *lines = run("check", tmp_path / "long.csv").stdout.partition("entity ")[2].splitlines()
    assert "".join(line[: columns // 2].split(" ")[0] for line in lines) == name
    assert heading.split()[0] == "from"


def test_import_writes_every_row_as_it_was_found(measured, tmp_path):
    out = tmp_path / "long.parquet"
    answer = run("import", "long", measured, "--out", out, "--json")
    assert json.loads(answer.stdout)["findings"]["rows"] == 26
    written = pl.read_parquet(out)
    assert written.schema.to_python() == {
        "time": pl.Datetime("us", "UTC").to_python(),
        "entity_id": str,
        "volume": float,
    }
    assert written.height == 26
    again = json.loads(run("check", out, "--json").stdout)
    assert again["findings"] == json.loads(run("check", measured, "--json").stdout)["findings"]


def test_import_of_a_wide_file(tmp_path):
    (tmp_path / "wide.csv").write_text("a,b\n1,2\n3,4\n")
    out = tmp_path / "long.parquet"
    flags = ("--start", "2012-03-01T00:00", "--timezone", "America/Los_Angeles", "--step-min", 5, "--value-col", "mph")
    assert run("import", "wide", tmp_path / "wide.csv", "--out", out, *flags).exit_code == 0
    assert pl.read_parquet(out)["time"][0].isoformat() == "2012-03-01T08:00:00+00:00"


@pytest.fixture
def air(tmp_path):
    path = tmp_path / "air.csv"
    rows = [f"2018-01-01 {hour:02}:00,{cell},17\n" for hour, cell in enumerate(["31", "-", "3403", "30"], start=1)]
    path.write_text("time,pm10,pm25\n" + "".join(rows))
    return path


def test_check_reports_every_quantity_of_a_published_shape(air):
    answer = run("check", air, "--shape", "air-city")
    for words in ("pm10_ug_m3, 2017-12-31 15:00", "pm25_ug_m3, 2017-12-31", "1 cells that say so", "1 out of range"):
        assert words in answer.stdout
    document = json.loads(run("check", air, "--shape", "air-city", "--json").stdout)
    assert [each["findings"]["missing"] for each in document["quantities"]] == [2, 0]
    one = json.loads(run("check", air, "--shape", "air-city", "--value-col", "pm10_ug_m3", "--json").stdout)
    assert one["findings"]["out_of_range"] == 1


def test_a_page_shows_one_quantity(air, tmp_path):
    page = tmp_path / "report.html"
    with pytest.raises(BadInput, match="--value-col: pm10_ug_m3, pm25_ug_m3"):
        run("check", air, "--shape", "air-city", "--html", page)
    assert not page.exists()
    assert run("check", air, "--shape", "air-city", "--html", page, "--value-col", "pm10_ug_m3").exit_code == 0


def test_import_writes_every_quantity_of_a_published_shape(air, tmp_path):
    out = tmp_path / "long.parquet"
    answer = json.loads(run("import", "air-city", air, "--out", out, "--json").stdout)
    assert answer["columns"] == ["time", "entity_id", "pm10_ug_m3", "pm25_ug_m3"]
    assert answer["findings"]["pm10_ug_m3"]["marked"] == 1
    assert pl.read_parquet(out)["pm10_ug_m3"].to_list() == [31, None, None, 30]
    again = json.loads(run("check", out, "--json").stdout)
    assert [each["quantity"] for each in again["quantities"]] == ["pm10_ug_m3", "pm25_ug_m3"]


def test_imported_forecasts_keep_when_they_were_known(real_data, tmp_path):
    out, source = tmp_path / "long.parquet", real_data / "hazard" / "uci_ldaps_bias_2013_2017.parquet"
    assert run("import", "ldaps", source, "--out", out).exit_code == 0
    as_published, _ = read_panels([source], "ldaps", ReadOptions())
    imported, _ = read_panels([out], "long", ReadOptions())
    for name, panel in as_published.items():
        np.testing.assert_array_equal(imported[name].values, panel.values)
    known = as_published["ldaps_tmax_c"].available_at
    np.testing.assert_array_equal(imported["ldaps_tmax_c"].available_at, known)


def test_import_writes_the_places_of_a_survey(real_data, tmp_path):
    out, places = tmp_path / "volumes.parquet", tmp_path / "places.parquet"
    survey = real_data / "traffic" / "topis_survey_2022_01.xlsx"
    assert run("import", "topis", survey, "--out", out, "--entities", places).exit_code == 0
    measured = pl.read_parquet(out)["entity_id"].cast(pl.String).unique()
    assert pl.read_parquet(places)["entity_id"].sort().equals(measured.sort())


def test_places_of_a_shape_without_any_are_refused(measured, tmp_path):
    with pytest.raises(BadInput, match="'long' carry no places"):
        run("import", "long", measured, "--out", tmp_path / "o.parquet", "--entities", tmp_path / "p.parquet")
    assert list(tmp_path.iterdir()) == [measured]


def test_import_refuses_before_it_writes(measured, tmp_path):
    measured.write_text("time,entity_id,volume\n2022-01-01T00:00Z,a,x\n")
    out = tmp_path / "long.parquet"
    with pytest.raises(BadInput, match="'x' in column 'volume' is no number"):
        run("import", "long", measured, "--out", out)
    assert not out.exists()


def test_full_disk_leaves_no_half_file(measured, tmp_path, monkeypatch):
    out = tmp_path / "long.parquet"
    out.write_bytes(b"older")

    def fill_the_disk(frame, path):
        path.write_bytes(b"PAR1half")
        raise pl.exceptions.ComputeError("parquet: underlying IO error: No space left on device (os error 28)")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fill_the_disk)
    with pytest.raises(StorageFailure, match="disk is full"):
        run("import", "long", measured, "--out", out)
    assert out.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.parquet", "measured.csv"]


def test_other_write_errors_are_not_swallowed(measured, tmp_path, monkeypatch):
    def fail(frame, path):
        raise pl.exceptions.ComputeError("something else")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fail)
    with pytest.raises(pl.exceptions.ComputeError, match="something else"):
        run("import", "long", measured, "--out", tmp_path / "long.parquet")


def test_both_commands_show_an_example():
    assert commands.data.registered_commands
    for command in ("check", "import"):
        assert f"haechi data {command}" in " ".join(run(command, "--help").stdout.split())
