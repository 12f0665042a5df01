"""The name of a series stands in the log before its first reading, whoever brings that and whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from opsroom.errors import StoreFull
from opsroom.log.memory import MemoryLog
from opsroom.records import Entry, RecordKind, SeriesSet


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


def test_names_of_a_batch_that_is_not_taken_are_made_by_the_one_that_is(
    play: Callable[..., Any],
) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say({"type": "hello", "protocol": 1, "source": "mill"})
            await peer.hear()
            batch = {"type": "batch", "seq": 1, "t": 1_000, "v": [1.0]}
            await peer.say({**batch, "s": ["fresh", "other"]})
            assert (await peer.hear())["code"] == "length_mismatch"
            await peer.say({**batch, "s": ["fresh"]})
            await peer.hear_until(stored_seq=1)

    room = play(script)
    assert [change.series.name for change in room.config() if isinstance(change, SeriesSet)] == ["fresh"]
    kinds = [record.kind for record in room.log.read(0)]
    assert kinds.index(RecordKind.CONFIG) < kinds.index(RecordKind.READINGS)


def test_a_proposal_does_not_undo_what_was_agreed_while_it_waited(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say({"type": "hello", "protocol": 1, "source": "mill"})
            await peer.hear()
            await peer.say({"type": "declare", "series": [{"id": 0, "name": "fresh"}]})
            catalog = served.room.catalog
            while not (made := [one for one in catalog.series.values() if one.name == "fresh"]):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            catalog.apply(SeriesSet(replace(made[0], adopted=True, band=(1.0, 2.0))))
            await peer.say({"type": "batch", "seq": 1, "t": 1_000, "s": [0], "v": [1.0]})
            await peer.hear_until(stored_seq=1)

    room = play(script)
    (told,) = [change.series for change in room.config() if isinstance(change, SeriesSet)]
    assert (told.adopted, told.band) == (True, (1.0, 2.0))


class Slow(MemoryLog):
    """A log that takes its time."""

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:
        await asyncio.sleep(0.005)
        return await super().append(entries, urgent=urgent)


def test_a_sender_of_ever_new_names_keeps_nobody_waiting(play: Callable[..., Any], make_room: Any) -> None:
    log = Slow()

    async def script(served: Any) -> None:
        async with served.peer() as peer, served.peer() as other:

            async def trickle() -> None:
                for number in range(200):
                    await peer.say({"series": f"new/{number}", "value": 1})
                    await asyncio.sleep(0.002)

            async with asyncio.TaskGroup() as group:
                group.create_task(trickle())
                await asyncio.sleep(0.05)
                before = log.last_offset
                await other.say({"series": "output", "value": 2})
                await other.hear_until(stored=1)
                assert log.last_offset < before + 40
            await peer.hear_until(stored=200)

    play(script, make_room(log=log))
