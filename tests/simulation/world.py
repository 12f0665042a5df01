"""The world of one seed: time, disk and network, a room, plants and people, and what is held at the end."""

from __future__ import annotations

import asyncio
import tempfile
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from opsroom.catalog import Catalog
from opsroom.economy import load_economy
from opsroom.log.memory import MemoryLog
from opsroom.simulated import Deadlock, Disk, Network, VirtualLoop
from opsroom.store._memory_outbox import MemoryOutbox
from opsroom.store.memory import MemoryStore
from tests.simulation import judge
from tests.simulation.land import START_US, Plan, people, settings_of
from tests.simulation.mutations import Whole
from tests.simulation.people import Person
from tests.simulation.plant import Plant
from tests.simulation.server import Server
from tests.simulation.trace import Broken, Trace
from tests.simulation.weather import Trouble
from tests.simulation.witness import Witness

SPAN_S: Final = 120.0
SETTLE_S: Final = 120.0
SHM: Final = Path("/dev/shm")  # noqa: S108 - a folder of this run's own is made in it


@dataclass(frozen=True)
class Verdict:
    """What came of a seed; `broken` is None where every invariant held."""

    plan: Plan
    digest: str
    counts: dict[str, int]
    broken: Broken | None

    def again(self) -> str:
        """Give the command that shows this run again."""
        return f"python -m tests.simulation --seed {self.plan.seed} --span-s {self.plan.span_s:g} --told"

    def line(self) -> str:
        """Say it in one line."""
        count = self.counts
        logged = sum(number for what, number in count.items() if what.startswith("log "))
        edges = sum(number for what, number in count.items() if what.startswith("edge "))
        held = "holds" if self.broken is None else f"BROKEN {self.broken}"
        return (
            f"seed {self.plan.seed}: {held}; {self.plan.plants} plants, {count.get('fault', 0)} faults, "
            f"{count.get('room killed', 0)} kills, {logged} records, {edges} edges, "
            f"{count.get('act', 0)} acts, trace {self.digest}"
        )


