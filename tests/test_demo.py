"""``haechi demo`` in an empty folder: the whole path once, pictures at its end, and nothing left running."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

PNG = b"\x89PNG\r\n\x1a\n"
HANGS_S = 600
"""Far beyond what any of this takes: a demo that hangs fails instead of waiting for ever."""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Start]:
    """Starts ``haechi demo`` in a terminal session of its own, in the empty folder ``here``, with its own /tmp."""
    started = []
    (tmp_path / "scratch").mkdir()
    (tmp_path / "here").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HAECHI_", "MLFLOW_"))}
    environment = kept | {"TMPDIR": str(tmp_path / "scratch"), "MPLCONFIGDIR": str(tmp_path / "fonts")}

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "haechi", "demo", *words],
            cwd=tmp_path / "here",
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        for other in running(process):
            other.kill()
        process.communicate()


def running(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """What is alive of the session that ``process`` leads or led."""
    alive = []
    for other in psutil.process_iter(["status"]):
        try:
            if os.getsid(other.pid) == process.pid and other.info["status"] != psutil.STATUS_ZOMBIE:
                alive.append(other)
        except ProcessLookupError:
            continue
    return alive


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What the demo says on stderr up to the line that holds ``words``."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it never said {words!r}: {said}")


def odds(output: str, hour: str) -> list[int]:
    """The probabilities of each level, in percent, in the row of a risk by ``hour``."""
    (row,) = (line for line in output.splitlines() if line.strip().startswith(hour))
    return [int(share) for share in re.findall(r"(\d+) %", row)]


def test_the_whole_path_in_an_empty_folder(demo: Start, tmp_path: Path) -> None:
    # A data scientist's own folder of that name must not be taken for ours.
    (tmp_path / "here" / "features").mkdir()
    (tmp_path / "here" / "features" / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    process = demo()
    output, errors = process.communicate(timeout=HANGS_S)

    assert process.returncode == 0, errors
    traffic, hazard = ["simulate", "train"], ["simulate", "train", "evaluate", "alerts"]
    asked = ["serve", "forecast", "parking", "parking", "parking", "hazards", "risk", "risk", "alerts"]
    assert re.findall(r"^\$ (?:HAECHI_STORE=\S+ )?haechi (\w+)", errors, re.MULTILINE) == [
        *traffic,
        "train",
        *hazard,
        *hazard,
        *asked,
    ]
    assert "SIMULATED Seoul: no figure below is of a real city" in errors
    # Scores, then a forecast that is labelled and fresh.
    assert "adaptive profile" in output
    assert "SIMULATED  Jongno-1/in  volume_veh_h" in output
    assert "demo-simulated/1, veh/h, quality: ok" in output
    # A lot, where to park, and what residents can lend.
    assert "SIMULATED  Free spaces of" in output
    assert "SIMULATED  Parking for" in output
    assert "SIMULATED  When 5 bays can be lent" in output
    # Criteria, the risk of a flood and of a haze before they come, and why.
    assert "water level at least 550 cm" in output
    assert "SIMULATED  Flooding of Jamsu bridge" in output
    assert "SIMULATED  Fine dust (PM2.5)" in output
    # Hours before the bridge is closed: not at once, but in half a day for sure.
    assert odds(output, "Sun 30 08:50")[0] < 10
    assert odds(output, "Sun 30 19:50")[0] > 90
    assert len(re.findall(r"^ +[+-]\d+\.\d   ", output, re.MULTILINE)) >= 2
    # Their alerts are an exercise, in a queue of the demo's own.
    assert "SIMULATED 잠수교" in output
    assert not (tmp_path / "here" / ".haechi" / "alerts.sqlite").exists()
    for name in ("forecast", "parking", "risk_river_jamsu", "risk_pm25"):
        assert (tmp_path / "here" / "demo-out" / f"{name}.png").read_bytes().startswith(PNG)
    assert sorted(entry.name for entry in (tmp_path / "here").iterdir()) == [".haechi", "demo-out", "features"]
    # torch keeps one cache a user there, which a network's training makes; nothing of ours is left.
    left = [entry.name for entry in (tmp_path / "scratch").iterdir() if not entry.name.startswith("torchinductor_")]
    assert left == []
    assert running(process) == []
    assert "Traceback" not in errors


def by_ctrl_c(process: subprocess.Popen[str]) -> None:
    """As a terminal does it: to the demo and to whatever it has started."""
    os.killpg(process.pid, signal.SIGINT)


def by_kill(process: subprocess.Popen[str]) -> None:
    process.terminate()


@pytest.mark.parametrize(
    ("stop", "tidy"),
    [
        pytest.param(by_ctrl_c, True, id="Ctrl-C"),
        # SIGTERM gives a training no time to put away its scratch folder.
        pytest.param(by_kill, False, id="kill"),
    ],
)
def test_stopped_while_it_trains_nothing_stays_behind(
    stop: Callable[["subprocess.Popen[str]"], None], tidy: bool, demo: Start, tmp_path: Path
) -> None:
    process = demo()
    # What training says once it has read its measurements.
    said = read_until(process, " rows: ")
    stop(process)
    output, errors = process.communicate(timeout=HANGS_S)

    assert process.returncode not in (0, None)
    assert "Traceback" not in said + errors
    assert "Done in" not in errors
    assert "adaptive profile" not in output
    assert running(process) == []
    assert list((tmp_path / "here").glob(".haechi/artifacts/*/[0-9]*")) == []
    assert not tidy or list((tmp_path / "scratch").iterdir()) == []


def test_a_folder_without_the_volumes_is_refused_before_anything_is_written(demo: Start, tmp_path: Path) -> None:
    process = demo("--data", "nowhere")
    output, errors = process.communicate(timeout=HANGS_S)

    assert process.returncode == 2
    assert "error: nowhere/seoul_volume_2022.parquet is not there" in errors
    assert "fix: Name the folder of Seoul's 2022 volumes" in errors
    assert output == ""
    assert list((tmp_path / "here").iterdir()) == []


def test_a_file_in_the_place_of_its_folder_is_left_alone(demo: Start, tmp_path: Path) -> None:
    (tmp_path / "here" / "demo-out").write_text("mine")
    process = demo()
    _, errors = process.communicate(timeout=HANGS_S)

    assert process.returncode == 2
    assert "error: demo-out is a file" in errors
    assert (tmp_path / "here" / "demo-out").read_text() == "mine"
