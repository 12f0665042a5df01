"""The newest durable records in memory, so that the room does not read back what was just written."""

from __future__ import annotations

import asyncio
import threading

from opsroom.records import Record

_RECORD_BYTES = 200
"""What a record weighs besides its payload."""


class Tail:
    """Records without a hole up to `last`, at most `bytes_max` of them, and those who wait for the next."""

    def __init__(self, last: int, bytes_max: int) -> None:
        self._lock = threading.Lock()
        self._records: dict[int, Record] = {}
        self._first = last + 1
        self._bytes = 0
        self._bytes_max = bytes_max
        self._waiting: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self.last = last

    def publish(self, records: list[Record]) -> None:
        """Add durable records, oldest go where the room is out, and wake who waited."""
        with self._lock:
            for record in records:
                self._records[record.offset] = record
                self._bytes += len(record.payload) + _RECORD_BYTES
            self.last = records[-1].offset if records else self.last
            while self._bytes > self._bytes_max and self._first <= self.last:
                gone = self._records.pop(self._first)
                self._bytes -= len(gone.payload) + _RECORD_BYTES
                self._first += 1
            due = [entry for entry in self._waiting if entry[0] < self.last]
            self._waiting = [entry for entry in self._waiting if entry[0] >= self.last]
        for loop in {loop for _, loop, _ in due}:
            call(loop, _wake, [future for _, other, future in due if other is loop])

    def read(self, after: int, limit: int) -> list[Record] | None:
        """Give up to `limit` records after `after`, or None where the older ones are no longer here."""
        with self._lock:
            if after + 1 < self._first:
                return None
            stop = min(self.last, after + limit)
            return [self._records[offset] for offset in range(after + 1, stop + 1)]

    async def wait(self, after: int) -> None:
        """Return once `last` > `after`."""
        while True:
            with self._lock:
                if self.last > after:
                    return
                loop = asyncio.get_running_loop()
                future: asyncio.Future[None] = loop.create_future()
                entry = (after, loop, future)
                self._waiting.append(entry)
            try:
                await future
            finally:
                with self._lock:
                    self._waiting = [other for other in self._waiting if other is not entry]


def call(loop: asyncio.AbstractEventLoop, step: object, argument: object) -> None:
    """Run `step(argument)` in `loop`, unless the loop is gone: then nobody is left to hear it."""
    if not loop.is_closed():
        try:
            loop.call_soon_threadsafe(step, argument)  # type: ignore[arg-type]
        except RuntimeError:
            if not loop.is_closed():
                raise


def _wake(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
