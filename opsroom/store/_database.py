"""One database under the store: connections, transactions, schema, errors in the room's words."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Insert, Table, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from opsroom.errors import Corrupt, StoreError, StoreFull
from opsroom.store._sealed import is_sealed, seal
from opsroom.store.migrations import HEAD

_MIGRATION_LOCK = 0x6F70_7372
_BUSY_MS = 10_000
_TURN_S = 0.02
_WAL_PAGES_MOST = 65_536
"""Pages at which a commit moves the write-ahead log itself: only where nobody else does (`move_wal`)."""


class Database:
    """An engine for one economy: reads from a pool, writes one after another."""

    def __init__(self, engine: Engine, root_id: int) -> None:
        self.engine = engine
        self.root_id = root_id
        self._writer = engine.execution_options(opsroom_writes="FULL")
        self._swift = engine.execution_options(opsroom_writes="NORMAL")
        self._lock = threading.RLock()
        self._never = threading.Event()
        self._statements: dict[tuple[str, bool, tuple[str, ...]], tuple[str, list[str] | None]] = {}

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open one transaction: all of it is kept, or nothing when an error passes; then it is on the disk.

        Raises:
            StoreFull, StoreError, Corrupt: what the database said.
        """
        with self._lock, told(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def write_again(self) -> Iterator[Connection]:
        """Open one transaction of what the log can bring about again: with SQLite it waits for no flush.

        A kill takes nothing of it. A power cut may take the last ones, whole and from the end; what stands in
        the log behind the committed offset is then done again. A later `write` brings all before it to the
        disk, and the log is trimmed only behind a snapshot, which is one. PostgreSQL flushes these too: its
        machine may fail alone, and a room that lives on does nothing again.

        Raises:
            StoreFull, StoreError, Corrupt: what the database said.
        """
        with self._lock, told(), self._swift.begin() as connection:
            yield connection

    def give_way(self) -> None:
        """Let others write between two parts of a long work: the lock by itself gives nobody a turn."""
        self._never.wait(_TURN_S)  # as other waits do; `time.sleep` fails where the clock is set back

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one consistent view.

        Raises:
            StoreError, Corrupt: what the database said.
        """
        with told(), self.engine.connect() as connection:
            yield connection

    def upsert(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, replacing those with the same primary key; the root is filled in."""
        self._put(connection, table, rows, replacing=True)

    def insert(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows; the root is filled in."""
        self._put(connection, table, rows, replacing=False)

    def _put(
        self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, replacing: bool
    ) -> None:
        """Hand rows, each with the same columns, to the driver as they are.

        Every column is a number, text, bytes or truth, which drivers take by themselves; SQLAlchemy would
        look at each value of each row, which in a flood costs more than storing it. Bodies are sealed here.
        """
        if not rows:
            return
        names = ("root_id", *rows[0])
        key = (table.name, replacing, names)
        if key not in self._statements:
            statement = self._upsert_of(table) if replacing else table.insert()
            compiled = statement.compile(dialect=self.engine.dialect, column_keys=list(names))
            self._statements[key] = (compiled.string, compiled.positiontup)
        sql, order = self._statements[key]
        full = ({"root_id": self.root_id, **row} for row in rows)
        if is_sealed(table):
            full = ({**row, "body": seal(row["body"])} for row in full)
        given: list[Any] = list(full) if order is None else [tuple(map(row.get, order)) for row in full]
        connection.exec_driver_sql(sql, given)

    def _upsert_of(self, table: Table) -> Insert:
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(table)
        keys = [column.name for column in table.primary_key]
        values = {
            column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys
        }
        upsert: Insert = insert.on_conflict_do_update(index_elements=keys, set_=values)
        return upsert

    def migrate(self) -> None:
        """Bring the schema up to date; Alembic is loaded only where there is something to do.

        Raises:
            StoreError: the schema is of a later release, or cannot be altered.
        """
        with self.read() as connection:
            found = inspect(connection).has_table("alembic_version")
            if found and connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD:
                return
        from alembic import command
        from alembic.config import Config
        from alembic.util.exc import CommandError

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        try:
            with self.write() as connection:
                if self.engine.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(
                f"The store's schema is of another release: {error}.",
                remedy="Use the release that wrote it, or a later one.",
                code="store_newer",
            ) from error

    @contextmanager
    def write_aside(self) -> Iterator[Connection]:
        """Open one transaction that is on the disk when this ends; whoever commits meanwhile does not wait.

        With SQLite what waits for the flush of a large one would else be every alert: here the transaction
        is over before it.

        Raises:
            StoreFull, StoreError, Corrupt: what the database said, or the disk.
        """
        if self.engine.dialect.name != "sqlite":
            with self.write() as connection:
                yield connection
            return
        with self.write_again() as connection:
            yield connection
        try:
            # What has left this file meanwhile was flushed where it went, as every checkpoint does.
            with Path(f"{self.engine.url.database}-wal").open("rb") as wal:
                os.fsync(wal.fileno())
        except OSError as error:
            raise StoreError(
                f"The store cannot flush: {error}.", remedy="Look at the disk.", reason=str(error)
            ) from error

    def move_wal(self) -> None:
        """Move SQLite's write-ahead log on into the file; commits do not stop for it."""
        if self.engine.dialect.name == "sqlite":
            with told(), closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def tidy(self) -> None:
        """Give the space of SQLite's write-ahead log back after a large write."""
        if self.engine.dialect.name != "sqlite":
            return
        with told(), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            for pragma in ("busy_timeout=0", "wal_checkpoint(TRUNCATE)", f"busy_timeout={_BUSY_MS}"):
                cursor.execute(f"PRAGMA {pragma}").fetchall()

    def close(self) -> None:
        """Let all connections go."""
        self.engine.dispose()


@contextmanager
def told() -> Iterator[None]:
    """Give errors of the database in the room's words."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:  # the second where a pragma was asked past SQLAlchemy
        raise _in_words(error) from error
    except UnicodeDecodeError as error:  # SQLite quotes a damaged name
        raise Corrupt(f"The store is damaged: {error}.", remedy="Put a backup in its place.") from error
    except SQLAlchemyError as error:
        raise StoreError(f"The store: {error}.", remedy="Look at the database's own log.") from error


def _in_words(error: DBAPIError | sqlite3.Error) -> StoreError:
    """Tell a full disk and damage from the rest."""
    orig = error.orig if isinstance(error, DBAPIError) else error
    reason = str(orig).strip()
    code = (getattr(orig, "sqlite_errorcode", None) or 0) & 0xFF
    state = getattr(orig, "sqlstate", None) or ""
    if code == sqlite3.SQLITE_FULL or state in {"53100", "53400"}:
        return StoreFull(
            "No space left for the store.", remedy="Free space; writing goes on by itself.", reason=reason
        )
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or state.startswith("XX"):
        return Corrupt(f"The store is damaged: {reason}.", remedy="Put a backup in its place.")
    if isinstance(error, (OperationalError, sqlite3.OperationalError)):
        return StoreError(f"The store does not answer: {reason}.", remedy="It is tried again.", reason=reason)
    return StoreError(
        f"The store refused: {reason}.", remedy="Look at the database's own log.", reason=reason
    )


def on_sqlite(engine: Engine) -> None:
    """Make SQLite connections durable and let SQLAlchemy's transactions be SQLite's own.

    Small pages, as the last page of each block is half empty on average.
    """

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "page_size=2048",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=10000",
            f"wal_autocheckpoint={_WAL_PAGES_MOST}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        synchronous = connection.get_execution_options().get("opsroom_writes")
        if synchronous is None:
            connection.exec_driver_sql("BEGIN")
            return
        connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
