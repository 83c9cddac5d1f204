"""A writer that is killed at any moment and goes on loses nothing and doubles nothing."""

import pickle
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from serving.alerts.alerting import Alerting
from serving.alerts.store import Store
from serving.alerts.words import Action
from tests.serving.alerts.feeder import plan

ROOT = Path(__file__).resolve().parents[3]
# PostgreSQL commits on its own: there a few kills show that the two go together.
KILLS = {True: 50, False: 10}


def test_kills_leave_what_an_undisturbed_run_leaves(
    place: str, tmp_path: Path, open_store: Callable[[str], Store]
) -> None:
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}")  # noqa: T201  # a failure is repeated with it
    undisturbed = open_store(str(tmp_path / "undisturbed.sqlite"))
    (tmp_path / "plan").write_bytes(pickle.dumps(plan(Alerting(undisturbed), seed)))

    kills = str(KILLS[place.endswith(".sqlite")])
    command = [sys.executable, "-m", "tests.serving.alerts.feeder", place, tmp_path / "plan", str(seed), kills]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)  # noqa: S603

    killed = open_store(place)
    assert killed.steps(after=0, most=10_000) == undisturbed.steps(after=0, most=10_000)
    assert killed.alerts(only_open=False) == undisturbed.alerts(only_open=False)
    assert killed.verify() == undisturbed.verify()
    assert killed.verify().faults == ()
    done = {step.entry.action for step in killed.steps(after=0, most=10_000)}
    assert done >= {Action.RAISED, Action.REVISED, Action.RELEASED, Action.CLOSED}
