"""The alert store's database by URL: SQLite in WAL mode, or PostgreSQL; what fails is named without secrets."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from features.errors import BadInput, StorageFailure

_WAIT_S = 10
# Taken for the length of a writer's transaction, so that steps become visible in the order of their numbers.
_WRITERS = 0x68616563
_READS = {"haechi_reads": True}
_FORMS = "Use a file (alerts.sqlite), sqlite:///FILE, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


class Database:
    """Connections to one database, and transactions on it.

    Args:
        where: a file, or a URL.

    Raises:
        BadInput: it is neither.
        StorageFailure: the file cannot be made.
    """

    def __init__(self, where: str) -> None:
        url = _url(where)
        self.name = url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string()
        self._is_file = url.get_backend_name() == "sqlite"
        self._engine = _sqlite(url) if self._is_file else _postgresql(url)
        self._was_there = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the store, and waits for no writer.

        Raises:
            StorageFailure: the database cannot be had.
        """
        with self._named(), self._engine.connect() as connection:
            connection = connection.execution_options(**_READS)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction of the only writer; all of it is kept, or nothing where the block raises.

        Raises:
            StorageFailure: the database cannot be had, or another writer holds it for too long.
        """
        with self._named(), self._engine.connect() as connection, connection.begin():
            if not self._is_file:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
            yield connection

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    @contextmanager
    def _named(self) -> Iterator[None]:
        # An open file that was removed takes what is written with it, and nobody else sees it.
        if self._is_file and self._was_there and not Path(self.name).exists():
            raise StorageFailure(
                cause=f"The store of alerts {self.name} is gone: it was there before",
                mend="Put its last copy back, and start again",
            )
        try:
            yield
            self._was_there = True
        except (SQLAlchemyError, OSError) as error:
            # Without its context: a driver's traceback may hold the URL.
            raise _failure(self.name, error) from None


def _url(where: str) -> URL:
    try:
        url = make_url(where) if "://" in where else URL.create("sqlite", database=where)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        raise BadInput(cause="HAECHI_STORE is no URL of a database", mend=_FORMS) from None
    if backend not in ("sqlite", "postgresql") or not url.database:
        raise BadInput(
            cause=f"HAECHI_STORE names {url.drivername[:40]} {'' if url.database else 'and no database '}".strip(),
            mend=_FORMS,
        )
    return url.set(drivername="sqlite" if backend == "sqlite" else "postgresql+pg8000")


def _sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Alerts are nobody else's to read.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise _failure(str(path), error) from None
    engine = create_engine(url, connect_args={"timeout": _WAIT_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        # Transactions are begun below, not by the driver's guess at what a statement is.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("haechi_reads", False)
        # A writer that began as a reader could not wait for another: SQLite would refuse it at once.
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    options: dict[str, Any] = {"timeout": _WAIT_S}
    unknown = set(url.query) - {"sslmode", "sslrootcert"}
    mode, ca = url.query.get("sslmode", "disable"), url.query.get("sslrootcert")
    if unknown or mode not in ("disable", "verify-full"):
        raise BadInput(
            cause=f"HAECHI_STORE: {', '.join(sorted(unknown)) or f'sslmode={mode}'} is not understood",
            mend="Use sslmode=verify-full (with sslrootcert=FILE for an authority of your own), or sslmode=disable",
        )
    if mode == "verify-full":
        try:
            options["ssl_context"] = ssl.create_default_context(cafile=ca if isinstance(ca, str) else None)
        except (OSError, ssl.SSLError) as error:
            raise BadInput(cause=f"HAECHI_STORE: sslrootcert={ca}: {error}", mend="Name the authority's PEM") from None
    return create_engine(url.set(query={}), connect_args=options, pool_pre_ping=True)


def _failure(name: str, error: Exception) -> StorageFailure:
    said = _said(error)
    known = next((mend for words, mend in _MENDS.items() if words in said.lower()), None)
    return StorageFailure(
        cause=f"The alert store {name} failed: {said}",
        mend=known or "Check that it is reachable and writable (HAECHI_STORE), and try again; nothing was half written",
    )


_MENDS = {
    "locked": "Another process writes to it and does not finish: find that one, and try again",
    "full": "Make room on its disk, and try again; nothing was half written",
    "no space": "Make room on its disk, and try again; nothing was half written",
    "readonly": "Give this process the right to write there, or point HAECHI_STORE elsewhere",
    "permission denied": "Give this process the right to write there, or point HAECHI_STORE elsewhere",
    "not a database": "Point HAECHI_STORE at another file, and keep this one: it is not the store that it was",
    "malformed": "Put its last copy back, and keep this one: it is not the store that it was",
    "password authentication": "Mend user and password in HAECHI_STORE",
}


def _said(error: Exception) -> str:
    """What the database said, without statements and their values."""
    told = getattr(error, "orig", None) or error
    detail = told.args[0] if told.args else told
    # pg8000 hands over the fields of PostgreSQL's message.
    if isinstance(detail, dict):
        return str(detail.get("M", "it gave no reason"))
    if isinstance(told, OSError) and told.strerror:
        return told.strerror
    return str(detail)[:300]
