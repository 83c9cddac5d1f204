"""Where alerts live: their rows, their events' memory and their steps, changed together or not at all."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, MetaData, Select, String, Table, Text, select
from sqlalchemy.engine import Connection

from features.errors import BadInput, UnknownName
from features.settings import Settings
from serving.alerts import alert as alerts
from serving.alerts import look as looks
from serving.alerts import steps
from serving.alerts.alert import Alert
from serving.alerts.database import Database
from serving.alerts.look import Event
from serving.alerts.steps import GENESIS, Entry, Row, Step, Verdict
from serving.alerts.words import Phase

_SCHEMA = 1
_MOST_FAULTS = 10
_ID = re.compile(r"[a-z0-9-]{1,64}")
_TABLES = MetaData()
_META = Table("haechi_meta", _TABLES, Column("name", String(32), primary_key=True), Column("value", Text))
_ALERTS = Table(
    "haechi_alerts",
    _TABLES,
    Column("id", String(64), primary_key=True),
    Column("is_open", Boolean, index=True),
    Column("phase", String(16)),
    Column("expires_ms", BigInteger),
    Column("document", Text),
)
_EVENTS = Table(
    "haechi_events",
    _TABLES,
    Column("key", String(64), primary_key=True),
    Column("alert", String(64), index=True),
    Column("document", Text),
)
_STEPS = Table(
    "haechi_steps",
    _TABLES,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("alert", String(64), index=True),
    Column("document", Text),
    Column("previous", String(64)),
    Column("hash", String(64)),
)


def default_place(settings: Settings) -> str:
    """Where the settings keep alerts: what ``store`` says, else a file of SQLite in the home."""
    if settings.store is not None:
        return settings.store.get_secret_value()
    return str(Path(settings.home) / "alerts.sqlite")


class Store:
    """Alerts in a database; safe to use from many threads, and by several processes at once.

    Args:
        where: a file of SQLite, or a URL (``serving/alerts/database.py``); tables are made where there are none.

    Raises:
        BadInput: ``where`` is no place for a store, or a newer Haechi wrote it.
        StorageFailure: the database cannot be had.
    """

    def __init__(self, where: str) -> None:
        self._database = Database(where)
        try:
            self.id = self._made()
            """Tells this store's cursors from another's."""
        except BaseException:
            self._database.close()
            raise

    def _made(self) -> str:
        """The store's id; its tables are made where there are none."""
        with self._database.writing() as connection:
            _TABLES.create_all(connection)
            meta = {row.name: row.value for row in connection.execute(select(_META))}
            if not meta:
                meta = {"schema": str(_SCHEMA), "id": secrets.token_hex(8)}
                connection.execute(_META.insert(), [{"name": name, "value": value} for name, value in meta.items()])
        if int(meta["schema"]) > _SCHEMA:
            raise BadInput(
                cause=f"The alert store {self._database.name} has schema {meta['schema']}, of a newer Haechi than this "
                f"one, which knows {_SCHEMA}",
                mend="Update Haechi, or point HAECHI_STORE at another store",
            )
        return str(meta["id"])

    @contextmanager
    def writing(self) -> Iterator["Ledger"]:
        """What is done in the block is kept as a whole, or not at all where it raises; writers take turns.

        Raises:
            StorageFailure: the database cannot be had.
        """
        with self._database.writing() as connection:
            yield Ledger(connection)

    def alerts(self, *, only_open: bool = True) -> list[Alert]:
        """Alerts in the order in which they were raised; raises as ``writing``."""
        query = select(_ALERTS.c.document)
        with self._database.reading() as connection:
            found = connection.execute(query.where(_ALERTS.c.is_open) if only_open else query).scalars()
            return sorted(map(alerts.from_json, found), key=lambda one: (one.raised_at, one.id))

    def alert(self, id: str) -> Alert:
        """The alert of that id.

        Raises:
            UnknownName: there is none.
            StorageFailure: the database cannot be had.
        """
        with self._database.reading() as connection:
            return _alert(connection, id)

    def steps(self, *, after: int, most: int) -> list[Step]:
        """The next steps of all alerts.

        Args:
            after: number of a step.
            most: how many.
        """
        query = select(_STEPS).where(_STEPS.c.seq > after).order_by(_STEPS.c.seq).limit(most)
        return [steps.from_row(row) for row in self._rows(query)]

    def history(self, id: str) -> list[Step]:
        """Every step of one alert; raises as ``alert``."""
        _refuse_no_id(id)
        found = self._rows(select(_STEPS).where(_STEPS.c.alert == id).order_by(_STEPS.c.seq))
        if not found:
            raise _unknown(id)
        return [steps.from_row(row) for row in found]

    def head(self) -> int:
        """Number of the newest step; 0: there is none."""
        with self._database.reading() as connection:
            return _head(connection)[0]

    def is_due(self, at: datetime) -> bool:
        """Whether an alert was to be refreshed by ``at`` and was not."""
        with self._database.reading() as connection:
            return connection.execute(_due(at).limit(1)).first() is not None

    def verify(self) -> Verdict:
        """Read the whole audit and hold it against itself and the alerts; raises as ``writing``."""
        last: dict[str, Row] = {}
        misplaced: list[str] = []

        def rows(connection: Connection) -> Iterator[Row]:
            for found in connection.execute(select(_STEPS).order_by(_STEPS.c.seq)):
                last[found.alert] = row = _row(found)
                yield row
                # The column is not under the hash, the text is.
                if f'"id":"{found.alert}"' not in row.document:
                    misplaced.append(f"step {row.seq} is filed under another alert")

        with self._database.reading() as connection:
            faults = list(islice(steps.broken(rows(connection)), _MOST_FAULTS)) + misplaced
            seq, head = _head(connection)
            now = {row.id: row.document for row in connection.execute(select(_ALERTS))}
        if not faults:
            told = {id: alerts.to_json(steps.from_row(row).entry.alert) for id, row in last.items()}
            faults = [
                f"alert {id} is not what its last step says"
                for id in sorted(told.keys() | now.keys())
                if told.get(id) != now.get(id)
            ]
        return Verdict(steps=seq, head=head, faults=tuple(faults[:_MOST_FAULTS]))

    def close(self) -> None:
        """Give the database back."""
        self._database.close()

    def _rows(self, query: Select[Any]) -> list[Row]:
        with self._database.reading() as connection:
            return [_row(row) for row in connection.execute(query)]


