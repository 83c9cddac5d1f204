"""`haechi simulate`: files that say that they are simulated, written whole or not at all."""

import json
import tomllib
from datetime import UTC, datetime
from importlib.resources import files

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from features.errors import BadInput
from features.simulated import folder
from features.simulated.folder import write_folder
from features.simulated.seoul import SimulatedConfig, simulate
from features.tables import read_panels
from features.tables.columns import ReadOptions
from haechi import app

TABLES = {
    *("traffic.parquet", "weather.parquet", "station_weather.parquet", "air.parquet", "river.parquet"),
    *("parking.parquet", "parking_truth.parquet"),
}
PLAUSIBLE = tomllib.loads(files("features.tables").joinpath("plausible.toml").read_text(encoding="utf-8"))
NAMES = TABLES | {"README.md", "links.csv", "places.csv", "parking_lots.csv", "truth.jsonl"}


@pytest.fixture
def week():
    return simulate(
        SimulatedConfig(seed=7, start=datetime(2024, 7, 1, tzinfo=UTC), end=datetime(2024, 7, 8, tzinfo=UTC))
    )


def run(out, *options, seed="7", start="2024-07-01", end="2024-07-02"):
    return CliRunner().invoke(
        app, ["simulate", "--seed", seed, "--from", start, "--to", end, "--out", str(out), *options]
    )


