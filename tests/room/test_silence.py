"""A source that fell silent: what waited of it is scored, and it is called idle however full the disk was."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from opsroom.errors import StoreFull
from opsroom.log.memory import MemoryLog
from opsroom.model import Series
from opsroom.records import Entry, RecordKind, SeriesSet, SourceEvent, encode
from opsroom.room import Room
from opsroom.settings import Settings
from tests.room.house import ROOT, SETTINGS, House

KILN = SeriesSet(Series(id=2, root_id=1, unit_id=1, name="kiln", unit="Cel", band=(10.0, 100.0)))


class FullNow(MemoryLog):
    """A log whose disk is full while it is told so; acts and ticks have a reserve, as on a real one."""

    is_full = False

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:
        reserved = urgent or {one.kind for one in entries} <= {RecordKind.ACT, RecordKind.TICK}
        if self.is_full and not reserved:
            raise StoreFull("No space left.", remedy="Make room.")
        return await super().append(entries, urgent=urgent)


def settings(clock: str) -> Settings:
    room = SETTINGS.room.model_copy(update={"tick_s": 0.02, "idle_s": 10.0})
    server = SETTINGS.server.model_copy(update={"clock": clock})
    return SETTINGS.model_copy(update={"room": room, "server": server})


async def opened(house: House, name: str, lateness_s: float) -> None:
    event = encode(SourceEvent(event="opened", lateness_s=lateness_s, unit_id=1))
    entry = Entry(kind=RecordKind.SOURCE, received=house.clock.now(), payload=event, source=name)
    await house.log.append([entry])


async def ticked(house: House, room: Room) -> None:
    await asyncio.sleep(0.1)
    await room.reached(house.log.last_offset)


def test_the_last_readings_of_a_source_that_died_are_judged_when_its_lateness_is_over() -> None:
    async def story() -> None:
        house = House(settings("wall"))
        async with house.room(ROOT, KILN, leaves=False) as room:
            await opened(house, "kiln", 30.0)
            await house.reads(50.0, 150.0, 150.0)
            await room.reached(house.log.last_offset)
            house.clock.advance(20.0)
            await ticked(house, room)
            assert not room.core.book.open
            house.clock.advance(11.0)
            await ticked(house, room)
            (alert,) = room.core.book.open.values()
        async with house.room(leaves=False) as room:
            assert list(room.core.book.open) == [alert.id]

    asyncio.run(story())


def test_a_source_that_fell_silent_while_the_disk_was_full_holds_no_stream_back() -> None:
    async def story() -> None:
        house = House(settings("stream"))
        log = house.log = FullNow()
        async with house.room(ROOT, KILN, leaves=False) as room:
            await opened(house, "kiln", 0.0)
            await opened(house, "dead", 0.0)
            await house.reads(50.0)
            await room.reached(house.log.last_offset)
            assert room.core.sources.stream_now() < 0
            log.is_full = True
            house.clock.advance(20.0)
            await asyncio.sleep(0.1)
            log.is_full = False
            house.clock.advance(11.0)
            await ticked(house, room)
            assert room.core.sources.clocks["dead"].idle
            await house.reads(50.0)
            await ticked(house, room)
            assert room.core.now == house.clock.now()

    asyncio.run(story())


def test_on_a_full_disk_the_clock_goes_on_though_sources_fell_silent() -> None:
    async def story() -> None:
        house = House(settings("wall"))
        log = house.log = FullNow()
        async with house.room(ROOT, KILN, leaves=False) as room:
            await opened(house, "kiln", 0.0)
            await house.reads(50.0, 150.0, 150.0)
            await room.reached(log.last_offset)
            (alert,) = room.core.book.open.values()
            log.is_full = True
            for _ in range(5):
                house.clock.advance(1_000.0)
                await ticked(house, room)
                assert room.core.now == house.clock.now()
            assert alert.deadline is None or room.core.book.open[alert.id].level > alert.level

    asyncio.run(story())


def test_what_waited_for_space_on_the_disk_is_not_late_for_it() -> None:
    async def story() -> None:
        house = House(settings("wall"))
        log = house.log = FullNow()
        async with house.room(ROOT, KILN, leaves=False) as room:
            await opened(house, "kiln", 30.0)
            await house.reads(50.0)
            await room.reached(log.last_offset)
            newest = room.core.sources.clocks["kiln"].newest
            log.is_full = True
            house.clock.advance(40.0)
            await ticked(house, room)
            log.is_full = False
            await ticked(house, room)
            assert not room.core.sources.clocks["kiln"].idle
            assert room.core.sources.clocks["kiln"].released < newest

    asyncio.run(story())
