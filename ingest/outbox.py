"""What a plant has sent and the room has not stored yet: on disk or in memory, bounded, oldest first.

A batch is kept as its encoded body; the seq is put in front when it is written. Only what is stored is let
go, except that an outbox over its cap drops its oldest batches: the hole in the numbers is then told to the
room as `gap`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

import msgspec

from ingest.batches import Bounds, cut
from ingest.memory_outbox import MemoryOutbox
from opsroom.errors import Corrupt, StoreError

OUTBOX_BYTES: Final = 256 << 20
"""The cap where none is named: days of a plant with a hundred series, and a disk can spare it."""

_FORMAT: Final = 2
_FORMAT_UNCOUNTED: Final = 1  # its batches did not say how many readings they hold
_LET_GO_EVERY: Final = 64
# The count stands before the body, so that summing it reads no page that a long body runs over to.
_BATCH: Final = (
    "CREATE TABLE IF NOT EXISTS batch"
    " (seq INTEGER PRIMARY KEY, readings INTEGER NOT NULL, body BLOB NOT NULL)"
)
_KEPT: Final = "count(*), coalesce(sum(length(body)), 0), coalesce(sum(readings), 0)"


class Outbox(Protocol):
    """Batches by seq; `epoch` 0 means that the room has not issued one yet.

    `size_bytes` and `readings` count what is kept, `dropped` and `dropped_readings` what went over the cap.
    `declared` is the declaration that its batches rely on, b"" for none.
    """

    epoch: int
    last_seq: int
    size_bytes: int
    readings: int
    dropped: int
    dropped_readings: int
    declared: bytes
    path: Path | None
    cap_bytes: int

    def put(self, body: bytes, readings: int = 1) -> int:
        """Keep a batch; gives its seq. The oldest go where the cap is reached."""
        ...

    def declare(self, body: bytes) -> None:
        """Keep what was declared, in the place of what was declared before."""
        ...

    def after(self, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Give up to `limit` batches with a seq above `seq`, in order."""
        ...

    def let_go(self, seq: int) -> None:
        """Forget batches up to `seq`: they are stored."""
        ...

    def readings_at(self, seq: int) -> int:
        """Give with how many readings a batch that is kept was put."""
        ...

    def recut(self, bounds: Bounds) -> None:
        """Cut what the room would not take in one batch; what stands behind is numbered anew.

        Only before anything of it was sent to this run of the room.
        """
        ...

    def begin(self, epoch: int, stored_seq: int, *, anew: bool = False) -> None:
        """Take the epoch that the room issued.

        `anew`: what is kept is numbered anew, a hole at its head keeps its width.
        """
        ...

    def __len__(self) -> int:
        """Count the batches kept."""
        ...

    def close(self) -> None:
        """Finish writing and let the file go."""
        ...


class _Body(msgspec.Struct):
    v: bytes | list[float | None]


_body = msgspec.msgpack.Decoder(_Body)


def readings_of(body: bytes) -> int:
    """Count the readings of a packed batch."""
    v = _body.decode(body).v
    return len(v) // 8 if isinstance(v, bytes) else len(v)


