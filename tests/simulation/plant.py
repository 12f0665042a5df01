"""A plant: a process with the real link and its outbox, a clock that is wrong, and a life that may end."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ingest.link import Link, SeriesDeclared
from opsroom.clock import WallClock
from tests.simulation.land import BAD, GOOD, PERIOD_S, token_of

if TYPE_CHECKING:
    from tests.simulation.world import World

URL = "ws://room/api/v1/ingest"
NEW_SERIES_MAX = 6
DECLARED: dict[str | int, str] = {1: "output", 2: "heat"}


class Plant:
    """One plant and what it has given to its link."""

    def __init__(self, world: World, name: str) -> None:
        """Belong to `world`."""
        self.world = world
        self.name = name
        self.sent: dict[tuple[str, int], float] = {}
        self.by_seq: dict[int, list[tuple[str, int]]] = {}
        self.told_refused = 0
        self.skew_s = 0.0
        self.link: Link | None = None
        self.is_alive = False
        self._chance = world.plan.chance(f"plant {name}")
        self._lives = 0
        self._outbox = world.folder / f"{name}-0.outbox"
        self._bad_until: dict[str, float] = {}
        self._new = 0
        self._last_us = 0
        self._task: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()

    # -- life and death ----------------------------------------------------------------------------

    def start(self, group: asyncio.TaskGroup) -> None:
        """Begin a life."""
        self.is_alive = True
        self._lives += 1
        self._task = group.create_task(self.world.guarded(self._live()))

    def kill(self) -> None:
        """End as by SIGKILL: the outbox file stays as it is at this instant."""
        if not self.is_alive or self._task is None:
            return
        self.world.note("plant killed", self.name)
        self.is_alive = False
        following = self.world.folder / f"{self.name}-{self._lives}.outbox"
        for suffix in ("", "-wal"):
            source = Path(f"{self._outbox}{suffix}")
            if source.exists():
                shutil.copyfile(source, f"{following}{suffix}")
        self._outbox = following
        self.world.network.vanish(self.name)
        self._task.cancel()

    def leave(self) -> None:
        """Send no more, and end once everything is stored."""
        self._leaving.set()

    @property
    def is_done(self) -> bool:
        """Whether everything is stored and said."""
        return self._task is not None and self._task.done() and self._leaving.is_set()

    async def _live(self) -> None:
        world, number = self.world, self._lives
        clock = WallClock(wall_ns=self._wall_ns, mono_ns=world.loop.time_ns)
        async with Link(
            URL,
            self.name,
            token_of(self.name),
            self._outbox,
            clock=clock,
            dial=world.network.dial_from(self.name),
            on_refused=self._on_refused,
            seed=world.plan.seed * 1000 + number,
        ) as link:
            self.link = link
            await link.declare([SeriesDeclared("output", 1, "MW", PERIOD_S), SeriesDeclared("heat", 2, "MW")])
            while not self._leaving.is_set():
                try:
                    async with asyncio.timeout(PERIOD_S * self._chance.uniform(0.9, 1.1)):
                        await self._leaving.wait()
                except TimeoutError:
                    await self._send(link)

    def _wall_ns(self) -> int:
        return self.world.wall_ns() + round(self.skew_s * 1e9)

    # -- what it says ------------------------------------------------------------------------------

    async def _send(self, link: Link) -> None:
        """Send one instant of its series, at times a backlog of one, now and then of a new one."""
        chance = self._chance
        names: list[str | int] = [1, 2]
        if self._new and chance.random() < 0.5:
            names.append(f"cell/extra-{chance.randint(1, self._new)}")
        if self._new < NEW_SERIES_MAX and chance.random() < 0.02:
            self._new += 1
            names.append(f"cell/extra-{self._new}")
        t_us = self._wall_ns() // 1_000_000 * 1000
        if t_us <= self._last_us:
            return  # its clock was set back: it waits until it is past what it has said
        await self._give(link, names, t_us, [self._value(str(name)) for name in names])
        if chance.random() < 0.03:
            instants = np.arange(1, 4, dtype=np.int64) * 100_000 + t_us
            await self._give(link, "output", instants, [self._value("1") for _ in range(3)])
        if chance.random() < 0.005:
            await link.press("output", "come and see")

    async def _give(
        self, link: Link, names: list[str | int] | str, t: int | NDArray[np.int64], values: list[float]
    ) -> None:
        """Give a batch to the link, and remember it by the number that the outbox gave."""
        seq = await link.send(names, t, values)
        instants = [t] * len(values) if isinstance(t, int) else t.tolist()
        named = [names] * len(values) if isinstance(names, str) else names
        readings = [(self._path(name), at) for name, at in zip(named, instants, strict=True)]
        self.by_seq[seq] = readings
        self.sent |= dict(zip(readings, values, strict=True))
        self._last_us = max(instants)

    def _path(self, name: str | int) -> str:
        return f"works/{self.name}/{DECLARED.get(name, name)}"

    def _value(self, name: str) -> float:
        """Give a value within the band, or for a while one far outside."""
        at = self.world.loop.time()
        if self._chance.random() < 0.02:
            self._bad_until[name] = at + self._chance.uniform(2.0, 60.0)
        middle = BAD if at < self._bad_until.get(name, 0.0) else GOOD
        return round(middle + self._chance.gauss(0.0, 0.5), 3)

    def _on_refused(self, seq: int, refusals: list[dict[str, Any]]) -> None:
        del seq
        self.told_refused += len(refusals)
