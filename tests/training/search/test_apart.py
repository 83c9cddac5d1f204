"""A trial runs apart: whatever it does, the search gets a figure or a reason."""

import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from tests.training.search.doubles import Bowl, Broken
from training.search.apart import OutOfTime, TrialFailed, TrialPruned, run_apart

ROOT = Path(__file__).resolve().parents[3]
GIB = 2**30


@pytest.fixture
def run(tmp_path):
    """Run a trial apart."""

    def call(kind="plain", *, go_on=lambda _fold, _mae: True, memory_gib=2, seconds=60.0, slow_s=0.0):
        work = partial(Bowl(tmp_path / "log", slow_s), {"width": 6, "rate": 0.3, "kind": kind})
        return run_apart(work, go_on=go_on, memory_bytes=memory_gib * GIB, deadline_s=monotonic() + seconds)

    return call


def test_it_gives_its_figure_and_reports_every_fold(run):
    folds = []

    assert run(go_on=lambda fold, mae: folds.append((fold, mae)) or True) == 1.0
    assert folds == [(0, 1.0), (1, 1.0), (2, 1.0)]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        pytest.param("memory", "out of memory: Unable to allocate", id="more memory than it may hold"),
        pytest.param("torch", "out of memory: .*DefaultCPUAllocator", id="torch's words for it"),
        pytest.param("killed", "out of memory: the system killed it", id="killed by the system"),
        pytest.param("crash", "died of SIGSEGV", id="a crash"),
        pytest.param("leaves", "exit code 3", id="it just leaves"),
        pytest.param("bug", "ZeroDivisionError: of all things", id="a bug"),
    ],
)
def test_what_goes_wrong_is_a_reason(kind, reason, run):
    with pytest.raises(TrialFailed, match=reason):
        run(kind)


def test_a_refusal_keeps_its_mend():
    with pytest.raises(TrialFailed, match="Nothing was measured") as failed:
        run_apart(
            partial(Broken().baselines, ()), go_on=lambda *_: True, memory_bytes=8 * GIB, deadline_s=monotonic() + 60
        )

    assert failed.value.mend == "Measure"


def test_it_stops_where_others_do_better(run, tmp_path):
    with pytest.raises(TrialPruned):
        run(go_on=lambda fold, _mae: fold < 1)

    assert "end" not in (tmp_path / "log").read_text()


def test_it_stops_where_the_time_is_over(run):
    with pytest.raises(OutOfTime):
        run(seconds=1.0, slow_s=30)


def test_a_killed_search_leaves_no_trial_behind(tmp_path):
    log = tmp_path / "log"
    code = (
        "from functools import partial; from pathlib import Path\n"
        "from tests.training.search.doubles import Bowl; from training.search.apart import run_apart\n"
        f"run_apart(partial(Bowl(Path({str(log)!r}), 5.0), {{}}), go_on=print, memory_bytes=2**33, deadline_s=1e12)"
    )
    search = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)  # noqa: S603
    while not log.exists():
        time.sleep(0.05)
    [child] = [int(name) for name in Path(f"/proc/{search.pid}/task/{search.pid}/children").read_text().split()][-1:]

    search.kill()
    search.wait()

    until = monotonic() + 4
    while monotonic() < until and _is_alive(child):
        time.sleep(0.05)
    assert not _is_alive(child)


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