class FileOutbox:
    """An outbox in one SQLite file: it survives the end of its process (WAL).

    A power cut may take the last batches put; what the room holds of them keeps its numbers.
    """

    def __init__(self, path: Path, cap_bytes: int) -> None:
        """Open or make the file at `path`; at most `cap_bytes` of bodies are kept.

        Raises:
            StoreError: the file cannot be opened or belongs to another process.
            Corrupt: the file is no outbox.
        """
        self.path: Path | None = path
        self.dropped = self.dropped_readings = 0
        self.cap_bytes = cap_bytes
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
            meta = self._opened()
            count, size, readings, last = self._db.execute(
                f"SELECT {_KEPT}, max(seq) FROM batch"  # noqa: S608 - a constant
            ).fetchone()
            (declared,) = self._db.execute("SELECT body FROM declared").fetchone() or (b"",)
        except (sqlite3.OperationalError, OSError) as error:
            raise StoreError(
                f"{path}: the outbox cannot be opened: {error}.",
                remedy="Is another sender using it? Each has a file of its own.",
                code="outbox_unusable",
                file=str(path),
            ) from error
        except sqlite3.DatabaseError as error:
            raise Corrupt(
                f"{path}: no outbox: {error}", remedy="Move the file away.", file=str(path)
            ) from error
        if meta.get("format") != _FORMAT:
            raise Corrupt(
                f"{path}: an outbox of another version.", remedy="Move the file away.", file=str(path)
            )
        self.epoch = meta["epoch"]
        self.declared: bytes = declared
        self._stored = self._let_go = meta["let_go"]
        self.last_seq = max(meta["last_seq"], last or 0)
        self._found_seq: int | None = self.last_seq
        self.size_bytes, self.readings, self._count = int(size), int(readings), int(count)

    def _opened(self) -> dict[str, int]:
        """Take the file for this process alone and bring it to today's format; gives what it notes."""
        # One process owns the file, so that two feeders cannot share a numbering.
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("BEGIN EXCLUSIVE")
        self._db.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
        meta: dict[str, int] = dict(self._db.execute("SELECT name, value FROM meta"))
        if meta.get("format") == _FORMAT_UNCOUNTED:
            self._db.create_function("readings_of", 1, readings_of, deterministic=True)
            self._db.execute("ALTER TABLE batch RENAME TO uncounted")
        self._db.execute(_BATCH)
        self._db.execute("CREATE TABLE IF NOT EXISTS declared (one INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        if meta.get("format") == _FORMAT_UNCOUNTED:
            self._db.execute("INSERT INTO batch SELECT seq, readings_of(body), body FROM uncounted")
            self._db.execute("DROP TABLE uncounted")
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'format'", (_FORMAT,))
        self._db.execute(
            "INSERT OR IGNORE INTO meta VALUES ('format', ?), ('epoch', 0), ('last_seq', 0), ('let_go', 0)",
            (_FORMAT,),
        )
        self._db.execute("COMMIT")
        return dict(self._db.execute("SELECT name, value FROM meta"))

    def put(self, body: bytes, readings: int = 1) -> int:
        """Keep a batch, written before this returns."""
        seq = self.last_seq + 1
        self._write("INSERT INTO batch VALUES (?, ?, ?)", (seq, readings, body))
        self.last_seq = seq
        self.size_bytes += len(body)
        self.readings += readings
        self._count += 1
        # A disk that is full lets nothing be deleted either: then the next batch tries again.
        with suppress(StoreError):
            while self.size_bytes > self.cap_bytes and self._count > 1:
                self._drop_oldest()
        return seq

    def declare(self, body: bytes) -> None:
        """Keep what was declared, beside the batches that rely on it."""
        self._write("INSERT OR REPLACE INTO declared VALUES (1, ?)", (body,))
        self.declared = body

    def after(self, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Give the next batches."""
        above = max(seq, self._stored)
        return self._db.execute(
            "SELECT seq, body FROM batch WHERE seq > ? ORDER BY seq LIMIT ?", (above, limit)
        ).fetchall()

    def let_go(self, seq: int) -> None:
        """Forget what is stored; the file follows in strides, as the room dismisses what it is sent twice."""
        if seq > self._stored:
            count, size, readings = self._kept(self._stored, seq)
            self._stored = seq
            self._count -= count
            self.size_bytes -= size
            self.readings -= readings
        if seq - self._let_go >= _LET_GO_EVERY or seq >= self.last_seq:
            self._sweep()

    def begin(self, epoch: int, stored_seq: int, *, anew: bool = False) -> None:
        """Take the epoch.

        Raises:
            StoreError: the file cannot be written; nothing was taken.
        """
        last_seq = self.last_seq
        stored = let_go = self._stored
        with self._whole():
            self._write("DELETE FROM batch WHERE seq <= ?", (stored,))
            if anew:
                last_seq = self._renumber(0, stored_seq + 1 + last_seq - self._count - stored)
                stored = let_go = stored_seq
            elif self._found_seq is not None and self._found_seq < stored_seq:
                # A power cut took batches that the room holds: what was put since has taken their numbers.
                last_seq = self._renumber(self._found_seq, stored_seq + 1)
            last_seq = max(last_seq, stored_seq)
            self._note(epoch, last_seq, let_go)
        self._found_seq = None
        self.epoch, self.last_seq, self._stored, self._let_go = epoch, last_seq, stored, let_go
        if not anew:
            self.let_go(stored_seq)

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        """Forget what is stored and close the file."""
        self._sweep()
        # On a full disk the numbers follow from the batches, and the room knows the rest.
        with suppress(StoreError):
            self._note(self.epoch, self.last_seq, self._let_go)
        self._db.close()

    def _renumber(self, above: int, first: int) -> int:
        """Number the batches with a seq above `above` anew, from `first` on; gives the last number."""
        seqs = self._db.execute("SELECT seq FROM batch WHERE seq > ? ORDER BY seq", (above,)).fetchall()
        # Negative numbers keep old and new apart meanwhile.
        for number, (seq,) in enumerate(seqs, first):
            self._write("UPDATE batch SET seq = ? WHERE seq = ?", (-number, seq))
        self._write("UPDATE batch SET seq = -seq WHERE seq < 0")
        return first - 1 + len(seqs)

    def _note(self, epoch: int, last_seq: int, let_go: int) -> None:
        """Note where the numbering stands, so that an empty file still goes on counting."""
        for name, value in (("epoch", epoch), ("last_seq", last_seq), ("let_go", let_go)):
            self._write("UPDATE meta SET value = ? WHERE name = ?", (value, name))

    def _sweep(self) -> None:
        """Delete what is stored. A disk that refuses is asked again: nothing stored is ever sent for it."""
        if self._stored <= self._let_go:
            return
        with suppress(StoreError), self._whole():
            self._write("DELETE FROM batch WHERE seq <= ?", (self._stored,))
            self._note(self.epoch, self.last_seq, self._stored)
            self._let_go = self._stored

    def readings_at(self, seq: int) -> int:
        """Give with how many readings a batch was put."""
        return self._kept(seq - 1, seq)[2]

    def recut(self, bounds: Bounds) -> None:
        """Cut what is larger than `bounds`.

        Raises:
            StoreError: the file cannot be written; all stays as it was.
        """
        most = (self._stored, bounds.body_bytes, bounds.readings)
        large = "SELECT seq FROM batch WHERE seq > ? AND (length(body) > ? OR readings > ?) ORDER BY seq"
        larger = {seq for (seq,) in self._db.execute(large, most)}
        if not larger:
            return
        moved = self._db.execute(
            "SELECT seq FROM batch WHERE seq >= ? ORDER BY seq", (min(larger),)
        ).fetchall()
        shift = 0
        with self._whole():
            # Negative numbers keep old and new apart meanwhile.
            for (seq,) in moved:
                if seq not in larger:
                    self._write("UPDATE batch SET seq = ? WHERE seq = ?", (-seq - shift, seq))
                    continue
                query = "SELECT body, readings FROM batch WHERE seq = ?"
                whole, count = self._db.execute(query, (seq,)).fetchone()
                parts = cut(whole, count, bounds)
                self._write("DELETE FROM batch WHERE seq = ?", (seq,))
                for number, (body, readings) in enumerate(parts, seq + shift):
                    self._write("INSERT INTO batch VALUES (?, ?, ?)", (-number, readings, body))
                shift += len(parts) - 1
            self._write("UPDATE batch SET seq = -seq WHERE seq < 0")
            self._note(self.epoch, self.last_seq + shift, self._let_go)
        self.last_seq += shift
        self._count, self.size_bytes, self.readings = self._kept(self._stored, self.last_seq)

    def _kept(self, above: int, upto: int) -> tuple[int, int, int]:
        """Count batches, bytes and readings between two numbers."""
        query = f"SELECT {_KEPT} FROM batch WHERE seq > ? AND seq <= ?"  # noqa: S608 - a constant
        count, size, readings = self._db.execute(query, (above, upto)).fetchone()
        return count, size, readings

    def _drop_oldest(self) -> None:
        self._sweep()
        seq, size, readings = self._db.execute(
            "SELECT seq, length(body), readings FROM batch WHERE seq > ? ORDER BY seq LIMIT 1",
            (self._stored,),
        ).fetchone()
        self._write("DELETE FROM batch WHERE seq = ?", (seq,))
        self.size_bytes -= size
        self.readings -= readings
        self._count -= 1
        self.dropped += 1
        self.dropped_readings += readings

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Write all of it or nothing."""
        self._write("BEGIN")
        try:
            yield
            self._write("COMMIT")
        except StoreError:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _write(self, statement: str, values: tuple[int | bytes | str, ...] = ()) -> None:
        try:
            self._db.execute(statement, values)
        except sqlite3.OperationalError as error:
            full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
            raise StoreError(
                f"{self.path}: the outbox cannot be written: {error}.",
                remedy="Make space on the disk; what is kept already goes on.",
                code="outbox_full" if full else "outbox_unusable",
                file=str(self.path),
            ) from error


def open_outbox(path: Path | None, cap_bytes: int) -> MemoryOutbox | FileOutbox:
    """Open the outbox at `path`, or one in memory where there is none."""
    return MemoryOutbox(cap_bytes) if path is None else FileOutbox(path, cap_bytes)
