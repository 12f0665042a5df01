"""The room as a process: the real parts over the ports of the world, killed and started again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from ingest.connection import Connection
from ingest.hub import Hub
from opsroom.access import Access
from opsroom.access.passwords import Passwords
from opsroom.clock import WallClock
from opsroom.errors import OpsroomError, StoreError
from opsroom.main import joined, last_now
from opsroom.room import Room
from opsroom.simulated import DiskLog, DiskOffload, Peer
from opsroom.store.memory import MemoryStore
from tests.simulation.screen import Screen

if TYPE_CHECKING:
    from opsroom.records import AnyAct, AnyConfig
    from tests.simulation.world import World

GRACE_S = 3.0
_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Server:
    """One room over a log and a store that outlive it."""

    def __init__(self, world: World, store: MemoryStore) -> None:
        """Belong to `world`; not yet started."""
        self.world = world
        self.store = store
        self.lives = 0
        self.room: Room | None = None
        self.changes: list[AnyConfig] = []
        self._chance = world.plan.chance("server")
        self._log: DiskLog | None = None
        self._task: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None
        self._leaving = asyncio.Event()
        self._is_open = False
        self._connections: list[asyncio.Task[None]] = []

    @property
    def is_alive(self) -> bool:
        """Whether it runs, ready or not."""
        return self._task is not None and not self._task.done()

    def start(self, group: asyncio.TaskGroup) -> None:
        """Begin a life."""
        assert not self.is_alive
        self.lives += 1
        self._leaving = asyncio.Event()
        self.world.note("room started", str(self.lives))
        self._task = group.create_task(self.world.guarded(self._supervised()))

    def kill(self) -> None:
        """End as by SIGKILL: only what is durable stays."""
        if not self.is_alive or self._task is None:
            return
        self.world.note("room killed", str(self.lives))
        if self._log is not None:
            self._log.close()
        self.room = None
        self.world.network.listen(None)
        self.world.network.vanish()
        self.store = self.store.crashed()
        self._task.cancel()

    def leave(self) -> None:
        """End as by SIGTERM."""
        self.world.note("room told to leave", str(self.lives))
        self._leaving.set()

    async def wait_ended(self) -> None:
        """Wait until its process is gone."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _supervised(self) -> None:
        """Live; where log or store do not take the start, try again as a supervisor would."""
        while True:
            try:
                await self._live()
                return
            except* StoreError as error:
                if self.room is not None or self._is_open:
                    raise
                self.world.note("room did not start", repr(error.exceptions[0]))
            self.store = self.store.crashed()
            await asyncio.sleep(1.0)

    async def _live(self) -> None:
        self._is_open = False
        world, settings, loop = self.world, self.world.settings, self.world.loop
        log = self._log = world.broken.log()(world.medium, world.disk, world.witness.stored)
        offload = DiskOffload(world.disk)
        wall = WallClock(wall_ns=world.wall_ns, mono_ns=loop.time_ns)
        access = Access(
            self.store.access,
            settings.limits,
            wall,
            offload.read,
            write=offload.write,
            passwords=Passwords(_QUICK),
        )
        clock = WallClock(floor=last_now(log), wall_ns=world.wall_ns, mono_ns=loop.time_ns)
        parts = joined(
            settings,
            clock=clock,
            log=log,
            store=self.store,
            offload=offload,
            access=access,
            token_hex=lambda n: self._chance.randbytes(n).hex(),
        )
        room = parts.room
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(log.run())
            await access.load()
            await room.start(parts.changes)
            running = [group.create_task(room.run()), group.create_task(access.keep_fresh())]
            await room.reached(log.last_offset)
            self._open(room, group)
            screens = [Screen(world, room, seat) for seat in world.seats.values()]
            running += [group.create_task(screen.watch()) for screen in screens]
            await self._leaving.wait()
            await self._close(room, running)
            await room.stop()
            log.close()
            writer.cancel()
        self.world.note("room left", str(self.lives))

    def _open(self, room: Room, group: asyncio.TaskGroup) -> None:
        """Let plants and people in."""
        hub = Hub(room, self.world.wall_us, lambda n: self._chance.randbytes(n).hex())

        def accept(peer: Peer) -> None:
            self._connections.append(group.create_task(Connection(hub, peer).run()))

        self._is_open = True
        self.room, self._group, self._connections = room, group, []
        self.world.network.listen(accept)
        self.world.note("room ready", f"{room.offset}")

    async def _close(self, room: Room, running: list[asyncio.Task[None]]) -> None:
        """Let nobody in, drain, and end what runs."""
        self.room = None
        self.world.network.listen(None)
        self.world.network.vanish()
        if self._connections:
            await asyncio.wait(self._connections, timeout=GRACE_S)
        try:
            async with asyncio.timeout(30.0):
                await room.reached(room.log.last_offset)
        except TimeoutError:
            self.world.note("room not drained", "")
        for task in (*running, *self._connections):
            task.cancel()

    async def ask(self, act: AnyAct) -> asyncio.Task[object] | None:
        """Pass an act to the room as a request; the task ends with the answer, cancelled with the room."""
        if self.room is None or self._group is None:
            return None
        task: asyncio.Task[object] = self._group.create_task(_quiet(self.room, act))
        await asyncio.wait([task], timeout=30.0)
        if not task.done():
            task.cancel()
            return None
        return task


async def _quiet(room: Room, act: AnyAct) -> object:
    """Do an act; a refusal is an answer too, and must not end the room's task group."""
    try:
        return await room.act(act)
    except OpsroomError as refusal:
        return refusal