class World:
    """Everything of one seed."""

    def __init__(self, plan: Plan, loop: VirtualLoop, folder: Path, trace: Trace, broken: Whole) -> None:
        """Make the parts; `run` moves them."""
        self.plan = plan
        self.loop = loop
        self.folder = folder
        self.trace = trace
        self.broken = broken
        self.settings = settings_of(plan, folder)
        self.jump_s = 0.0
        self.is_healed = False
        self.found: Broken | None = None
        self.witness = Witness(self.settings, trace, loop.time)
        self.disk = Disk(plan.chance("disk"))
        self.medium: MemoryLog = broken.medium()
        self.network = Network(plan.chance("network"), self._told, _movable)
        store = MemoryStore()
        store.journal = store.catalog = broken.journal(self.witness)
        store.outbox = MemoryOutbox(store.journal.news)
        tree = Catalog()
        for change in load_economy(self.settings.room.economy, tree):
            tree.apply(change)
        units = {unit.path: unit.id for unit in tree.units.values()}
        self.units = units
        self.seats = people(store, plan, units)
        self.server = Server(self, store)
        self.plants = {name: Plant(self, name) for name in plan.names}
        for name in plan.names:
            weather = self.network.of(name)
            weather.repeats, weather.reorders = plan.repeats, plan.reorders
        self._epochs: dict[str, int] = {}
        self._failed = asyncio.Event()
        loop.set_exception_handler(self._unheard)

    # -- time and notes ----------------------------------------------------------------------------

    def wall_ns(self) -> int:
        """Give the wall clock of the room's machine, which somebody may set."""
        return START_US * 1000 + self.loop.time_ns() + round(self.jump_s * 1e9)

    def wall_us(self) -> int:
        """Give the same in microseconds."""
        return self.wall_ns() // 1000

    def note(self, what: str, detail: str | bytes = "") -> None:
        """Put something into the trace."""
        self.trace.note(self.loop.time(), what, detail)

    def _told(self, plant: str, by_room: bool, frame: str | bytes) -> None:
        """Hear a frame when it is written; an ack is a promise from then on."""
        self.note(f"{'to' if by_room else 'from'} {plant}", frame)
        if not by_room or isinstance(frame, str):
            return
        message = msgspec.msgpack.decode(frame)
        if message["type"] == "welcome":
            self._epochs[plant] = message["epoch"]
        if message["type"] in {"welcome", "ack"}:
            source = f"{self.units[f'works/{plant}']}:{plant}"
            self.guard(
                lambda: self.witness.acked(source, self._epochs[plant], message["stored_seq"], self.medium)
            )

    def guard(self, call: Callable[[], None]) -> None:
        """Keep what a check finds, from where it must not travel further."""
        try:
            call()
        except Broken as broken:
            self.fail(broken)

    def fail(self, broken: Broken) -> None:
        """Keep the first broken invariant and end the run."""
        self.found = self.found or broken
        self._failed.set()

    def _unheard(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Name what reached nobody but the loop, such as an error that no one fetched."""
        self.fail(Broken("unforeseen error", f"{context['message']}: {context.get('exception')!r}"))

    async def guarded(self, life: Coroutine[Any, Any, None]) -> None:
        """Run a life; an error that nobody foresaw ends the run, named."""
        try:
            await life
        except BaseExceptionGroup as group:
            self.fail(_first(group))
        except Broken as broken:
            self.fail(broken)
        except Exception as error:  # noqa: BLE001
            # Whatever a process dies of is what the simulation is for.
            self.fail(_first(error))

    # -- the run -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live through the plan's span with its faults, heal, settle, and hold what is left."""
        async with asyncio.TaskGroup() as group:
            story = group.create_task(self.guarded(self._story(group)))
            failed = group.create_task(self._failed.wait())
            await asyncio.wait([story, failed], return_when=asyncio.FIRST_COMPLETED)
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()

    async def _story(self, group: asyncio.TaskGroup) -> None:
        self.server.start(group)
        for plant in self.plants.values():
            plant.start(group)
        for seat in self.seats.values():
            group.create_task(self.guarded(Person(self, seat).live()))
        trouble = Trouble(self, group)
        await trouble.bring()
        self.is_healed = True
        trouble.heal()
        self.note("healed")
        await self._settle(group, trouble)
        judge.judge(self)
        await self._restart_once_more(group)
        judge.judge(self)

    async def _settle(self, group: asyncio.TaskGroup, trouble: Trouble) -> None:
        """Start what is dead and wait until everything is stored and level."""
        try:
            async with asyncio.timeout(SETTLE_S):
                await asyncio.sleep(30.0)  # faults that were under way end by themselves
                trouble.heal()
                if not self.server.is_alive:
                    self.server.start(group)
                for plant in self.plants.values():
                    plant.leave()
                await self._until(
                    lambda: all(one.is_done for one in self.plants.values()) and self._is_level()
                )
        except TimeoutError:
            waiting = {name: plant.is_done for name, plant in self.plants.items()}
            raise Broken("did not settle", f"plants done: {waiting}, level: {self._is_level()}") from None
        await self._commit()

    @staticmethod
    async def _until(reached: Callable[[], bool]) -> None:
        while not reached():  # noqa: ASYNC110 - links have no event for it, and this time costs nothing
            await asyncio.sleep(0.5)

    async def _commit(self) -> None:
        """Wait until all that the room has applied is committed: what just fell due stands nowhere before."""
        room = self.server.room
        assert room is not None, "it is level"
        while True:
            offset = room.offset
            await room.reached(offset)
            if room.offset == offset:
                return

    def _is_level(self) -> bool:
        room = self.server.room
        return room is not None and room.offset >= self.medium.last_offset - 1

    async def _restart_once_more(self, group: asyncio.TaskGroup) -> None:
        """Kill the healed room: what it comes back with must be what it had."""
        self.server.kill()
        self.broken.restarted(self)
        await self.server.wait_ended()
        self.server.start(group)
        try:
            async with asyncio.timeout(SETTLE_S):
                await self._until(self._is_level)
        except TimeoutError:
            raise Broken("did not settle", "the room did not come back") from None
        await self._commit()


def _first(error: BaseException) -> Broken:
    """Give the broken invariant inside a group of errors, or name the first of them."""
    if isinstance(error, BaseExceptionGroup):
        found = [_first(one) for one in error.exceptions]
        return next((one for one in found if one.name != "unforeseen error"), found[0])
    if isinstance(error, Broken):
        return error
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return Broken("unforeseen error", f"{error!r} at {where}")


def _movable(frame: str | bytes) -> bool:
    """Say whether a bad network may repeat or reorder a frame: those that carry a number of their own."""
    return isinstance(frame, bytes) and (
        b"\xa4type\xa5batch" in frame[:16] or b"\xa4type\xa3ack" in frame[:16]
    )


def simulate(
    seed: int, *, span_s: float = SPAN_S, broken: Whole | None = None, told: bool = False
) -> Verdict:
    """Run one seed from the first record to the last check."""
    plan = Plan.of(seed, span_s)
    trace = Trace(told=told)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[_swallow])
    loop = VirtualLoop()
    base = SHM if SHM.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="opsroom-simulation-", dir=base) as folder:
        try:
            world = World(plan, loop, Path(folder), trace, broken or Whole())
            try:
                loop.run_until_complete(world.run())
            except Deadlock as error:
                world.fail(Broken("did not settle", str(error)))
        finally:
            loop.close()
    return Verdict(plan, trace.digest, dict(trace.counts), world.found)


def _swallow(_logger: object, _name: str, _event: structlog.typing.EventDict) -> str:
    """Say nothing: a room that is killed a hundred times has much to log."""
    raise structlog.DropEvent