class Ledger:
    """One transaction on a store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def alert(self, id: str) -> Alert:
        """The alert of that id; raises ``UnknownName``."""
        return _alert(self._connection, id)

    def event(self, key: str) -> Event | None:
        """What is remembered of an event; None: nothing."""
        query = select(_EVENTS.c.document).where(_EVENTS.c.key == key)
        found = self._connection.execute(query).scalar()
        return None if found is None else looks.from_json(found)

    def events_of(self, alert: str) -> dict[str, Event]:
        """The events whose alert it is, by key."""
        query = select(_EVENTS.c.key, _EVENTS.c.document).where(_EVENTS.c.alert == alert).order_by(_EVENTS.c.key)
        return {key: looks.from_json(document) for key, document in self._connection.execute(query)}

    def remember(self, key: str, event: Event) -> None:
        """Keep what is known of an event."""
        values = {"alert": event.alert, "document": looks.to_json(event)}
        if not self._connection.execute(_EVENTS.update().where(_EVENTS.c.key == key).values(values)).rowcount:
            self._connection.execute(_EVENTS.insert().values(key=key, **values))

    def due(self, at: datetime) -> list[Alert]:
        """Ongoing alerts that were to be refreshed by ``at``."""
        return [
            alerts.from_json(found) for found in self._connection.execute(_due(at).order_by(_ALERTS.c.id)).scalars()
        ]

    def record(self, entry: Entry) -> None:
        """Take a step: the alert becomes what the entry says, and the entry joins the audit."""
        one = entry.alert
        values = {
            "is_open": one.is_open,
            "phase": one.phase.value,
            "expires_ms": int(one.content.expires.timestamp() * 1000),
            "document": alerts.to_json(one),
        }
        if not self._connection.execute(_ALERTS.update().where(_ALERTS.c.id == one.id).values(values)).rowcount:
            self._connection.execute(_ALERTS.insert().values(id=one.id, **values))
        seq, previous = _head(self._connection)
        document = steps.to_json(entry)
        row = {"alert": one.id, "document": document, "previous": previous}
        hash = steps.link(seq + 1, document, previous)
        self._connection.execute(_STEPS.insert().values(seq=seq + 1, hash=hash, **row))


def _head(connection: Connection) -> tuple[int, str]:
    """Number and hash of the newest step."""
    newest = select(_STEPS.c.seq, _STEPS.c.hash).order_by(_STEPS.c.seq.desc()).limit(1)
    found = connection.execute(newest).first()
    return (0, GENESIS) if found is None else (found[0], found[1])


def _alert(connection: Connection, id: str) -> Alert:
    _refuse_no_id(id)
    found = connection.execute(select(_ALERTS.c.document).where(_ALERTS.c.id == id)).scalar()
    if found is None:
        raise _unknown(id)
    return alerts.from_json(found)


def _refuse_no_id(id: str) -> None:
    """What a stranger may have written; not every database takes every character."""
    if not _ID.fullmatch(id):
        raise _unknown(id)


def _unknown(id: str) -> UnknownName:
    return UnknownName(
        cause=f"There is no alert '{id[:64]}'", mend="List them: haechi alerts list --all (AlertService.List)"
    )


def _due(at: datetime) -> Select[Any]:
    ongoing = (_ALERTS.c.is_open, _ALERTS.c.phase == Phase.ONGOING.value)
    return select(_ALERTS.c.document).where(*ongoing, _ALERTS.c.expires_ms <= int(at.timestamp() * 1000))


def _row(row: object) -> Row:
    return Row(**{name: getattr(row, name) for name in ("seq", "document", "previous", "hash")})
