"""A room on a log and a store in memory, under a manual clock, that may be killed and taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from opsroom.access import Access
from opsroom.clock import ManualClock
from opsroom.log.columns import encode_columns
from opsroom.log.memory import MemoryLog
from opsroom.main import joined
from opsroom.model import QUALITY_GOOD, Columns, Unit
from opsroom.records import AnyConfig, Entry, RecordKind, UnitSet
from opsroom.room import Room
from opsroom.settings import Settings
from opsroom.store import Store
from opsroom.store.memory import MemoryStore
from opsroom.store.offload import InlineOffload

T0 = 1_767_225_600_000_000
MIN = 60_000_000
ROOT = UnitSet(Unit(id=1, root_id=1, parent_id=None, path="", name="E", level_name="root", depth=0))
SETTINGS = Settings.model_validate({"room": {"snapshot_s": 3_600, "economy": "none.toml", "rules": "none"}})


class House:
    """One log and one store; the room in it may be killed."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.clock, self.log = ManualClock(T0), MemoryLog()
        self.store: Store = MemoryStore()
        self.settings = settings

    @asynccontextmanager
    async def room(self, *changes: AnyConfig, leaves: bool = True) -> AsyncIterator[Room]:
        """Let a room live; it leaves with a snapshot, or is killed."""
        offload = InlineOffload()
        limits = self.settings.limits
        access = Access(self.store.access, limits, self.clock, offload.read, write=offload.write)
        room = joined(
            self.settings,
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
