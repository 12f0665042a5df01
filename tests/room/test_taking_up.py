"""A room takes up where it was: what was agreed after the last snapshot judges only what came after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from opsroom.access import Access
from opsroom.clock import ManualClock
from opsroom.log.columns import encode_columns
from opsroom.log.memory import MemoryLog
from opsroom.main import joined
from opsroom.model import QUALITY_GOOD, Columns, Series, Unit
from opsroom.records import AnyConfig, Entry, RecordKind, SeriesSet, UnitSet
from opsroom.room import Room
from opsroom.settings import Settings
from opsroom.store.memory import MemoryStore
from opsroom.store.offload import InlineOffload

T0 = 1_767_225_600_000_000
MIN = 60_000_000
ROOT = UnitSet(Unit(id=1, root_id=1, parent_id=None, path="", name="E", level_name="root", depth=0))
SETTINGS = Settings.model_validate({"room": {"snapshot_s": 3_600, "economy": "none.toml", "rules": "none"}})


def kiln(low: float, high: float) -> SeriesSet:
    return SeriesSet(Series(id=2, root_id=1, unit_id=1, name="kiln", unit="Cel", band=(low, high)))


class House:
    """One log and one store; the room in it may be killed."""

    def __init__(self) -> None:
        self.clock, self.log, self.store = ManualClock(T0), MemoryLog(), MemoryStore()

    @asynccontextmanager
    async def room(self, *changes: AnyConfig, leaves: bool = True) -> AsyncIterator[Room]:
        """Let a room live; it leaves with a snapshot, or is killed."""
        offload = InlineOffload()
        access = Access(self.store.access, SETTINGS.limits, self.clock, offload.read, write=offload.write)
        room = joined(
            SETTINGS,
            clock=self.clock,
            log=self.log,
            store=self.store,
            offload=offload,
            access=access,
            changes=list(changes),
        ).room
        await room.start(list(changes))
        async with asyncio.TaskGroup() as group:
            running = group.create_task(room.run())
            yield room
            await room.reached(self.log.last_offset)
            running.cancel()
        if leaves:
            await room.stop()

    async def reads(self, *values: float) -> None:
        """Bring readings of the kiln, a minute apart."""
        for value in values:
            self.clock.advance(60.0)
            one = Columns(
                np.array([2], np.int32),
                np.array([self.clock.now()], np.int64),
                np.array([value]),
                np.full(1, QUALITY_GOOD, np.uint8),
            )
            payload = encode_columns(one)
            await self.log.append(
                [Entry(kind=RecordKind.READINGS, received=self.clock.now(), payload=payload, source="kiln")]
            )


def alerts(room: Room) -> list[tuple[int, bool]]:
    return [(alert.raised, alert.active) for alert in room.core.book.open.values()]


@pytest.mark.parametrize("snapshot", [True, False], ids=["behind a snapshot", "from the log alone"])
def test_a_band_agreed_later_does_not_judge_what_came_before_it(*, snapshot: bool) -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT, kiln(10.0, 100.0), leaves=snapshot):
            await house.reads(50.0)
        async with house.room(leaves=False) as room:
            await house.reads(150.0, 150.0)
            await room.reached(house.log.last_offset)
            before = alerts(room)
            assert [active for _, active in before] == [True]
            await room.change([kiln(10.0, 200.0)])
        async with house.room(leaves=False) as room:
            assert alerts(room) == before

    asyncio.run(story())


def test_a_snapshot_of_a_room_without_series_is_taken_up() -> None:
    """Nothing can fall silent in it: time passes, and the first series comes after it."""

    async def story() -> None:
        house = House()
        async with house.room(ROOT):
            house.clock.advance(60.0)
        async with house.room(leaves=False) as room:
            await room.change([kiln(10.0, 100.0)])
            await house.reads(50.0)
        async with house.room(leaves=False) as room:
            assert room.core.detectors.count == 1

    asyncio.run(story())
