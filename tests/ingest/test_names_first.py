"""The name of a series stands in the log before its first reading, whoever brings that and whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from opsroom.errors import StoreFull
from opsroom.log.memory import MemoryLog
from opsroom.records import Entry, RecordKind


class Failing(MemoryLog):
    """A log that takes long over the first configuration, and then has no space for it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.going_on = asyncio.Event(), asyncio.Event()

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:
        if entries[0].kind is RecordKind.CONFIG and not self.reached.is_set():
            self.reached.set()
            await self.going_on.wait()
            raise StoreFull("The disk is full.", remedy="Make space.")
        return await super().append(entries, urgent=urgent)


def test_another_connection_does_not_overtake_the_name_of_a_series(
    play: Callable[..., Any], make_room: Any
) -> None:
    log = Failing()

    async def script(served: Any) -> None:
        async with served.peer() as peer, served.peer() as other:
            await peer.say({"series": "new.series", "value": 1})
            await asyncio.wait_for(log.reached.wait(), 5)
            await other.say({"series": "new.series", "value": 2})
            await asyncio.sleep(0.05)
            log.going_on.set()
            await peer.hear_until(stored=1)
            await other.hear_until(stored=1)

    room = play(script, make_room(log=log))
    assert len(room.stored()) == 2
    kinds = [record.kind for record in log.read(0)]
    assert kinds.index(RecordKind.CONFIG) < kinds.index(RecordKind.READINGS)
