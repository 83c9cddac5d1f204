"""``haechi risk`` as people and scripts meet it: tables, reasons, a picture, one JSON document, an exit code."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import haechi
from serving.server import Server
from tests.serving.disaster.town import DEAD, JAMSU, STATIONS

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and what stands on stdout and stderr."""

    code: object
    out: str
    errors: str


Ask = Callable[..., Said]


@pytest.fixture
def ask(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Runs ``haechi`` beside ``server``, in an empty folder, on a terminal of 100 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("HAECHI_SERVER", server.address)

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["haechi", *words])
        with pytest.raises(SystemExit) as ended:
            haechi.main()
        return Said(ended.value.code, *capsys.readouterr())

    return run


def test_a_table_of_each_horizon_and_level(ask: Ask) -> None:
    said = ask("risk", "--model", "disaster-river-jamsu")

    assert (said.code, said.errors) == (0, "")
    assert f"SIMULATED Flooding of Jamsu bridge at Jamsu bridge ({JAMSU}), issued 2021-03-03" in " ".join(
        said.out.split()
    )
    assert "closed to people" in said.out
    assert "quality: degraded: stale" in " ".join(said.out.split())
    assert said.out.count(" %") == 12


def test_why_is_said_in_both_languages(ask: Ask) -> None:
    said = ask("risk", "--model", "disaster-river-jamsu", "--place", JAMSU, "--why")

    assert said.code == 0, said.errors
    assert "Without the release at paldang" in said.out
    assert "방류량" in said.out
    assert "An approximation" in said.out


def test_a_dead_gauge_shows_no_probability(ask: Ask) -> None:
    said = ask("risk", "--model", "disaster-pm25", "--place", DEAD)

    assert said.code == 0, said.errors
    assert "no reading" in said.out
    assert "%" not in said.out


def test_json_is_one_document(ask: Ask) -> None:
    said = ask("risk", "--model", "disaster-pm25", "--why", "--json")
    document = json.loads(said.out)

    assert (said.code, said.errors) == (0, "")
    assert len(document["predictions"]) == 250
    assert document["predictions"][-1]["probability"] is None
    assert document["why"]["entity_id"] == STATIONS[0]


def test_a_picture(ask: Ask, tmp_path: Path) -> None:
    said = ask("risk", "--model", "disaster-river-jamsu", "--png", "risk.png")

    assert "Picture: risk.png" in said.out, said.errors
    assert (tmp_path / "risk.png").read_bytes().startswith(PNG)


def test_a_picture_of_a_dead_gauge(ask: Ask, tmp_path: Path) -> None:
    assert ask("risk", "--model", "disaster-pm25", "--place", DEAD, "--png", "dead.png").code == 0
    assert (tmp_path / "dead.png").read_bytes().startswith(PNG)


def test_forecast_asks_the_same(ask: Ask) -> None:
    said = ask("forecast", "disaster", "--model", "disaster-river-jamsu", "--entity", JAMSU)
    assert "closed to people" in said.out, said.errors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--model", "disaster-pm26"), "disaster-pm25", id="no such model"),
        pytest.param(("--model", "disaster-pm25", "--place", "종로"), "종로구", id="no such place"),
        pytest.param(("--model", "disaster-pm25", "--png", "a.png"), "draws one place", id="a picture of many"),
        pytest.param(("--model", "disaster-pm25", "--png", "a.jpg"), "only PNG is drawn", id="another format"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_mend(words: tuple[str, ...], message: str, ask: Ask) -> None:
    said = ask("risk", *words)

    assert said.code == 2
    assert message in said.errors


def test_steps_are_the_tables(ask: Ask) -> None:
    said = ask("forecast", "disaster", "--model", "disaster-pm25", "--entity", STATIONS[0], "--steps", "2")
    assert (said.code, "--steps" in said.errors) == (2, True)
