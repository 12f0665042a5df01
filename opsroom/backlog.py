"""How much telemetry may stand in the log unread: it bounds how long a press waits behind it.

The room reads its log in order, so that a replay sees what was seen live; a press overtakes nothing that is
in the log already. So telemetry waits in front of the log, where a press does overtake it: no more is let in
than the room has lately read in `TARGET_S`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opsroom.log.gate import Gate
from opsroom.records import Entry, Record, RecordKind

TARGET_S: Final = 0.1
"""A tenth of the second in which a press must be on screens; the rest is for commits and the way there."""
LEAST_BYTES: Final = 4 << 10
"""A few readings always fit: a pace cannot be learned from nothing, and a larger frame goes alone."""
START_BYTES: Final = 2 << 20
GAIN: Final = 0.2
ENTRY_BYTES: Final = 64
"""What an entry costs beside its readings."""


class Backlog:
    """Telemetry between its sender and the room's reading of it, in bytes; `most_bytes` whatever the pace."""

    def __init__(self, most_bytes: int, start_bytes: int = START_BYTES) -> None:
        """Start with a modest pace."""
        self._gate = Gate(start_bytes)
        self._most = most_bytes
        self._pace = START_BYTES / TARGET_S
        self._read = 0
        self._at = 0.0

    @property
    def unread_bytes(self) -> int:
        """What was let in and not read yet."""
        return self._gate.used

    def behind_s(self, begun: float, now: float) -> float:
        """Give how long what is unread takes at the room's pace, and since it last went on, seconds."""
        return self.unread_bytes / self._pace + now - max(begun, self._at)

    async def enter(self, size: int) -> None:
        """Wait until `size` bytes may go into the log; who waited longer goes first."""
        await self._gate.enter(size)

    def leave(self, size: int) -> None:
        """Take back what was let in and could not be stored."""
        self._gate.leave(size)

    def count(self, record: Record) -> None:
        """Note that the room has read a record."""
        self._read += telemetry_bytes([record])

    def paced(self, begun: float, now: float) -> None:
        """Let in as much as was read since the last call, or since `begun` if that is later; learn the pace.

        Times are of one monotonic clock, seconds.
        """
        size, self._read = self._read, 0
        seconds, self._at = now - max(begun, self._at), now
        if not size:
            return
        if seconds > 0.0:
            self._pace += GAIN * (size / seconds - self._pace)
        self._gate.leave(min(size, self._gate.used))  # what a start redoes was let in before
        self._gate.resize(min(max(int(self._pace * TARGET_S), LEAST_BYTES), self._most))


def telemetry_bytes(entries: Sequence[Entry | Record]) -> int:
    """Give the size of the readings among entries, 0 where there are none."""
    return sum(len(entry.payload) + ENTRY_BYTES for entry in entries if entry.kind is RecordKind.READINGS)
