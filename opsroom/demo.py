"""`opsroom demo` as one process: a room on a temporary folder and an economy that feeds it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ingest.sim.dynamics import World, make_world
from ingest.sim.feeder import Pace, feed_world
from ingest.sim.scenarios import Scenario
from ingest.sim.tree import economy_toml
from opsroom.access import Passwords
from opsroom.access.desk import PASSWORD
from opsroom.main import Application, build, run
from opsroom.model import Role
from opsroom.seats import Seat
from opsroom.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD_BYTES: Final = 9
CHAIRS: Final = 7
SEATS: Final = CHAIRS + 2
HISTORY_D: Final = 14.0
BUDGET_PER_WEEK: Final = 0.02
"""False alarms a series and week: about one a day of all 430 series."""


class Plan(NamedTuple):
    """What the demo was asked for; `for_s` None runs until it is told to end."""

    port: int
    seed: int
    speed: float
    for_s: float | None
    scenario: Scenario = Scenario.STRIKE


class DemoSeat(NamedTuple):
    """A seat with its password, shown once."""

    person: str
    password: str
    unit: str
    role: Role


class Opened(NamedTuple):
    """What the terminal tells: where, who, what will break, how to listen as the enterprise struck first.

    `tokens` holds one token, by the path of that enterprise.
    """

    url: str
    seats: tuple[DemoSeat, ...]
    tokens: dict[str, str]
    world: World
    folder: Path
    speed: float


def play(plan: Plan, on_ready: Callable[[Opened], None]) -> None:
    """Run the demo until its time is up or it is told to end; nothing stays behind.

    Raises:
        OpsroomError: the room cannot be built or its port is taken.
    """
    import uvloop

    with (
        tempfile.TemporaryDirectory(prefix="opsroom-demo-", ignore_cleanup_errors=True) as name,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_play(plan, Path(name), on_ready))


async def _play(plan: Plan, folder: Path, on_ready: Callable[[Opened], None]) -> None:
    """Join room and economy under one task group."""
    world = make_world(plan.seed, plan.scenario)
    file = folder / "economy.toml"
    file.write_text(economy_toml(world.layout), encoding="utf-8")
    with ThreadPoolExecutor(1) as pool:
        # A hash takes a fifth of a second on purpose: a second core does them while the first builds.
        keys = _keys(pool)
        app = build(settings_of(plan, folder))
        seats = _seats(app, world, keys)
    await app.access.load()
    tokens = await _tokens(app, world)
    first = first_struck(world)
    own = {first: await app.access.make_token(app.room.catalog.unit_at(first).id, first)}
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[Any]] = []

        def end() -> None:
            # The plants leave first, so that they do not try to come back to a room that is closing.
            for task in tasks:
                task.cancel()
            stop.set()

        def ready(url: str) -> None:
            on_ready(Opened(url, seats, own, world, folder, plan.speed))
            ingest_url = url.replace("http", "ws", 1) + "/api/v1/ingest"
            pace = Pace(app.room.clock, plan.speed, HISTORY_D)
            tasks.append(group.create_task(feed_world(world, ingest_url, tokens, folder / "outbox", pace)))
            if plan.for_s is not None:
                loop.call_later(plan.for_s, end)

        try:
            await run(app, on_ready=ready, stop=stop)
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


def settings_of(plan: Plan, folder: Path) -> Settings:
    """Give the settings of the demo: embedded store and log in `folder`, loopback only."""
    return Settings.model_validate(
        {
            "server": {"port": plan.port, "clock": "stream"},
            "store": {"url": f"sqlite:///{folder}/store.db"},
            "log": {"url": f"sqlite:///{folder}/log.db"},
            "room": {"economy": f"{folder}/economy.toml", "budget_per_week": BUDGET_PER_WEEK},
        }
    )


def first_struck(world: World) -> str:
    """Give the path of the enterprise that is struck first; of a calm economy the first haulier."""
    if world.faults:
        return world.faults[0].unit
    first: str = world.layout.enterprises.paths[int(world.layout.trucks[0])]
    return first


def _keys(pool: ThreadPoolExecutor) -> list[tuple[str, Future[str]]]:
    """Draw a password for each seat and have it hashed: (password, hash to come)."""
    passwords = [secrets.token_urlsafe(PASSWORD_BYTES) for _ in range(SEATS)]
    maker = pool.submit(Passwords)

    def hashed(password: str) -> str:
        return maker.result().hashed_now(password)

    return [(one, pool.submit(hashed, one)) for one in passwords]


def _seats(app: Application, world: World, keys: list[tuple[str, Future[str]]]) -> tuple[DemoSeat, ...]:
    """Make seats on three levels: at the enterprise struck first, at its branch, seven chairs at the top.

    Before the room runs, so the rows are written as they are; `access.load()` reads them.
    """
    plant = first_struck(world)
    branch = plant.partition("/")[0]
    wanted = [
        (f"shift-{plant.rpartition('/')[2]}", plant, Role.OPERATOR),
        (f"branch-{branch}", branch, Role.COUNCIL),
        *((f"chair-{number}", "", Role.COUNCIL) for number in range(1, CHAIRS + 1)),
    ]
    rows, seats = app.store.access, []
    for (person, path, role), (password, hashed) in zip(wanted, keys, strict=True):
        seat = rows.put_seat(Seat(0, person, role, app.room.catalog.unit_at(path).id))
        rows.put_credential(seat.id, PASSWORD, hashed.result(), app.room.clock.now())
        seats.append(DemoSeat(person, password, path, role))
    return tuple(seats)


async def _tokens(app: Application, world: World) -> dict[str, str]:
    """Make one token a branch and one for the national statistics."""
    catalog = app.room.catalog
    return {path: await app.access.make_token(catalog.unit_at(path).id, path) for path in world.layout.fed()}
