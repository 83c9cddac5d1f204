"""What callers of ``AlertService`` hear of a store that is not there: to try again, and not where it is."""

from pathlib import Path

import grpc
import pytest
from pydantic import SecretStr

from features.errors import StorageFailure
from serving import status
from tests.serving.alerts.room import Room, raised


def test_a_server_whose_alerts_nobody_asks_for_opens_no_store(served, tmp_path):
    assert served._alerts._opened is None
    assert not (tmp_path / "alerts.sqlite").exists()


def refused_for_its_store(room, method="List", **fields):
    """A store that cannot be had is nobody's mistake: the caller hears to try again, its place stays in the log."""
    with pytest.raises(grpc.RpcError) as raised:
        room.call(method, **fields)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    told = status.read(raised.value, room.address)
    assert isinstance(told, StorageFailure)
    assert "storage cannot be had" in told.cause
    assert "Try again" in told.mend
    return str(told)


@pytest.mark.parametrize(
    ("store", "cause"),
    [
        pytest.param("diary", "not a database", id="no database"),
        pytest.param(
            "postgresql://kim:hush@127.0.0.1:1/alerts", "127.0.0.1:1/alerts failed", id="a database that is down"
        ),
    ],
)
def test_a_store_that_cannot_be_had_is_unavailable_and_its_cause_stays_in_the_log(
    start, tmp_path, monkeypatch, caplog, store, cause
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diary").write_text("dear diary " * 1000)
    room = Room(start(store=SecretStr(store)).address)
    told = refused_for_its_store(room)
    assert cause in caplog.text
    assert cause not in told
    assert "hush" not in caplog.text + told
    assert told.split("incident ")[1][:8] in caplog.text
    room.channel.close()


def test_a_store_that_goes_away_and_comes_back(core, room):
    (id,) = raised(core, "a")
    assert len(room.ask("List").alerts) == 1
    with core.store._database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE haechi_alerts RENAME TO away")
    refused_for_its_store(room)
    refused_for_its_store(room, "Acknowledge", id=id, reason="seen")
    with core.store._database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO haechi_alerts")
    assert room.ask("Acknowledge", id=id, reason="seen").life == "acknowledged"


def test_a_store_that_is_removed_is_not_taken_for_what_it_was(core, room):
    raised(core, "a")
    assert len(room.ask("List").alerts) == 1
    file = Path(core.store._database.name)
    away = file.rename(file.with_name("away.sqlite"))
    refused_for_its_store(room)
    away.rename(file)
    assert len(room.ask("List").alerts) == 1
