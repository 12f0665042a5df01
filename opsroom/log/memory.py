"""A log in memory for tests, simulation and drills: same port and rules as the durable one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from opsroom.errors import StoreError
from opsroom.log._positions import Positions
from opsroom.log._tail import Tail
from opsroom.model import Refusal
from opsroom.records import Entry, Record, RecordKind, SourceState
from opsroom.settings import Limits

_TRIMMED = frozenset({RecordKind.READINGS, RecordKind.TICK})


class MemoryLog:
    """The log as a list; one thread or many readers beside one loop."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._positions = Positions()
        self._refusals: dict[tuple[str, int, int], tuple[Refusal, ...]] = {}
        self._tail = Tail(0, 0)
        self._trimmed = 0
        self._closed = False

    @property
    def last_offset(self) -> int:
        """Offset of the newest record."""
        return self._tail.last

    @property
    def damaged(self) -> int:
        """Memory keeps what it was given."""
        return 0

    @property
    def trimmed(self) -> int:
        """Offset up to which readings and ticks were let go."""
        return self._trimmed

    @property
    def is_full(self) -> bool:
        """Memory has no reserve to fall back on."""
        return False

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:  # noqa: ARG002 - nothing waits
        """Store at once."""
        self._check_open()
        fresh = self._positions.fresh(entries)
        self._positions.keep()
        first = self.last_offset + 1
        records = [record_of(entry, offset) for offset, entry in enumerate(fresh, first)]
        self._records.extend(records)
        for entry in fresh:
            if entry.refusals:
                self._refusals[entry.source, entry.epoch, entry.seq] = entry.refusals
        self._tail.publish(records)
        return self.last_offset

    async def new_epoch(self, source: str) -> int:
        """Start the next epoch."""
        self._check_open()
        epoch = self._positions.begin_epoch(source)
        self._positions.keep()
        return epoch

    def read(self, after: int, limit: int = 1024) -> list[Record]:
        """Give the records after `after`."""
        records = self._records  # trimming makes a new list
        start = bisect_right(records, after, key=lambda record: record.offset)
        return records[start : start + limit]

    async def wait(self, after: int) -> None:
        """Return once there is a record after `after`."""
        await self._tail.wait(after)

    def source(self, source: str) -> SourceState:
        """Give the position of `source`."""
        return self._positions.at(source)

    def count_sources(self, prefix: str) -> int:
        """Count the sources whose names begin so."""
        return self._positions.count(prefix)

    def refusals(self, source: str, epoch: int, seq: int) -> tuple[Refusal, ...]:
        """Give what was refused of that batch."""
        return self._refusals.get((source, epoch, seq), ())

    def trim(self, upto: int) -> None:
        """Let readings and ticks go."""
        self._trimmed = max(self._trimmed, upto)
        self._records = [r for r in self._records if r.offset > upto or r.kind not in _TRIMMED]

    def close(self) -> None:
        """Take no more."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("The log is closed.", code="log_closed")


def record_of(entry: Entry, offset: int) -> Record:
    """Give `entry` as it stands in the log."""
    return Record(
        offset=offset,
        kind=entry.kind,
        received=entry.received,
        payload=entry.payload,
        source=entry.source,
        epoch=entry.epoch,
        seq=entry.seq,
    )


def open_log(url: str, limits: Limits, group_commit_ms: float) -> MemoryLog:  # noqa: ARG001
    """Start an empty log."""
    return MemoryLog()
