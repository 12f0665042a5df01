"""Which alerts reached their unit, on the way into the log: noted at once, written together.

In a flood a thousand a second reach somebody. Some go in one record, and the next only when the room has read
it: a press must not stand behind all of them. Bounded: what finds no place is not noted, and such an
alert's clock simply counts from its raise.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from opsroom.errors import StoreError
from opsroom.records import Delivered, Entry, RecordKind, encode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opsroom.clock import Clock
    from opsroom.log import Log

WAITING_MAX: Final = 10_000
AT_ONCE: Final = 100


class Deliveries:
    """Notes that alerts were written to a socket or screen of their unit."""

    def __init__(self, log: Log, clock: Clock, reached: Callable[[int], Awaitable[None]]) -> None:
        """Start with nothing on its way; `run` appends. `reached` waits until the room has read an offset."""
        self._log = log
        self._clock = clock
        self._reached = reached
        self._waiting: asyncio.Queue[str] = asyncio.Queue(maxsize=WAITING_MAX)

    def note(self, alert_id: str) -> None:
        """Note one alert."""
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(alert_id)

    async def run(self) -> None:
        """Append until cancelled."""
        while True:
            ids = [await self._waiting.get()]
            more = min(self._waiting.qsize(), AT_ONCE - 1)
            ids += [self._waiting.get_nowait() for _ in range(more)]
            payload = encode(Delivered(alert_ids=tuple(ids)))
            entry = Entry(kind=RecordKind.ACT, received=self._clock.now(), payload=payload, source="")
            with contextlib.suppress(StoreError):
                await self._reached(await self._log.append([entry]))
