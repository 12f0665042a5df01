"""What a plant has sent and the room has not stored yet: on disk or in memory, bounded, oldest first.

A batch is kept as its encoded body; the seq is put in front when it is written. Only what is stored is let
go, except that an outbox
over its cap drops its oldest batches: the hole in the numbers is then told to the room as `gap`.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from opsroom.errors import Corrupt, StoreError

_FORMAT: Final = 1
_LET_GO_EVERY: Final = 64


class Outbox(Protocol):
    """Batches by seq; `epoch` 0 means that the room has not issued one yet."""

    epoch: int
    last_seq: int
    size_bytes: int

    def put(self, body: bytes) -> int:
        """Keep a batch; gives its seq. The oldest go where the cap is reached."""
        ...

    def after(self, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Give up to `limit` batches with a seq above `seq`, in order."""
        ...

    def let_go(self, seq: int) -> None:
        """Forget batches up to `seq`: they are stored."""
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


class MemoryOutbox:
    """An outbox that lives as long as its process."""

    def __init__(self, cap_bytes: int) -> None:
        """Keep at most `cap_bytes` of bodies."""
        self.epoch = 0
        self.last_seq = 0
        self.size_bytes = 0
        self.dropped = 0
        self._cap_bytes = cap_bytes
        self._let_go = 0
        self._bodies: OrderedDict[int, bytes] = OrderedDict()

    def put(self, body: bytes) -> int:
        """Keep a batch."""
        self.last_seq += 1
        self._bodies[self.last_seq] = body
        self.size_bytes += len(body)
        while self.size_bytes > self._cap_bytes and len(self._bodies) > 1:
            self.size_bytes -= len(self._bodies.popitem(last=False)[1])
            self.dropped += 1
        return self.last_seq

    def after(self, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Give the next batches."""
        if not self._bodies:
            return []
        # Numbers are dense from the oldest on, so the place follows from the number.
        skip = max(0, seq + 1 - next(iter(self._bodies)))
        return list(islice(self._bodies.items(), skip, skip + limit))

    def let_go(self, seq: int) -> None:
        """Forget what is stored."""
        self._let_go = max(self._let_go, seq)
        while self._bodies and next(iter(self._bodies)) <= seq:
            self.size_bytes -= len(self._bodies.popitem(last=False)[1])

    def begin(self, epoch: int, stored_seq: int, *, anew: bool = False) -> None:
        """Take the epoch."""
        if anew:
            bodies = list(self._bodies.values())
            hole = self.last_seq - len(bodies) - self._let_go
            self._bodies = OrderedDict(enumerate(bodies, stored_seq + 1 + hole))
            self.last_seq = stored_seq + hole + len(bodies)
            self._let_go = stored_seq
        else:
            self.last_seq = max(self.last_seq, stored_seq)
            self.let_go(stored_seq)
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._bodies)

    def close(self) -> None:
        """Nothing to do."""


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
        self.dropped = 0
        self._cap_bytes = cap_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
            # One process owns the file, so that two feeders cannot share a numbering.
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("BEGIN EXCLUSIVE")
            self._db.execute("CREATE TABLE IF NOT EXISTS batch (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
            )
            self._db.execute(
                "INSERT OR IGNORE INTO meta VALUES"
                " ('format', ?), ('epoch', 0), ('last_seq', 0), ('let_go', 0)",
                (_FORMAT,),
            )
            self._db.execute("COMMIT")
            meta: dict[str, int] = dict(self._db.execute("SELECT name, value FROM meta"))
            count, size, last = self._db.execute(
                "SELECT count(*), coalesce(sum(length(body)), 0), max(seq) FROM batch"
            ).fetchone()
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"{path}: the outbox cannot be opened: {error}",
                remedy="Is another feeder using it?",
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
        self._stored = self._let_go = meta["let_go"]
        self.last_seq = max(meta["last_seq"], last or 0)
        self._found_seq: int | None = self.last_seq
        self.size_bytes = int(size)
        self._count = int(count)

    def put(self, body: bytes) -> int:
        """Keep a batch, written before this returns."""
        seq = self.last_seq + 1
        self._write("INSERT INTO batch VALUES (?, ?)", (seq, body))
        self.last_seq = seq
        self.size_bytes += len(body)
        self._count += 1
        while self.size_bytes > self._cap_bytes and self._count > 1:
            self._drop_oldest()
        return seq

    def after(self, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Give the next batches."""
        above = max(seq, self._stored)
        return self._db.execute(
            "SELECT seq, body FROM batch WHERE seq > ? ORDER BY seq LIMIT ?", (above, limit)
        ).fetchall()

    def let_go(self, seq: int) -> None:
        """Forget what is stored; the file follows in strides, as the room dismisses what it is sent twice."""
        self._stored = max(self._stored, seq)
        if seq - self._let_go >= _LET_GO_EVERY or seq >= self.last_seq:
            self._sweep()

    def begin(self, epoch: int, stored_seq: int, *, anew: bool = False) -> None:
        """Take the epoch."""
        self._sweep()
        self._write("BEGIN")
        if anew:
            self._renumber(0, stored_seq + 1 + self.last_seq - self._count - self._let_go)
            self._stored = self._let_go = stored_seq
        elif self._found_seq is not None and self._found_seq < stored_seq:
            # A power cut took batches that the room holds: what was put since has taken their numbers.
            self._renumber(self._found_seq, stored_seq + 1)
        self._found_seq = None
        self.last_seq = max(self.last_seq, stored_seq)
        self.epoch = epoch
        self._note()
        self._write("COMMIT")
        if not anew:
            self.let_go(stored_seq)

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        """Forget what is stored and close the file."""
        self._sweep()
        self._note()
        self._db.close()

    def _renumber(self, above: int, first: int) -> None:
        """Number the batches with a seq above `above` anew, from `first` on."""
        seqs = self._db.execute("SELECT seq FROM batch WHERE seq > ? ORDER BY seq", (above,)).fetchall()
        # Negative numbers keep old and new apart meanwhile.
        for number, (seq,) in enumerate(seqs, first):
            self._write("UPDATE batch SET seq = ? WHERE seq = ?", (-number, seq))
        self._write("UPDATE batch SET seq = -seq WHERE seq < 0")
        self.last_seq = first - 1 + len(seqs)

    def _note(self) -> None:
        """Note where the numbering stands, so that an empty file still goes on counting."""
        for name, value in (("epoch", self.epoch), ("last_seq", self.last_seq), ("let_go", self._let_go)):
            self._write("UPDATE meta SET value = ? WHERE name = ?", (value, name))

    def _sweep(self) -> None:
        """Delete what is stored."""
        if self._stored <= self._let_go:
            return
        self._write("BEGIN")
        self._write("DELETE FROM batch WHERE seq <= ?", (self._stored,))
        self._let_go = self._stored
        self._note()
        self._write("COMMIT")
        count, size = self._db.execute(
            "SELECT count(*), coalesce(sum(length(body)), 0) FROM batch"
        ).fetchone()
        self._count, self.size_bytes = int(count), int(size)

    def _drop_oldest(self) -> None:
        if self._stored > self._let_go:
            self._sweep()
            return
        seq, size = self._db.execute("SELECT seq, length(body) FROM batch ORDER BY seq LIMIT 1").fetchone()
        self._write("DELETE FROM batch WHERE seq = ?", (seq,))
        self.size_bytes -= size
        self._count -= 1
        self.dropped += 1

    def _write(self, statement: str, values: tuple[int | bytes | str, ...] = ()) -> None:
        try:
            self._db.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"The outbox cannot be written: {error}", remedy="Make space on the disk."
            ) from error


def open_outbox(path: Path | None, cap_bytes: int) -> MemoryOutbox | FileOutbox:
    """Open the outbox at `path`, or one in memory where there is none."""
    return MemoryOutbox(cap_bytes) if path is None else FileOutbox(path, cap_bytes)
