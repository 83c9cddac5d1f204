"""``haechi forecast traffic`` as people and scripts meet it: a table, a picture, one JSON document, an exit code."""

import errno
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import haechi
from serving.server import Server
from tests.serving.traffic.city import AS_OF, HOUR

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
    """Runs ``haechi forecast`` beside ``server``, in an empty folder, on a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("HAECHI_SERVER", server.address)

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["haechi", "forecast", *words])
        with pytest.raises(SystemExit) as ended:
            haechi.main()
        return Said(ended.value.code, *capsys.readouterr())

    return run


def test_a_table_of_what_was_measured_and_what_is_ahead(ask: Ask) -> None:
    said = ask("traffic", "--entity", "A-01/in")

    assert said.code == 0, said.errors
    assert "SIMULATED  A-01/in  volume_veh_h, issued 2022-03-16 09:00 Asia/Seoul" in said.out
    # Measured two years ago: whoever asks about now is told.
    assert "traffic/1, veh/h, quality: degraded: stale" in said.out
    assert [word for word in said.out.split() if word.endswith(":00")][1:] == [
        f"{hour:02d}:00" for hour in (5, 6, 7, 8, 9, 10, 11)
    ]
    assert "…" not in said.out
    assert said.errors == ""


def test_every_entity_has_its_table_once(ask: Ask) -> None:
    said = ask("traffic", "--entity", "A-01/out", "--entity", "B-07/in", "--entity", "A-01/out")

    assert said.code == 0, said.errors
    assert [line.split()[1] for line in said.out.splitlines() if "SIMULATED" in line] == ["A-01/out", "B-07/in"]
    assert "quality: fallback: never measured" in said.out


def test_json_is_one_document_with_times_that_other_tools_read(ask: Ask) -> None:
    said = ask("traffic", "--entity", "A-01/in", "--json")
    document = json.loads(said.out)

    assert (said.code, said.errors) == (0, "")
    assert (document["model"], document["version"], document["unit"]) == ("traffic", "1", "veh/h")
    assert (document["simulated"], document["timezone"]) == (True, "Asia/Seoul")
    assert datetime.fromisoformat(document["issued_at"]) == datetime.fromisoformat(document["as_of"]) == AS_OF
    ahead = [datetime.fromisoformat(one["target_time"]) for one in document["predictions"]]
    assert ahead == [AS_OF, AS_OF + HOUR, AS_OF + 2 * HOUR]
    assert [one["step"] for one in document["predictions"]] == [1, 2, 3]
    assert all(one["q10"] <= one["q50"] <= one["q90"] for one in document["predictions"])
    past = [datetime.fromisoformat(one["time"]) for one in document["observed"]]
    assert past == [AS_OF - back * HOUR for back in (4, 3, 2, 1)]


def test_fewer_steps_can_be_asked_for(ask: Ask) -> None:
    document = json.loads(ask("traffic", "--entity", "A-01/in", "--steps", "2", "--json").out)

    assert [one["step"] for one in document["predictions"]] == [1, 2]


def test_what_cannot_be_said_is_null_in_json(ask: Ask) -> None:
    document = json.loads(ask("traffic", "--entity", "B-07/in", "--json").out)

    assert document["observed"] == []
    assert [(one["q10"], one["q50"], one["q90"], one["quality"]) for one in document["predictions"]] == [
        (None, None, None, "fallback: never measured")
    ] * 3


@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["table", "json"])
@pytest.mark.parametrize("entity", ["A-01/in", "B-07/in"], ids=["a forecast", "none"])
def test_a_picture_comes_beside_the_answer(entity: str, as_json: tuple[str, ...], ask: Ask, tmp_path: Path) -> None:
    said = ask("traffic", "--entity", entity, "--png", "fan.PNG", *as_json)

    assert said.code == 0, said.errors
    assert (tmp_path / "fan.PNG").read_bytes().startswith(PNG)
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix] == ["fan.PNG"]
    assert ("Picture: fan.PNG" in said.out) is not bool(as_json)


def test_a_full_disk_leaves_the_older_picture_and_nothing_else(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fan.png").write_text("older")

    def run_full(self: Figure, path: Path, **_: object) -> None:
        path.write_bytes(PNG)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", run_full)
    said = ask("traffic", "--entity", "A-01/in", "--png", "fan.png")

    assert said.code == 1
    assert said.out == ""
    assert "error: The disk is full: fan.png could not be written" in said.errors
    assert "fix: Free some space" in said.errors
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"fan.png": "older"}


@pytest.mark.parametrize(
    ("words", "code", "cause", "mend"),
    [
        pytest.param(
            ["traffic", "--entity", "A-01/inn"], 2, "There is no entity 'A-01/inn'", "Did you mean 'A-01/in'?",
            id="an entity never seen in training",
        ),
        pytest.param(
            ["trafic", "--entity", "A-01/in"], 2, "There is no domain 'trafic'", "Did you mean 'traffic'?",
            id="an unknown domain",
        ),
        pytest.param(
            ["traffic", "--entity", "A-01/in", "--model", "trafic"], 2, "There is no model 'trafic'",
            "Did you mean 'traffic'?", id="an unknown model",
        ),
        pytest.param(
            ["traffic", "--entity", "A-01/in", "--model", "doubler"], 2,
            "doubler/1 is a model of the domain other, not of traffic", "Name a traffic model",
            id="a model of another domain",
        ),
        pytest.param(
            ["traffic", "--entity", "A-01/in", "--steps", "4"], 2,
            "horizon_steps=4 is not within the 3 steps of traffic/1", "Ask for 1 to 3",
            id="a horizon beyond the model's",
        ),
        pytest.param(
            ["traffic", "--entity", "A-01/in", "--server", "127.0.0.1:1"], 1, "No server answers at 127.0.0.1:1",
            "Start one with `haechi serve`", id="no server",
        ),
        pytest.param(
            ["traffic", "--entity", "A-01/in", "--entity", "A-01/out", "--png", "fan.png"], 2,
            "--png draws one entity, and 2 were asked for", "one --entity at a time", id="a picture of two entities",
        ),
        pytest.param(
            ["traffic", "--entity", "A-01/in", "--png", "fan.jpg"], 2, "--png fan.jpg does not end in .png",
            "Use --png fan.png", id="a picture of another format",
        ),
        pytest.param(
            ["traffic", "--entity", "A-01/in", "--png", "fan"], 2, "--png fan does not end in .png",
            "Use --png fan.png", id="a picture without an ending",
        ),
        pytest.param(
            ["traffic", "--entity", "A-01/in", "--png", ""], 2, "does not end in .png", "Use --png forecast.png",
            id="a picture without a name",
        ),
        pytest.param(
            ["traffic", "--entity", "A-01/in", "--png", "nowhere/fan.png"], 2, "The folder nowhere is not there",
            "mkdir -p nowhere", id="a folder that is not there",
        ),
        pytest.param(["traffic"], 2, "Missing option '--entity'", "--help", id="no entity at all"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_says_why_and_leaves_nothing(
    words: list[str], code: int, cause: str, mend: str, ask: Ask, tmp_path: Path
) -> None:
    said = ask(*words)

    assert said.code == code
    assert said.out == ""
    assert cause in said.errors
    assert mend in said.errors
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written_is_an_answer(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Figure, path: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Figure, "savefig", refuse)
    said = ask("traffic", "--entity", "A-01/in", "--png", "fan.png")

    assert said.code == 1
    assert "fan.png" in said.errors
    assert "fix: " in said.errors
