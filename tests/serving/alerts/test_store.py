"""The store: both databases alike, nothing half written, no gap that is filled later, tampering seen, secrets kept."""

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from features.errors import BadInput, StorageFailure, UnknownName
from features.settings import Settings
from serving.alerts import steps
from serving.alerts.alerting import Alerting
from serving.alerts.look import Criterion
from serving.alerts.store import Store, default_place
from serving.alerts.words import Action, Phase
from tests.serving.alerts.looks import look, minute

ROOT = Path(__file__).resolve().parents[3]


def raised(store, count=3):
    """Alerts at as many places, the first acknowledged, the last released."""
    alerting = Alerting(store)
    alerts = alerting.observe([look(at, place=f"gauge {at}") for at in range(count)])
    alerting.act(alerts[0].id, Action.ACKNOWLEDGED, actor="김", reason="보았음", at=minute(9))
    alerting.observe([look(10, Criterion.RELEASED, place=f"gauge {count - 1}")])
    return [store.alert(one.id) for one in alerts]


# --- both databases ---------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_back(store):
    alerts = raised(store)
    assert store.alerts() == alerts
    assert [step.seq for step in store.steps(after=0, most=9)] == [1, 2, 3, 4, 5]
    assert [step.seq for step in store.steps(after=1, most=2)] == [2, 3]
    entry = store.history(alerts[0].id)[-1].entry
    assert (entry.actor, entry.reason, entry.at, entry.alert) == ("김", "보았음", minute(9), alerts[0])
    assert store.verify().faults == ()


def test_another_process_goes_on_with_what_is_there(place, open_store):
    first = open_store(place)
    alerts = raised(first)
    again = open_store(place)
    assert (again.id, again.alerts(), again.head()) == (first.id, alerts, 5)
    Alerting(again).observe([look(20, place="gauge 0")])
    assert first.head() == 6
    assert first.verify().faults == ()


def test_what_is_overdue_expires_once(store):
    raised(store)
    at = minute(31.5)
    assert [one.phase for one in Alerting(store).expire(at)] == [Phase.EXPIRED] * 2
    assert not store.is_due(at)


def test_many_writers_at_once_leave_no_gap_that_is_filled_later(place, open_store):
    seen, done = [], threading.Event()
    watched = open_store(place)

    def follow():
        while not done.is_set():
            seen.extend(one.seq for one in watched.steps(after=seen[-1] if seen else 0, most=100))
        seen.extend(one.seq for one in watched.steps(after=seen[-1] if seen else 0, most=100))

    def write(writer):
        own = Alerting(open_store(place))
        for at in range(10):
            own.observe([look(at, place=f"{writer}", probability=at / 10)])

    follower = threading.Thread(target=follow)
    follower.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    done.set()
    follower.join()
    assert seen == list(range(1, 41))
    assert watched.verify().faults == ()


def test_a_batch_that_breaks_off_leaves_nothing(store):
    def looks():
        yield look(0)
        raise LookupError("the feed broke")

    with pytest.raises(LookupError, match="the feed broke"):
        Alerting(store).observe(looks())
    assert (store.head(), store.alerts()) == (0, [])
    assert Alerting(store).observe([look(0)])[0].revision == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a'; DROP TABLE haechi_steps; --", id="SQL"),
        pytest.param("null \0 bell \a", id="control characters"),
        pytest.param("잠수교 🌊", id="Korean and an emoji"),
        pytest.param("x" * 10_000, id="very long"),
    ],
)
def test_any_text_is_kept_as_it_is(store, name):
    alert = Alerting(store).observe([look(0, place=name, reason=name)])[0]
    assert store.alert(alert.id).place == name
    assert store.history(alert.id)[0].entry.reason == name
    assert store.verify().faults == ()


def test_a_newer_schema_is_refused(place, open_store):
    first = open_store(place)
    with first._database.writing() as connection:
        connection.exec_driver_sql("UPDATE haechi_meta SET value = '2' WHERE name = 'schema'")
    with pytest.raises(BadInput, match="schema 2, of a newer Haechi") as refused:
        open_store(place)
    assert "not-a-secret" not in str(refused.value)


