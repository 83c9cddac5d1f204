"""``haechi demo`` in an empty folder: the whole path once, a picture at its end, and nothing left running."""

import os
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


def test_the_whole_path_in_an_empty_folder(demo: Start, tmp_path: Path) -> None:
    # A data scientist's own folder of that name must not be taken for ours.
    (tmp_path / "here" / "features").mkdir()
    (tmp_path / "here" / "features" / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    process = demo()
    output, errors = process.communicate(timeout=HANGS_S)

    assert process.returncode == 0, errors
    steps = [line.split()[2] for line in errors.splitlines() if line.startswith("$ haechi ")]
    assert steps == ["simulate", "train", "serve", "forecast"]
    assert "SIMULATED Seoul: no figure below is of a real city" in errors
    # Scores, then a forecast that is labelled and fresh.
    assert "adaptive profile" in output
    assert "SIMULATED  Jongno-1/in  volume_veh_h" in output
    assert "demo-simulated/1, veh/h, quality: ok" in output
    assert (tmp_path / "here" / "demo-out" / "forecast.png").read_bytes().startswith(PNG)
    assert sorted(entry.name for entry in (tmp_path / "here").iterdir()) == [".haechi", "demo-out", "features"]
    assert list((tmp_path / "scratch").iterdir()) == []
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
