"""What goes wrong: one fault after another, drawn from the seed, and healed in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.simulation.world import World

TURNS_MAX: Final = 400
"""A kill is set this many rounds of the loop ahead at most: it meets tasks at any of their awaits."""


class Trouble:
    """Brings faults over a world."""

    def __init__(self, world: World, group: asyncio.TaskGroup) -> None:
        """Bring them over `world`; what is killed starts again in `group`."""
        self.world = world
        self._group = group
        self._chance = world.plan.chance("trouble")
        self._kinds: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (
            self._kill_room,
            self._kill_room,
            self._restart_room,
            self._kill_plant,
            self._stall,
            self._stall,
            self._cut,
            self._slow_disk,
            self._full_disk,
            self._skew,
            self._wall_jump,
        )

    async def bring(self) -> None:
        """Bring as many faults as the plan has, spread over its span."""
        world, chance = self.world, self._chance
        world.disk.sick = world.plan.sick
        instants = sorted(chance.uniform(5.0, world.plan.span_s) for _ in range(world.plan.faults))
        for at in instants:
            await asyncio.sleep(max(0.0, at - world.loop.time()))
            fault = chance.choice(self._kinds)
            world.note("fault", fault.__name__.strip("_"))
            self._group.create_task(world.guarded(fault()))
        await asyncio.sleep(max(0.0, world.plan.span_s - world.loop.time()))

    def heal(self) -> None:
        """Let the disk and the network be well."""
        world = self.world
        world.disk.full, world.disk.sick, world.disk.slow = False, 0.0, 1.0
        for name in world.plan.names:
            weather = world.network.of(name)
            weather.repeats = weather.reorders = 0.0
            weather.set_stalled(False)
            world.plants[name].skew_s = 0.0

    # -- faults ------------------------------------------------------------------------------------

    async def _at_some_await(self) -> None:
        """Wait for a round of the loop between two awaits that nobody chose."""
        loop, turned = self.world.loop, asyncio.Event()
        loop.at_turn(loop.turns + self._chance.randint(1, TURNS_MAX), turned.set)
        await turned.wait()

    async def _kill_room(self) -> None:
        server = self.world.server
        await self._at_some_await()
        if not server.is_alive:
            return
        server.kill()
        self.world.broken.restarted(self.world)
        await server.wait_ended()
        await asyncio.sleep(self._chance.choice((0.0, 1.0, 5.0, 30.0)))
        self._start_room()

    async def _restart_room(self) -> None:
        server = self.world.server
        if server.room is None:
            return
        server.leave()
        await server.wait_ended()
        await asyncio.sleep(self._chance.uniform(0.0, 3.0))
        self._start_room()

    def _start_room(self) -> None:
        if not self.world.server.is_alive:
            self.world.server.start(self._group)

    async def _kill_plant(self) -> None:
        plant = self.world.plants[self._chance.choice(self.world.plan.names)]
        await self._at_some_await()
        if not plant.is_alive or self.world.is_healed:
            return
        plant.kill()
        await asyncio.sleep(self._chance.uniform(0.0, 20.0))
        plant.start(self._group)

    async def _stall(self) -> None:
        weather = self.world.network.of(self._chance.choice(self.world.plan.names))
        weather.set_stalled(True)
        await asyncio.sleep(self._chance.choice((1.0, 10.0, 40.0)))
        weather.set_stalled(False)

    async def _cut(self) -> None:
        self.world.network.cut(self._chance.choice(self.world.plan.names))

    async def _slow_disk(self) -> None:
        self.world.disk.slow = self._chance.choice((10.0, 50.0))
        await asyncio.sleep(self._chance.uniform(1.0, 15.0))
        self.world.disk.slow = 1.0

    async def _full_disk(self) -> None:
        self.world.disk.full = True
        await asyncio.sleep(self._chance.uniform(0.2, 10.0))
        self.world.disk.full = False

    async def _skew(self) -> None:
        plant = self.world.plants[self._chance.choice(self.world.plan.names)]
        plant.skew_s = self._chance.choice((-30.0, -1.0, 1.0, 30.0, 400.0))

    async def _wall_jump(self) -> None:
        self.world.jump_s += self._chance.choice((-3600.0, -1.0, 1.0, 3600.0))