# --- tampering --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        pytest.param(
            "UPDATE haechi_steps SET document = replace(document, 'stage', 'lie') WHERE seq = 2",
            "step 2 was altered",
            id="a step is altered",
        ),
        pytest.param("DELETE FROM haechi_steps WHERE seq = 3", "step 3 is missing", id="a step is taken out"),
        pytest.param("UPDATE haechi_steps SET seq = 9 WHERE seq = 5", "step 5 is missing", id="a step is moved"),
        pytest.param("UPDATE haechi_steps SET alert = 'x' WHERE seq = 1", "under another alert", id="a step is hidden"),
        pytest.param("DELETE FROM haechi_steps WHERE seq = 5", "not what its last step says", id="the last is cut off"),
        pytest.param(
            "UPDATE haechi_alerts SET document = replace(document, 'Moderate', 'Minor')",
            "not what its last step says",
            id="an alert is altered",
        ),
        pytest.param("DELETE FROM haechi_alerts", "not what its last step says", id="an alert is taken away"),
    ],
)
def test_tampering_is_seen(store, sql, fault):
    raised(store)
    with store._database.writing() as connection:
        connection.exec_driver_sql(sql)
    faults = store.verify().faults
    assert any(fault in one for one in faults), faults


def test_a_row_that_was_altered_with_its_hash_breaks_the_next(quick):
    raised(quick)
    with quick._database.writing() as connection:
        row = connection.exec_driver_sql("SELECT document, previous FROM haechi_steps WHERE seq = 2").one()
        document = row.document.replace("stage", "lie")
        values = (document, steps.link(2, document, row.previous))
        connection.exec_driver_sql("UPDATE haechi_steps SET document = ?, hash = ? WHERE seq = 2", values)
    assert quick.verify().faults == ("step 3 does not follow from the one before it",)


# --- what fails -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("mysql://u:hush@h/d", id="another database"),
        pytest.param("postgresql://u:hush@h", id="no database"),
        pytest.param("postgresql://u:hush@h:port/d", id="a port that is none"),
        pytest.param("postgresql://u:hush@h/d?sslmode=prefer", id="a mode that is not safe"),
        pytest.param("postgresql://u:hush@h/d?pw=hush", id="an option that is not known"),
        pytest.param("://hush", id="no URL"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_place_that_is_none_is_refused_without_its_secrets(where):
    with pytest.raises(BadInput, match="HAECHI_STORE") as refused:
        Store(where)
    assert "hush" not in str(refused.value)
    assert refused.value.mend


def test_an_unreachable_database_is_named_without_its_secrets():
    with pytest.raises(StorageFailure, match=r"postgresql\+pg8000://u:\*\*\*@127.0.0.1:1/d failed") as refused:
        Store("postgresql://u:hush@127.0.0.1:1/d")
    assert "hush" not in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "alerts.sqlite"
    path.write_text("a diary, " * 1000)
    with pytest.raises(StorageFailure, match="not a database"):
        Store(str(path))
    assert path.read_text().startswith("a diary")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailure, match=r"failed: (Not a directory|File exists)"):
        Store(str(tmp_path / "file" / "alerts.sqlite"))


def test_a_full_disk_loses_nothing(quick):
    alerts = raised(quick)
    quick._database._engine.dispose()
    with quick._database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFailure, match="full") as refused:
        Alerting(quick).observe([look(11, place=f"{'x' * 1000} {at}") for at in range(99)])
    assert "Make room" in refused.value.mend
    assert (quick.alerts(), quick.head()) == (alerts, 5)
    assert quick.verify().faults == ()


def test_a_writer_that_does_not_finish_is_named(quick, monkeypatch):
    other = sqlite3.connect(quick._database.name, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    quick._database._engine.dispose()
    monkeypatch.setattr("serving.alerts.database._WAIT_S", 0.1)
    with pytest.raises(StorageFailure, match="locked") as refused:
        Store(quick._database.name)
    assert "Another process" in refused.value.mend
    other.close()


def test_the_file_is_nobody_elses_to_read(quick):
    assert os.stat(quick._database.name).st_mode & 0o077 == 0


@pytest.mark.parametrize("id", ["nobody-1", "\0", "x" * 100])
def test_an_alert_that_is_not_there(store, id):
    for ask in (store.alert, store.history):
        with pytest.raises(UnknownName, match="There is no alert"):
            ask(id)


# --- settings ---------------------------------------------------------------------------------------------------------


def test_alerts_live_in_the_home_unless_a_setting_says_otherwise(tmp_path):
    assert default_place(Settings(home=tmp_path)) == str(tmp_path / "alerts.sqlite")
    assert default_place(Settings(store="postgresql://h/d")) == "postgresql://h/d"


def test_the_database_is_loaded_only_once_a_store_is_opened():
    code = "import serving.alerts.alerting, sys; assert 'sqlalchemy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0  # noqa: S603