def test_the_folder_holds_the_tables_and_nothing_else(week, tmp_path):
    rows = write_folder(week, tmp_path / "new" / "seoul", on_block=lambda: None)
    out = tmp_path / "new" / "seoul"
    assert {path.name for path in out.iterdir()} == NAMES
    traffic = pl.read_parquet(out / "traffic.parquet")
    assert len(traffic) == rows
    assert_frame_equal(traffic, pl.concat(week.traffic_blocks()), check_dtypes=False, categorical_as_str=True)
    assert traffic.schema["time"] == pl.Datetime("us", "UTC")
    assert_frame_equal(pl.read_parquet(out / "weather.parquet"), week.weather)
    assert_frame_equal(pl.read_parquet(out / "station_weather.parquet"), week.station_weather)
    assert_frame_equal(pl.read_parquet(out / "air.parquet"), pl.concat(week.air_blocks()))
    assert_frame_equal(pl.read_parquet(out / "river.parquet"), pl.concat(week.river_blocks()))
    assert_frame_equal(pl.read_parquet(out / "parking.parquet"), pl.concat(week.parking_blocks()))
    assert_frame_equal(pl.read_parquet(out / "parking_truth.parquet"), pl.concat(week.occupancy_blocks()))
    assert_frame_equal(pl.read_csv(out / "parking_lots.csv"), week.lots, check_dtypes=False)
    assert_frame_equal(pl.read_csv(out / "links.csv"), week.links, check_dtypes=False)
    assert_frame_equal(pl.read_csv(out / "places.csv"), week.places, check_dtypes=False)
    told = [json.loads(line) for line in (out / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    assert told == week.truth()


def test_everything_says_that_it_is_simulated(week, tmp_path):
    write_folder(week, tmp_path, on_block=lambda: None)
    assert (tmp_path / "README.md").read_text(encoding="utf-8").startswith("# SIMULATED")
    for name in TABLES:
        assert pl.read_parquet_metadata(tmp_path / name)["simulated"] == "true"
    assert all(row["simulated"] is True for row in week.truth())


def test_truth_names_kind_onset_end_and_entity(week):
    entities, places = set(week.links["entity_id"]), set(week.places["entity_id"])
    lots = {None, *week.lots["entity_id"]}
    whole_city = ("rain", "smog", "yellow_dust", "gathering")
    for row in week.truth():
        assert datetime.fromisoformat(row["onset"]) < datetime.fromisoformat(row["end"])
        known = {None} if row["kind"] in whole_city else places if row["kind"] == "episode" else entities
        known = lots if row["kind"].startswith("parking_") else known
        assert row["entity_id"] in known
        assert row["kind"] != "crash" or set(row["diverted_to"]) < entities


@pytest.mark.parametrize(
    ("name", "step_min", "entities"),
    [
        pytest.param("station_weather.parquet", 60, 1, id="weather"),
        pytest.param("air.parquet", 60, 5, id="air"),
        pytest.param("river.parquet", 10, 6, id="river"),
    ],
)
def test_hazard_tables_are_read_as_long_tables_and_can_be_true(tmp_path, name, step_min, entities):
    july = simulate(
        SimulatedConfig(seed=2, start=datetime(2022, 7, 1, tzinfo=UTC), end=datetime(2022, 8, 1, tzinfo=UTC))
    )
    write_folder(july, tmp_path, on_block=lambda: None)
    panels, _ = read_panels([tmp_path / name], "long", ReadOptions())
    assert len({entity for panel in panels.values() for entity in panel.entities}) == entities
    for quantity, panel in panels.items():
        assert panel.step_min == step_min
        assert not np.isnan(panel.values).any(), quantity
        if quantity in PLAUSIBLE:
            low, high = PLAUSIBLE[quantity]["range"]
            assert low <= panel.values.min() <= panel.values.max() <= high
            if "median" in PLAUSIBLE[quantity]:
                low, high = PLAUSIBLE[quantity]["median"]
                assert low <= np.median(panel.values) <= high
    assert set(panels) <= set(PLAUSIBLE)


def test_an_earlier_simulation_is_replaced(week, tmp_path):
    write_folder(week, tmp_path, on_block=lambda: None)
    answer = run(tmp_path, "--json", seed="8")
    assert answer.exit_code == 0, answer.output
    assert "seed 8" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == NAMES


def test_a_write_that_fails_leaves_the_earlier_simulation_whole(week, tmp_path, monkeypatch):
    write_folder(week, tmp_path, on_block=lambda: None)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def disk_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "_readme", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_folder(week, tmp_path, on_block=lambda: None)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_a_killed_run_left_behind_does_not_stand_in_the_way(tmp_path):
    (tmp_path / ".simulating-killed").mkdir()
    assert run(tmp_path).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} >= NAMES


def test_the_command_answers_with_one_json_document(tmp_path):
    answer = run(tmp_path / "out", "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert (told["simulated"], told["seed"], told["hours"], told["entities"]) == (True, 7, 24, 400)
    assert told["from"] == "2024-07-01T00:00:00+09:00"
    assert told["rows"] == len(pl.read_parquet(tmp_path / "out" / "traffic.parquet"))


def test_a_time_without_a_zone_is_read_on_the_clock_of_the_option(tmp_path):
    answer = run(tmp_path / "out", "--timezone", "UTC", "--json")
    assert json.loads(answer.stdout)["from"] == "2024-07-01T00:00:00+00:00"
    assert pl.read_parquet(tmp_path / "out" / "traffic.parquet")["time"].min() == datetime(2024, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        pytest.param({"seed": "-1"}, "seed=-1", id="a negative seed"),
        pytest.param({"start": "2024-07-03"}, "not after its start", id="from after to"),
        pytest.param({"start": "yesterday"}, "--from 'yesterday' is not a date", id="not a time"),
        pytest.param({"start": "2024-07-01T00:30"}, "not on a whole hour", id="half past"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(tmp_path, options, cause):
    answer = run(tmp_path / "out", **options)
    assert isinstance(answer.exception, BadInput)
    assert cause in answer.exception.cause
    assert not (tmp_path / "out").exists()


def test_an_unknown_zone_is_refused(tmp_path):
    answer = run(tmp_path / "out", "--timezone", "Asia/Soul")
    assert isinstance(answer.exception, BadInput)
    assert "Asia/Seoul" in answer.exception.mend


def test_out_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    answer = run(tmp_path / "file")
    assert isinstance(answer.exception, BadInput)
    assert "is a file, not a folder" in answer.exception.cause
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "README.md").write_text("# My project", encoding="utf-8")
    answer = run(tmp_path)
    assert isinstance(answer.exception, BadInput)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_cameras_film_and_an_earlier_simulations_films_are_not_left(tmp_path):
    words = ["simulate", "--seed", "7", "--from", "2024-06-01", "--to", "2024-06-02", "--out", str(tmp_path / "city")]
    told = CliRunner().invoke(app, [*words, "--cameras", "2", "--clip-s", "1", "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["cameras"] == 2
    made = {path.name for path in (tmp_path / "city" / "cameras").iterdir()}
    assert made == {f"CAM-{n:03d}.{end}" for n in (0, 1) for end in ("mp4", "toml")} | {
        *("boxes.parquet", "incidents.csv", "cameras.csv")
    }
    assert CliRunner().invoke(app, words).exit_code == 0
    assert not (tmp_path / "city" / "cameras").exists()


@pytest.mark.parametrize(
    ("flags", "cause"),
    [
        (["--cameras", "-1"], "--cameras -1 is outside 0 to 200"),
        (["--cameras", "201"], "outside 0 to 200"),
        (["--cameras", "1", "--clip-s", "0"], "--clip-s 0 is outside 1 to 3600"),
        (["--cameras", "1", "--clip-s", "nan"], "--clip-s nan is outside"),
    ],
)
def test_cameras_that_cannot_be_are_refused(tmp_path, flags, cause):
    words = ["simulate", "--seed", "7", "--from", "2024-06-01", "--to", "2024-06-02", "--out", str(tmp_path / "city")]
    with pytest.raises(BadInput, match=cause):
        CliRunner().invoke(app, [*words, *flags], catch_exceptions=False)
    assert not (tmp_path / "city").exists()


def test_without_opencv_cameras_say_what_they_need(tmp_path, monkeypatch):
    monkeypatch.setattr("features.cli.find_spec", lambda _: None)
    words = ["simulate", "--seed", "7", "--from", "2024-06-01", "--to", "2024-06-02", "--out", str(tmp_path / "city")]
    with pytest.raises(BadInput, match=r"need OpenCV.*haechi\[training\]"):
        CliRunner().invoke(app, [*words, "--cameras", "1"], catch_exceptions=False)
