"""``haechi alerts`` as people and scripts meet it."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import haechi
from serving.alerts.store import Store
from serving.server import Server

EVENT: dict[str, Any] = {
    "id": "A-01/in 2026-06-30T23:00:00+00:00",
    "entity_ids": ["A-01/in", "A-01/out"],
    "kind": "abnormal flow",
    "direction": "low",
    "onset": "2026-06-30T23:00:00+00:00",
    "raised_at": "2026-07-01T01:00:00+00:00",
    "cleared_at": None,
    "ending": None,
    "steps": 3,
    "measured": 120.0,
    "expected": 900.0,
    "band_low": 700.0,
    "band_high": 1100.0,
    "size": -9.5,
    "witness": {
        "city_share": 0.01,
        "city_unrest": 1.0,
        "neighbours": 6,
        "neighbours_likewise": 1,
        "ruled_out": ["city", "neighbours"],
    },
    "quantity": "volume_veh_h",
    "simulated": False,
    "model": "traffic",
    "version": 3,
}
OVER = {"id": "B", "entity_ids": ["B"], "cleared_at": "2026-07-01T04:00:00+00:00", "ending": "back inside"}


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and what stands on stdout and stderr."""

    code: object
    out: str
    errors: str


Run = Callable[..., Said]


@pytest.fixture
def run(start: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """Runs ``haechi alerts`` beside a server on the same store."""
    store = str(tmp_path / "alerts.sqlite")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("HAECHI_SERVER", start(alert_poll_s=0.05).address)
    monkeypatch.setenv("HAECHI_STORE", store)

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["haechi", "alerts", *words])
        with pytest.raises(SystemExit) as ended:
            haechi.main()
        return Said(ended.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Two events: one that lasts, one that is over."""
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(EVENT | more) + "\n" for more in ({}, OVER)))
    return path


def listed(run: Run, *words: str) -> list[dict[str, Any]]:
    return json.loads(run("list", "--json", *words).out)["alerts"]


def test_events_of_a_file_become_alerts_once(run, events):
    said = run("replay", "--domain", "traffic", "--events", str(events), "--json")
    assert json.loads(said.out) == {"events": 2, "alerts": 2, "releases": 1, "steps": 3, "open": 2}, said.errors
    again = run("replay", "--events", str(events))
    assert "Events: 2. New: alerts 0, releases 0, steps 0. Alerts that stand in the queue: 2" in again.out


def test_an_alert_of_the_roads_says_what_to_do(run, events):
    run("replay", "--events", str(events), "--exercise")
    # Long ago: a server that looks at it now knows nothing of it any more.
    first = next(one for one in listed(run) if one["place"] == EVENT["id"])
    assert (first["status"], first["severity"], first["phase"]) == ("Exercise", "Severe", "expired")
    assert first["headline"]["en"] == "Abnormal traffic flow: A-01/in, A-01/out (120 veh/h, expected 900)"
    assert "warn upstream" in first["advice"]["en"]
    assert "상류" in first["advice"]["ko"]
    assert first["area"]["entities"] == ["A-01/in", "A-01/out"]
    assert len(first["evidence"]) == 64
    assert "SIMULATED" in run("list").out


def test_an_alert_from_list_to_close(run, events):
    run("replay", "--events", str(events))
    id = next(one["id"] for one in listed(run) if one["place"] == EVENT["id"])
    assert f"{id} is acknowledged" in run("ack", id).out
    assert json.loads(run("escalate", id, "--reason", "blocked", "--json").out)["life"] == "escalated"
    assert f"{id} is closed" in run("close", id, "--reason", "towed").out
    assert id not in run("list").out
    assert f"{id} is false alarm" in run("false-alarm", id, "--reason", "a parade").out
    shown = run("show", id).out
    assert "by local: a parade" in shown
    assert "상류" in shown
    assert "at A-01/in, A-01/out (A-01/in, A-01/out)\n" in shown
    refused = run("ack", id)
    assert refused.code == 2
    assert "fix:" in refused.errors


def test_steps_are_followed_from_a_cursor(run, events):
    run("replay", "--events", str(events))
    first, second = (json.loads(line) for line in run("watch", "--count", "2", "--json").out.splitlines())
    assert (first["action"], second["action"]) == ("raised", "raised")
    (line,) = run("watch", "--count", "1", "--cursor", second["cursor"]).out.splitlines()
    assert "released by haechi: Flow is back inside its band" in line
    assert run("watch", "--cursor", "nonsense").code == 2


def test_an_alert_is_printed_as_cap(run, events):
    run("replay", "--events", str(events))
    said = run("cap", listed(run)[0]["id"]).out
    assert said.startswith("<?xml")
    assert "<language>ko-KR</language>" in said


def test_the_audit_is_checked(run, events, tmp_path):
    run("replay", "--events", str(events))
    assert "3 steps, each follows from the one before" in run("verify").out
    store = Store(str(tmp_path / "alerts.sqlite"))
    with store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE haechi_steps SET document = replace(document, 'Severe', 'Minor')")
    store.close()
    said = run("verify")
    assert (said.code, "step 1 was altered" in said.errors) == (1, True)


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        pytest.param({"kind": "fire"}, "line 2: kind", id="another kind"),
        pytest.param({"entity_ids": []}, "line 2 names no link", id="no link"),
        pytest.param({"onset": "yesterday"}, "line 2: onset", id="no time"),
        pytest.param({"onset": "2026-06-30T23:00:00"}, "has no zone", id="a time without a zone"),
        pytest.param({"measured": float("nan")}, "is nan", id="no number"),
        pytest.param({"model": None}, "line 2: model", id="no model"),
    ],
)
def test_a_file_that_is_wrong_somewhere_raises_nothing(run, events, more, cause):
    events.write_text(json.dumps(EVENT) + "\n" + json.dumps(EVENT | more) + "\n")
    said = run("replay", "--events", str(events))
    assert (said.code, cause in said.errors) == (2, True), said.errors
    assert listed(run, "--all") == []


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["replay", "--events", "nothing.jsonl"], id="no file"),
        pytest.param(["replay", "--events", "nothing.jsonl", "--domain", "parking"], id="no such domain"),
        pytest.param(["show", "nobody"], id="no such alert"),
        pytest.param(["list", "--min-severity", "bad"], id="no such severity"),
        pytest.param(["verify", "--store", "mysql://h/d"], id="no such store"),
        pytest.param(["verify", "--store", "nowhere.sqlite"], id="no store yet"),
    ],
)
def test_a_mistake_is_named_with_its_mend(run, words):
    said = run(*words)
    assert said.code == 2
    assert "error:" in said.errors
    assert "fix:" in said.errors
