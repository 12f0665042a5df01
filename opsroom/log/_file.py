"""The SQLite file of a log: one writer connection, one that reads, one that moves the write-ahead log on.

The sqlite3 module is used as it is: nothing here is portable to another database, and a row through
SQLAlchemy Core costs several times the insert itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import struct
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

import google_crc32c
import msgspec

from opsroom.errors import Corrupt, StoreError, StoreFull
from opsroom.log._salvage import SqliteError, is_damage, keep_cut_wal, lost, unreadable
from opsroom.model import Refusal
from opsroom.records import Record, RecordKind, SourceState

VERSION: Final = 1
_APPLICATION: Final = 0x4F50_4C47
_REFUSALS_KEPT: Final = 100_000
_RESERVE_BYTES: Final = 16 << 20
_TRIM_STEP: Final = 256
_HEAD: Final = struct.Struct("<qBqqq")
_SCHEMA: Final = """
CREATE TABLE record (
  number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, received INTEGER NOT NULL, source TEXT NOT NULL,
  epoch INTEGER NOT NULL, seq INTEGER NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE TABLE source (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE refused (
  number INTEGER PRIMARY KEY, source TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  body BLOB NOT NULL);
CREATE UNIQUE INDEX refused_batch ON refused (source, epoch, seq);
CREATE TABLE trimmed (one INTEGER PRIMARY KEY CHECK (one = 1), upto INTEGER NOT NULL);
INSERT INTO trimmed VALUES (1, 0);
"""
_INSERT: Final = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_REFUSE: Final = "INSERT OR REPLACE INTO refused (source, epoch, seq, body) VALUES (?, ?, ?, ?)"
_MOVE: Final = (
    "INSERT INTO source VALUES (?, ?, ?) "
    "ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq"
)
_READ: Final = (
    "SELECT number, kind, received, source, epoch, seq, crc, payload "
    "FROM record WHERE number > ? ORDER BY number LIMIT ?"
)
_READ_ONE: Final = (
    "SELECT number, kind, received, source, epoch, seq, crc, payload FROM record WHERE number = ?"
)
_KINDS: Final = {int(kind): kind for kind in RecordKind}
Row = tuple[int, int, int, str, int, int, int, bytes]
_refusals = msgspec.msgpack.Decoder(tuple[Refusal, ...])


class LogFile:
    """Blocking access to one log; what writes belongs to one thread, the rest to any."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock_file = _lock(path)
        try:
            self._writer = _connect(path)
            self._cut = keep_cut_wal(self._writer, path)
            self._lost: dict[int, int] = {}
            _prepare(self._writer, path)
            self._reader, self._mover = _connect(path), _connect(path)
            self._read_lock = threading.Lock()
            self.last = self._one("SELECT COALESCE(MAX(number), 0) FROM record")
            self.trimmed = self._one("SELECT upto FROM trimmed")
        except SqliteError as error:
            self._lock_file.close()
            raise told(error, path) from error
        except BaseException:
            self._lock_file.close()
            raise
        self.reserve_spent = False
        self.reserve()

    def positions(self) -> dict[str, SourceState]:
        """Give every source's position."""
        rows = self._writer.execute("SELECT name, epoch, seq FROM source")
        return {name: SourceState(epoch, seq) for name, epoch, seq in rows}

    def write(
        self,
        records: Iterable[Record],
        moved: dict[str, SourceState],
        refused: Iterable[tuple[str, int, int, tuple[Refusal, ...]]],
    ) -> None:
        """Store records, positions and refusals in one transaction, on the disk when this returns.

        Raises:
            StoreFull, StoreError: nothing was stored.
        """
        rows = [_row(record) for record in records]
        answers = [(*key, msgspec.msgpack.encode(body)) for *key, body in refused]
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            if rows:
                self._writer.executemany(_INSERT, rows)
            if moved:
                self._writer.executemany(
                    _MOVE, [(name, at.epoch, at.stored_seq) for name, at in moved.items()]
                )
            if answers:
                self._writer.executemany(_REFUSE, answers)
            self._writer.execute("COMMIT")
        except SqliteError as error:
            self._roll_back()
            raise told(error, self.path) from error
        except BaseException:
            self._roll_back()
            raise

    def read(self, after: int, limit: int) -> list[Record]:
        """Give records after `after` from the disk, each checked."""
        with self._read_lock:
            try:
                rows = self._reader.execute(_READ, (after, limit)).fetchall()
            except SqliteError as error:
                if is_damage(error):
                    return self._around_damage(after, limit)
                raise told(error, self.path) from error
        found: list[Record] = []
        for row in rows:
            record = _record(row)
            if record is not None:
                found.append(record)
            elif found:
                break
            else:
                self._note_lost(row[0], row[0])
                raise lost(self.path, row[0], row[0])
        return found

    def _around_damage(self, after: int, limit: int) -> list[Record]:
        """Give what can be read before the first damaged page; where that is nothing, say what is lost.

        The caller holds the read lock.
        """
        found: list[Record] = []
        number = after
        while len(found) < limit and number < self.last:
            try:
                # Singly: a range that begins beside a damaged page would be refused with it.
                row = self._reader.execute(_READ_ONE, (number + 1,)).fetchone()
            except SqliteError as error:
                if not is_damage(error):
                    raise told(error, self.path) from error
                break
            record = _record(row) if row is not None else None
            if row is not None and record is None:
                break
            number += 1
            if record is not None:
                found.append(record)
        if not found:
            missing = unreadable(self._reader, self.path, number, self.last)
            self._note_lost(number + 1, missing.params["offset"])
            raise missing
        return found

    def _note_lost(self, first: int, last: int) -> None:
        """Keep which records cannot be read, each once, however often somebody reads over them."""
        self._lost[last] = min(first, self._lost.get(last, first))

    @property
    def damaged(self) -> int:
        """How many records or transactions were found damaged since it was opened."""
        return self._cut + sum(last - first + 1 for last, first in self._lost.items())

    def refusals(self, source: str, epoch: int, seq: int) -> tuple[Refusal, ...]:
        """Give what was refused of that batch."""
        query = "SELECT body FROM refused WHERE source = ? AND epoch = ? AND seq = ?"
        with self._read_lock:
            row = self._reader.execute(query, (source, epoch, seq)).fetchone()
        return _refusals.decode(row[0]) if row else ()

    def trim_step(self, upto: int) -> bool:
        """Let one slice of readings and ticks up to `upto` go; say whether there is more.

        The last record stays, so that offsets never start again.
        """
        stop = min(self.trimmed + _TRIM_STEP, upto, self.last - 1)
        if stop <= self.trimmed:
            return False
        kinds = (int(RecordKind.READINGS), int(RecordKind.TICK))
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            self._writer.execute(
                "DELETE FROM record WHERE number > ? AND number <= ? AND kind IN (?, ?)",
                (self.trimmed, stop, *kinds),
            )
            self._writer.execute(
                "DELETE FROM refused WHERE number <= (SELECT MAX(number) FROM refused) - ?", (_REFUSALS_KEPT,)
            )
            self._writer.execute("UPDATE trimmed SET upto = ?", (stop,))
            self._writer.execute("COMMIT")
        except SqliteError as error:
            self._roll_back()
            raise told(error, self.path) from error
        self.trimmed = stop
        return stop < min(upto, self.last - 1)

    def wal_bytes(self) -> int:
        """Give the size of the write-ahead log."""
        try:
            return self.path.with_name(self.path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0

    def move_wal(self) -> None:
        """Copy what the write-ahead log holds into the file, beside writers and readers."""
        with contextlib.suppress(sqlite3.OperationalError):  # full or busy: the next call copies it
            self._mover.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def restart_wal(self) -> None:
        """Copy the rest and start the write-ahead log from its beginning: it must not grow without end."""
        with contextlib.suppress(
            sqlite3.OperationalError
        ):  # a reader holds it: tried again after the next group
            self._writer.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    def reserve(self) -> bool:
        """Set space aside for acts on a full disk; say whether it is there."""
        path = self.path.with_name(self.path.name + "-reserve")
        try:
            with path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, _RESERVE_BYTES)
        except OSError:
            with contextlib.suppress(OSError):  # what cannot be made need not be there to remove
                path.unlink()
            return False
        self.reserve_spent = False
        return True

    def spend_reserve(self) -> None:
        """Give the space set aside back to the disk."""
        self.path.with_name(self.path.name + "-reserve").unlink(missing_ok=True)
        self.reserve_spent = True

    def close(self) -> None:
        """Move all into the file and let it go."""
        for connection in (self._reader, self._mover):
            connection.close()
        with contextlib.suppress(
            sqlite3.OperationalError
        ):  # full: the write-ahead log holds it for the next start
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._writer.close()
        self._lock_file.close()

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            with contextlib.suppress(sqlite3.Error):  # the first error is the one to tell
                self._writer.execute("ROLLBACK")

    def _one(self, query: str) -> int:
        return int(self._writer.execute(query).fetchone()[0])


def told(error: Exception, path: Path) -> StoreError:
    """Give an SQLite error in the room's words."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    params = {"file": str(path), "reason": str(error)}
    if code & 0xFF == sqlite3.SQLITE_FULL:
        return StoreFull(
            f"No space left for {path.name}.", remedy="Free space; writing goes on by itself.", **params
        )
    if is_damage(error) or code & 0xFF == sqlite3.SQLITE_NOTADB:
        return Corrupt(f"{path.name} is damaged: {error}.", remedy="Run `opsroom doctor`.", **params)
    return StoreError(
        f"{path.name}: {error}.", remedy="Look at the disk; nothing was acknowledged.", **params
    )


def _row(record: Record) -> Row:
    """Give a record as it is inserted."""
    place = (record.offset, int(record.kind), record.received, record.source, record.epoch, record.seq)
    return (*place, _checksum(*place, record.payload), record.payload)


def _record(row: Row) -> Record | None:
    """Read a row; None where it does not match its checksum."""
    number, kind, received, source, epoch, seq, crc, payload = row
    try:
        matches = crc == _checksum(number, kind, received, source, epoch, seq, payload)
    except (struct.error, TypeError, AttributeError):  # a flipped bit may turn a number into text
        return None
    if not matches or kind not in _KINDS:
        return None
    return Record(
        offset=number,
        kind=_KINDS[kind],
        received=received,
        payload=payload,
        source=source,
        epoch=epoch,
        seq=seq,
    )


def is_whole(row: Row) -> bool:
    """Tell whether a row matches its checksum."""
    return _record(row) is not None


def _checksum(
    number: int, kind: int, received: int, source: str, epoch: int, seq: int, payload: bytes
) -> int:
    """Give CRC32C over the record's numbers, source and payload."""
    head = _HEAD.pack(number, kind, received, epoch, seq) + source.encode()
    return int(google_crc32c.extend(google_crc32c.value(head), payload))


def _connect(path: Path) -> sqlite3.Connection:
    """Open `path` so that a commit is on the disk when it returns (`synchronous=FULL`)."""
    connection = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
    for pragma in (
        "page_size=8192",
        "journal_mode=WAL",
        "synchronous=FULL",
        "wal_autocheckpoint=0",
        "cache_size=-8000",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file, or see that an old one is a log that this release reads."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if tables == 0:
        stamps = f"PRAGMA application_id={_APPLICATION}; PRAGMA user_version={VERSION};"
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {stamps} COMMIT;")
    elif application != _APPLICATION:
        raise Corrupt(f"{path.name} is not a log.", remedy="Name another file in `log.url`.", file=str(path))
    elif version != VERSION:
        raise Corrupt(
            f"{path.name} has format {version}.",
            remedy="Use the release that wrote it.",
            file=str(path),
            version=version,
        )


def _lock(path: Path) -> IO[bytes]:
    """Hold the log for this process: two writers would give one offset twice."""
    file = path.with_name(path.name + "-lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise StoreError(
            f"{path.name} is open in another room.",
            remedy="Stop that one first.",
            code="log_locked",
            file=str(path),
        ) from error
    return file
