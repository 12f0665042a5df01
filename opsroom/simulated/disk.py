"""A disk by chance slow, full or sick, log and store over it: what was not flushed goes with the process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from opsroom.errors import Conflict, StoreError, StoreFull
from opsroom.log.memory import MemoryLog
from opsroom.records import Entry, Record, RecordKind, SourceState

if TYPE_CHECKING:
    import random

    from opsroom.model import Refusal

P = ParamSpec("P")
T = TypeVar("T")
Entries = Sequence[Entry] | str

# As in the embedded log: on a full disk people still act and deadlines still pass.
_RESERVED: Final = frozenset({RecordKind.ACT, RecordKind.TICK})
FLUSH_S: Final = (0.0005, 0.01)


class Disk:
    """What log and store wait for; `slow`, `full` and `sick` are set from outside.

    `slow` multiplies every wait, `full` refuses what has no reserve, `sick` is the share of refused writes.
    """

    def __init__(self, random: random.Random) -> None:
        """Take its temper from `random`."""
        self.slow = 1.0
        self.full = False
        self.sick = 0.0
        self._random = random

    async def pause(self) -> None:
        """Take as long as a flush takes."""
        await asyncio.sleep(self._random.uniform(*FLUSH_S) * self.slow)

    async def flush(self, *, reserved: bool = False) -> None:
        """Wait for a flush; the data is durable only after it.

        Raises:
            StoreFull: no space; `reserved` writes have their own.
            StoreError: the disk refused.
        """
        await self.pause()
        if self.full and not reserved:
            raise StoreFull("No space left.", remedy="Free space.")
        if self.sick and self._random.random() < self.sick:
            raise StoreError("The disk refused.", remedy="Look at the disk.")


class _Pending:
    """One append, or one new epoch (then `what` is the source), on its way to the disk."""

    __slots__ = ("future", "is_reserved", "urgent", "what")

    def __init__(self, what: Entries, *, urgent: bool) -> None:
        self.what = what
        self.urgent = urgent
        self.is_reserved = urgent or isinstance(what, str) or all(one.kind in _RESERVED for one in what)
        self.future: asyncio.Future[int] = asyncio.get_running_loop().create_future()


class DiskLog:
    """One process's log over a `MemoryLog` that outlives it: the port of the room, with group commit.

    Appends gather while a flush runs, urgent ones first, as in the embedded log. `run` is the writer; what it
    had not flushed when it was cancelled is gone. A caller that is cancelled takes nothing back.
    """

    def __init__(self, medium: MemoryLog, disk: Disk, stored: Callable[[list[Record]], None]) -> None:
        """Write to `medium`; `stored` is told of every durable record in order."""
        self._medium = medium
        self._disk = disk
        self._stored = stored
        self._lanes: tuple[deque[_Pending], deque[_Pending]] = (deque(), deque())
        self._ready = asyncio.Event()
        self._closed = False

    async def run(self) -> None:
        """Write groups until cancelled."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            while group := [*self._lanes[1], *self._lanes[0]]:
                for lane in self._lanes:
                    lane.clear()
                await self._write(group)

    async def _write(self, group: list[_Pending]) -> None:
        try:
            await self._disk.flush(reserved=any(one.is_reserved for one in group))
        except StoreError as error:
            _answer(group, error)
            return
        refused = [one for one in group if self._disk.full and not one.is_reserved]
        _answer(refused, StoreFull("No space left.", remedy="Free space."))
        before = self._medium.last_offset
        answers: list[tuple[_Pending, int | Conflict]] = [
            (one, await self._put(one)) for one in group if one not in refused
        ]
        if self._medium.last_offset > before:
            self._stored(self._medium.read(before, self._medium.last_offset - before))
        await self._disk.pause()  # the way back: durable, and nobody knows yet
        for one, answer in answers:
            if isinstance(answer, Conflict):
                _answer([one], answer)
            elif not one.future.done():
                one.future.set_result(answer)

    async def _put(self, one: _Pending) -> int | Conflict:
        if isinstance(one.what, str):
            return await self._medium.new_epoch(one.what)
        try:
            return await self._medium.append(one.what)
        except Conflict as conflict:
            return conflict

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:
        """Store `entries` as one; see the port."""
        return await self.queue(entries, urgent=urgent)

    def queue(self, entries: Sequence[Entry], *, urgent: bool = False) -> asyncio.Future[int]:
        """Take `entries` for the next flush; the future gives what `append` does."""
        return self._submit(_Pending(tuple(entries), urgent=urgent))

    @property
    def damaged(self) -> int:
        """How many records were found damaged."""
        return self._medium.damaged

    @property
    def trimmed(self) -> int:
        """Offset up to which readings and ticks were let go."""
        return self._medium.trimmed

    @property
    def is_full(self) -> bool:
        """Whether the disk takes no readings."""
        return self._disk.full

    async def new_epoch(self, source: str) -> int:
        """Start the next epoch of `source`."""
        return await self._submit(_Pending(source, urgent=True))

    def _submit(self, one: _Pending) -> asyncio.Future[int]:
        if self._closed:
            raise StoreError("The log is closed.", code="log_closed")
        self._lanes[one.urgent].append(one)
        self._ready.set()
        return one.future

    @property
    def last_offset(self) -> int:
        """Offset of the newest durable record."""
        return self._medium.last_offset

    def read(self, after: int, limit: int = 1024) -> list[Record]:
        """Give durable records."""
        return self._medium.read(after, limit)

    async def wait(self, after: int) -> None:
        """Return once there is a record after `after`."""
        await self._medium.wait(after)

    def source(self, source: str) -> SourceState:
        """Give the durable position of `source`."""
        return self._medium.source(source)

    def count_sources(self, prefix: str) -> int:
        """Count the sources whose names begin so."""
        return self._medium.count_sources(prefix)

    def refusals(self, source: str, epoch: int, seq: int) -> tuple[Refusal, ...]:
        """Give what was refused of that batch."""
        return self._medium.refusals(source, epoch, seq)

    def trim(self, upto: int) -> None:
        """Let readings and ticks go."""
        self._medium.trim(upto)

    def close(self) -> None:
        """Take no more; the medium stays."""
        self._closed = True


def _answer(group: list[_Pending], error: StoreError | Conflict) -> None:
    """Give everybody the error; one that was cancelled wants none."""
    for one in group:
        if not one.future.done():
            one.future.set_exception(error)


class DiskOffload:
    """The store's calls over the disk: one write after the other, reads beside them."""

    def __init__(self, disk: Disk) -> None:
        """Wait for `disk`."""
        self._disk = disk
        self._writing = asyncio.Lock()
        self._compacting = asyncio.Lock()

    async def write(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` after every earlier write. Ended before it ran, nothing is stored; after it, all."""
        async with self._writing:
            await self._disk.flush()
            given = fn(*args, **kwargs)
            await self._disk.pause()
            return given

    async def compact(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` after every earlier compaction, beside writes."""
        async with self._compacting:
            await self._disk.flush()
            given = fn(*args, **kwargs)
            await self._disk.pause()
            return given

    async def read(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn`."""
        await self._disk.pause()
        return fn(*args, **kwargs)

    def close(self) -> None:
        """Nothing to let go."""
