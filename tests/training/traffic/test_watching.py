"""``haechi evaluate traffic --events``: abnormal flow found while the past is replayed, as JSON lines."""

import json

import numpy as np
import pytest

from features.clock import utc_times
from features.errors import BadInput
from features.series import Panel
from features.traffic.abnormal_config import WatchConfig
from training.traffic.watching import Watching, neighbours

ONSET = 240


@pytest.fixture
def later(make_panel, save_panel, with_values, tmp_path):
    """Two weeks after the training, in which A-02 lost most of its flow for five hours."""
    panel = make_panel(days=84).window(1680, 84 * 24)
    values = panel.values.copy()
    values[ONSET : ONSET + 5, 2:4] *= 0.2
    return panel.time(ONSET), save_panel(with_values(panel, values), tmp_path / "later.parquet")


@pytest.fixture
def places(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text(
        "entity_id,lat,lon\nA-01/in,37.50,127.0\nA-01/out,37.50,127.0\nA-02/in,37.6,127.0\nA-02/out,37.6,127.0\n"
        "A-03/in,37.601,127.0\n"
    )
    return file


def test_an_incident_on_both_directions_is_one_line(at_home, document, later, places, tmp_path):
    onset, data = later
    out = tmp_path / "events.jsonl"

    told = document("evaluate", "traffic", "--data", data, "--split", "all", "--events", out, "--entities", places)

    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert told["events"] == {"file": str(out), "kinds": {"abnormal flow": len(rows)}}
    (row,) = [row for row in rows if row["onset"] == onset.isoformat()]
    assert sorted(row["entity_ids"]) == ["A-02/in", "A-02/out"]
    assert (row["direction"], row["kind"], row["ending"]) == ("low", "abnormal flow", "back inside")
    assert (row["model"], row["version"], row["simulated"], row["quantity"]) == ("traffic", 1, False, "volume_veh_h")
    assert row["measured"] < row["band_low"] < row["expected"] < row["band_high"]
    assert row["witness"]["ruled_out"] == ["neighbours"], "six links are no city"


def test_the_table_says_how_many_of_each_kind(at_home, run_command, later, places, tmp_path):
    out = tmp_path / "events.jsonl"
    text = run_command(
        "evaluate", "traffic", "--data", later[1], "--split", "all", "--events", out, "--entities", places
    )
    assert f"of abnormal flow: {out}" in text


def test_what_lies_there_already_is_not_written_over(at_home, run_command, later, tmp_path):
    out = tmp_path / "truth.jsonl"
    out.write_text("somebody's only record\n")
    with pytest.raises(BadInput, match=r"truth\.jsonl is there already"):
        run_command("evaluate", "traffic", "--data", later[1], "--split", "all", "--events", out)
    assert out.read_text() == "somebody's only record\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--events", "events.csv"), "does not end in .jsonl", id="another format"),
        pytest.param(("--entities", "places.csv"), "without --events", id="places for nothing"),
        pytest.param(("--events", "gone/events.jsonl"), "is not there", id="no such folder"),
    ],
)
def test_what_cannot_be_written_is_refused(words, message, at_home, run_command, later, places):
    with pytest.raises(BadInput, match=message):
        run_command("evaluate", "traffic", "--data", later[1], "--split", "all", *words)


def test_neighbours_come_from_places_and_from_errors_before_the_watch(city, with_values):
    chance = np.random.default_rng(2)
    values = city.values.copy()
    values[:, 5] = values[:, 0] * 3
    wild = np.where(chance.random((len(values), 1)) < 0.1, 1.3, 1)
    values[:, [0, 5]] *= wild
    panel = with_values(city, values)

    assert neighbours(panel, 1000, None)[0, 0] == 5
    assert (neighbours(panel, 100, None) == -1).all(), "too little is known"
    place = np.array([37.5, 37.5, 37.6, 37.7, 37.8, 37.9]), np.full(6, 127.0)
    assert neighbours(panel, 1000, place)[0, [0, 3]].tolist() == [1, 5]


def test_a_value_that_came_too_late_is_missing(city):
    values = np.full((40, 9), 1000.0, dtype=np.float32)
    values += np.random.default_rng(1).normal(0, 20, values.shape).astype(np.float32)
    values[30:34, 4] = 100
    names = tuple("abcdefghi")
    known = utc_times(city.start, 60, 41)[1:].astype("datetime64[s]")
    known = np.repeat(known[:, None], 9, axis=1)
    forecast = np.broadcast_to(np.array([975, 1000, 1025], dtype=np.float32), (9, 6, 3))

    def events(available_at):
        panel = Panel(
            start=city.start,
            step_min=60,
            entities=names,
            values=values,
            quantity="volume_veh_h",
            available_at=available_at,
        )
        watching = Watching(panel, np.full((9, 1), -1), WatchConfig())
        for row in range(40):
            watching.take(row, forecast)
        return watching.events

    late = known.copy()
    late[30:34, 4] += np.timedelta64(86400, "s")
    assert [event.entity_ids for event in events(known)] == [("e",)]
    assert not events(late)
