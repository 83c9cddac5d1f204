"""``haechi parking`` as people and scripts meet it: tables, a picture, one JSON document, an exit code."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

import haechi
from serving.server import Server
from tests.serving.parking.town import AS_OF, GARAGE, HOUR, LOTS, SIZELESS, STREET

PNG = b"\x89PNG\r\n\x1a\n"
ARRIVE = (AS_OF + 9 * HOUR).isoformat()
AT = ("--at", "37.5663,126.9779", "--arrive", ARRIVE)


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and what stands on stdout and stderr."""

    code: object
    out: str
    errors: str

    @property
    def words(self) -> str:
        """On one line."""
        return " ".join(self.out.split())


Ask = Callable[..., Said]


@pytest.fixture
def ask(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Runs ``haechi`` beside ``server``, in an empty folder, on a terminal of 140 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("HAECHI_SERVER", server.address)

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["haechi", *words])
        with pytest.raises(SystemExit) as ended:
            haechi.main()
        return Said(ended.value.code, *capsys.readouterr())

    return run


def test_every_lot_is_one_line(ask: Ask) -> None:
    said = ask("parking", "lots")

    assert (said.code, said.errors) == (0, "")
    assert "SIMULATED Free spaces, issued 2026-03-22 23:00 Asia/Seoul" in said.words
    assert all(name in said.out for name in LOTS)
    assert "fallback: its capacity is not known" in said.words


@pytest.mark.parametrize("command", [("parking", "lots"), ("forecast", "parking")])
def test_one_lot_is_shown_step_by_step(command: tuple[str, ...], ask: Ask) -> None:
    said = ask(*command, "--entity", GARAGE, "--steps", "3")

    assert (said.code, said.errors) == (0, "")
    assert "SIMULATED Free spaces of 시청 주차장 (G-1), issued 2026-03-22 23:00 Asia/Seoul" in said.words
    assert "Mon 00:00" in said.out
    assert "Mon 03:00" not in said.out
    assert said.out.count(" %") == 3
    assert "quality: degraded: stale" in said.words


def test_a_lot_of_which_nothing_is_known_shows_no_number(ask: Ask) -> None:
    said = ask("parking", "lots", "--entity", SIZELESS)

    assert said.code == 0, said.errors
    assert "no count, capacity not known" in said.words
    assert "%" not in said.out


def test_a_picture(ask: Ask, tmp_path: Path) -> None:
    said = ask("parking", "lots", "--entity", GARAGE, "--png", "parking.png")

    assert "Picture: parking.png" in said.out, said.errors
    assert (tmp_path / "parking.png").read_bytes().startswith(PNG)


def test_places_to_park_are_ranked_with_their_reasons(ask: Ask) -> None:
    said = ask("parking", "recommend", *AT)

    assert (said.code, said.errors) == (0, "")
    assert "SIMULATED Parking for Mon 2026-03-23 08:00 Asia/Seoul" in said.words
    assert "chance of a space" in said.words
    assert "빈자리 확률" in said.words
    assert "A full lot is taken to cost 15 min" in said.words


def test_where_there_is_no_place_it_is_said_why(ask: Ask) -> None:
    said = ask("parking", "recommend", "--at", "37.60,126.9779", "--arrive", ARRIVE, "--walk-m", "100")
    assert "There is no lot within 100 m on foot" in said.words
    assert said.code == 0


def test_needs_are_passed_on(ask: Ask) -> None:
    said = ask("parking", "recommend", *AT, "--ev", "--disabled", "--height-m", "2", "--most", "1", "--json")
    options = json.loads(said.out)["options"]
    assert [(one["lot"]["entity_id"], one["unknown"]) for one in options] == [(GARAGE, [])]


def test_bays_to_lend_are_windows(ask: Ask) -> None:
    said = ask("parking", "share", "--entity", GARAGE, "--entity", SIZELESS, "--bays", "20", "--risk", "0.1")

    assert (said.code, said.errors) == (0, "")
    assert "SIMULATED When 20 bays can be lent until Mon 23:00" in said.words
    assert "20 can be lent in 2 windows" in said.words
    assert "Nothing is known, so nothing is offered" in said.words
    assert "0.1 at most" in said.words


@pytest.mark.parametrize(
    ("words", "key"),
    [
        pytest.param(("lots",), "predictions", id="lots"),
        pytest.param(("recommend", *AT), "options", id="recommend"),
        pytest.param(("share", "--entity", STREET, "--bays", "1"), "lots", id="share"),
    ],
)
def test_json_is_one_document(words: tuple[str, ...], key: str, ask: Ask) -> None:
    said = ask("parking", *words, "--json")
    document = json.loads(said.out)

    assert (said.code, said.errors) == (0, "")
    assert document[key]
    assert document["simulated"] is True


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("lots", "--model", "parkin"), "parking", id="no such model"),
        pytest.param(("lots", "--entity", "S-11"), "Did you mean 'S-1'", id="no such lot"),
        pytest.param(("lots", "--png", "a.png"), "draws one lot", id="a picture of many"),
        pytest.param(("lots", "--entity", GARAGE, "--png", "a.jpg"), "only PNG is drawn", id="another format"),
        pytest.param(("lots", "--steps", "30"), "Ask for 1 to 24", id="too far ahead"),
        pytest.param(("recommend", "--at", "Seoul", "--arrive", ARRIVE), "--at 'Seoul' is no place", id="a name"),
        pytest.param(("recommend", *AT[:3], "tomorrow"), "--arrive 'tomorrow' is no time", id="a word for a time"),
        pytest.param(("recommend", *AT[:3], "2026-03-23T08:00"), "has no zone", id="a time without a zone"),
        pytest.param(("recommend", *AT[:3], (AS_OF - timedelta(days=1)).isoformat()), "lies before", id="yesterday"),
        pytest.param(
            ("share", "--entity", STREET, "--bays", "60"), "more than the 50 spaces of S-1", id="too many bays"
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_mend(words: tuple[str, ...], message: str, ask: Ask) -> None:
    said = ask("parking", *words)

    assert said.code == 2
    assert message in said.errors
    assert "fix:" in said.errors
