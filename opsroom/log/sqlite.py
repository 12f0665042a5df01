"""The embedded log: one SQLite file, `synchronous=FULL`, many appends to one commit.

Appends wait in two lanes, the urgent one first, for a writer thread that stores all it finds in one
transaction and answers them together. While one commit is on its way to the disk the next group gathers by
itself; only a busy log waits `group_commit_ms` more for company.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from opsroom.errors import Conflict, SettingsError, StoreError, StoreFull
from opsroom.log._file import LogFile
from opsroom.log._positions import Positions
from opsroom.log._tail import Tail, call
from opsroom.log.gate import Gate
from opsroom.log.memory import record_of
from opsroom.model import Refusal
from opsroom.records import Entry, Record, RecordKind, SourceState
from opsroom.settings import Limits

TAIL_BYTES: Final = 32 << 20
_ENTRY_BYTES: Final = 200
_GROUP_BYTES: Final = 4 << 20
_URGENT_BYTES: Final = 1 << 20
_WAL_MOVE_BYTES: Final = 8 << 20
_WAL_RESTART_BYTES: Final = 64 << 20
_SLOW_S: Final = 0.05
_SLOW_SHARE: Final = 0.02
_WAL_MOVE_FULL_BYTES: Final = 1 << 20
_RESERVE_RETRY_S: Final = 0.5
# On a full disk people still act and deadlines still pass: both are small and few beside readings.
_RESERVED: Final = frozenset({RecordKind.ACT, RecordKind.TICK})

Step = Callable[[Positions], Sequence[Entry] | int]

_logger = structlog.get_logger("opsroom.log")


class _Pending:
    """One append, or one new epoch, on its way to the disk."""

    __slots__ = ("answer", "future", "is_reserved", "loop", "size", "step", "urgent")

    def __init__(self, step: Step, size: int, *, urgent: bool, is_reserved: bool) -> None:
        self.step = step
        self.size = size
        self.urgent = urgent
        self.is_reserved = is_reserved
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[int] = self.loop.create_future()
        self.answer: int | Exception = 0


class SqliteLog:
    """The log in one file. `start` begins the writer thread, `close` ends it."""

    def __init__(self, file: LogFile, limits: Limits, group_commit_ms: float) -> None:
        self._file = file
        self._positions = Positions(file.positions())
        self._tail = Tail(file.last, TAIL_BYTES)
        self._gates = (Gate(limits.inflight_bytes), Gate(_URGENT_BYTES))
        self._lanes: tuple[deque[_Pending], deque[_Pending]] = (deque(), deque())
        self._ready = threading.Condition()
        self._company_s = group_commit_ms / 1000
        self._took_s = 0.0
        self._trim_upto = 0
        self._closed = False
        self._broken: Exception | None = None
        self._reserve_tried = 0.0
        self._wal_due = threading.Event()
        self._threads = [
            threading.Thread(target=self._write_groups, name="log-write", daemon=True),
            threading.Thread(target=self._move_wal, name="log-wal", daemon=True),
        ]

    def start(self) -> None:
        """Begin to write."""
        for thread in self._threads:
            thread.start()

    @property
    def last_offset(self) -> int:
        """Offset of the newest durable record."""
        return self._tail.last

    @property
    def damaged(self) -> int:
        """How many records or transactions were found damaged since the start."""
        return self._file.damaged

    @property
    def trimmed(self) -> int:
        """Offset up to which readings and ticks were let go."""
        return self._file.trimmed

    @property
    def is_full(self) -> bool:
        """Whether the space set aside is in use: readings wait until it can be set aside again."""
        return self._file.reserve_spent

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:
        """Store `entries` as one; see the port."""
        kept = tuple(entries)
        size = sum(len(entry.payload) + _ENTRY_BYTES for entry in kept)
        reserved = urgent or all(entry.kind in _RESERVED for entry in kept)
        return await self._submit(lambda positions: positions.fresh(kept), size, urgent, reserved)

    async def new_epoch(self, source: str) -> int:
        """Start the next epoch of `source`."""
        return await self._submit(lambda positions: positions.begin_epoch(source), _ENTRY_BYTES, True, True)

    def read(self, after: int, limit: int = 1024) -> list[Record]:
        """Give records after `after`, from memory where they are recent."""
        if after >= self._tail.last:
            return []
        recent = self._tail.read(after, limit)
        return self._file.read(after, limit) if recent is None else recent

    async def wait(self, after: int) -> None:
        """Return once there is a record after `after`."""
        await self._tail.wait(after)

    def source(self, source: str) -> SourceState:
        """Give the durable position of `source`."""
        return self._positions.at(source)

    def count_sources(self, prefix: str) -> int:
        """Count the sources whose names begin so."""
        return self._positions.count(prefix)

    def refusals(self, source: str, epoch: int, seq: int) -> tuple[Refusal, ...]:
        """Give what was refused of that batch."""
        return self._file.refusals(source, epoch, seq)

    def trim(self, upto: int) -> None:
        """Let readings and ticks at or below `upto` go, between commits."""
        with self._ready:
            self._trim_upto = max(self._trim_upto, upto)
            self._ready.notify()

    def close(self) -> None:
        """Finish what was accepted and let the file go."""
        with self._ready:
            if self._closed:
                return
            self._closed = True
            self._ready.notify()
        self._threads[0].join()
        self._wal_due.set()
        self._threads[1].join()
        self._file.close()

    # -- in the loop ---------------------------------------------------------------------------------------

    async def _submit(self, step: Step, size: int, urgent: bool, is_reserved: bool) -> int:  # noqa: FBT001
        gate = self._gates[urgent]
        await gate.enter(size)
        pending = _Pending(step, size, urgent=urgent, is_reserved=is_reserved)
        with self._ready:
            closed = self._closed or self._broken is not None
            if not closed:
                self._lanes[urgent].append(pending)
                self._ready.notify()
        if closed:
            gate.leave(size)
            raise StoreError("The log is closed.", code="log_closed") from self._broken
        return await pending.future

    # -- in the writer thread ------------------------------------------------------------------------------

    def _write_groups(self) -> None:
        """Store group after group until closed; an unforeseen error ends the log, told to everybody."""
        group: list[_Pending] = []
        try:
            while (found := self._next_group(busy=len(group) > 1)) is not None:
                group = found
                if group:
                    begun = time.monotonic()
                    self._commit(group)
                    self._took_s = time.monotonic() - begun
                    self._settle(group)
                self._tend()
        except Exception as error:
            with self._ready:
                self._broken = error
                left = [*group, *self._lanes[1], *self._lanes[0]]
            for pending in left:
                pending.answer = StoreError(f"The log stopped: {error!r}.", code="log_closed")
            self._settle(left)
            raise

    def _next_group(self, *, busy: bool) -> list[_Pending] | None:
        """Give what waits, urgent first; empty where only trimming is due, None where the log is closed."""
        pause_s = self._company_s if busy else 0.0
        if self._took_s > _SLOW_S:
            # Those just answered shall be in this group, not wait out a slow flush for one tick's sake.
            pause_s = max(pause_s, self._took_s * _SLOW_SHARE)
        until = time.monotonic() + pause_s
        with self._ready:
            while True:
                waiting = bool(self._lanes[0] or self._lanes[1])
                left = until - time.monotonic()
                if self._closed or (waiting and (left <= 0 or self._lanes[1])):
                    break
                if not waiting and self._trim_upto > self._file.trimmed and left <= 0:
                    break
                self._ready.wait(left if left > 0 else None)
            if self._closed and not waiting:
                return None
            group: list[_Pending] = []
            size = 0
            for lane in (self._lanes[1], self._lanes[0]):
                while lane and (not group or size + lane[0].size <= _GROUP_BYTES):
                    group.append(lane.popleft())
                    size += group[-1].size
            return group

    def _commit(self, group: list[_Pending]) -> None:
        """Store one group and set each one's answer; on a full disk acts and ticks get the reserve."""
        if self._file.reserve_spent and not self._reserve_again():
            for pending in group:
                pending.answer = StoreFull("No space left for the log.", remedy="Free space.")
            group = [pending for pending in group if pending.is_reserved]
        try:
            self._store(group)
        except StoreFull as error:
            _answer(group, error)
            reserved = [pending for pending in group if pending.is_reserved]
            if reserved and not self._file.reserve_spent:
                self._file.spend_reserve()
                try:
                    self._store(reserved)
                except StoreError as again:
                    _answer(reserved, again)
        except StoreError as error:
            _answer(group, error)
        except Exception as error:  # what one append brought cannot be written: the others can
            if len(group) > 1:
                for pending in group:
                    self._commit([pending])
                return
            _logger.exception("log_refused_append", size=group[0].size)
            words = f"The log cannot write this: {error!r}."
            _answer(group, StoreError(words, remedy="The room made a mistake.", code="log_unwritable"))

    def _store(self, group: list[_Pending]) -> None:
        """Store one group in one transaction and publish it."""
        records: list[Record] = []
        refused = []
        offset = self._file.last
        for pending in group:
            try:
                fresh = pending.step(self._positions)
            except Conflict as conflict:
                pending.answer = conflict
                continue
            if isinstance(fresh, int):
                pending.answer = fresh
                continue
            for entry in fresh:
                offset += 1
                records.append(record_of(entry, offset))
                if entry.refusals:
                    refused.append((entry.source, entry.epoch, entry.seq, entry.refusals))
            pending.answer = offset
        try:
            if records or self._positions.staged:
                self._file.write(records, self._positions.staged, refused)
        except BaseException:
            self._positions.drop()
            raise
        self._positions.keep()
        self._file.last = offset
        self._tail.publish(records)

    def _settle(self, group: list[_Pending]) -> None:
        """Answer a group, one call a loop, and give its room back."""
        loops = {pending.loop for pending in group}
        for loop in loops:
            call(loop, _resolve, [pending for pending in group if pending.loop is loop])
        for urgent in (False, True):
            self._gates[urgent].leave(sum(pending.size for pending in group if pending.urgent is urgent))

    def _tend(self) -> None:
        """Trim a slice; keep the write-ahead log short."""
        if self._trim_upto > self._file.trimmed:
            try:
                more = self._file.trim_step(self._trim_upto)
            except StoreError:
                more = False  # no space or a sick disk: appends will tell; trimming is asked for again
            if not more:
                self._trim_upto = 0
        size = self._file.wal_bytes()
        if size > _WAL_RESTART_BYTES:
            self._file.restart_wal()
        elif size > (_WAL_MOVE_FULL_BYTES if self._file.reserve_spent else _WAL_MOVE_BYTES):
            self._wal_due.set()

    def _reserve_again(self) -> bool:
        """Try, now and then, to set space aside again: whether the disk has room."""
        now = time.monotonic()
        if now - self._reserve_tried < _RESERVE_RETRY_S:
            return False
        self._reserve_tried = now
        return self._file.reserve()

    def _move_wal(self) -> None:
        """Move the write-ahead log on beside the writer."""
        while not self._closed:
            self._wal_due.wait()
            self._wal_due.clear()
            if not self._closed:
                self._file.move_wal()


def _answer(group: list[_Pending], error: Exception) -> None:
    for pending in group:
        if not isinstance(pending.answer, Conflict):
            pending.answer = error


def _resolve(group: list[_Pending]) -> None:
    """Give each waiting append its answer; one that was cancelled wants none."""
    for pending in group:
        if pending.future.done():
            continue
        if isinstance(pending.answer, Exception):
            pending.future.set_exception(pending.answer)
        else:
            pending.future.set_result(pending.answer)


def open_log(url: str, limits: Limits, group_commit_ms: float) -> SqliteLog:
    """Open or make the file of `sqlite:///relative` or `sqlite:////absolute` and begin to write."""
    path = url.removeprefix("sqlite:///")
    if path == url or not path:
        raise SettingsError(f"{url!r} names no file.", remedy="Write sqlite:///folder/log.db.", key="log.url")
    log = SqliteLog(LogFile(Path(path)), limits, group_commit_ms)
    log.start()
    return log
