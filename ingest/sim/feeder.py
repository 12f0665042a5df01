"""The simulated economy on the wire: one link a branch and one of the nation, the client of real plants.

Readings carry the time of the simulation, so the room runs on the stream's clock.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from ingest.link import Link, SeriesDeclared
from ingest.sim.dynamics import PERIOD_S, State, World, start, step
from ingest.sim.notes import answer, answers, delay_s
from ingest.sim.scenarios import START_US
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from opsroom.clock import Clock

HISTORY_D: Final = 14.0
DAY_ROUNDS: Final = 144
BATCH_READINGS: Final = 32_768
ANSWERED_MAX: Final = 1_024
ANSWERS_AT_ONCE: Final = 64
BACKLOG_BYTES: Final = 4 << 20
MICROS_PER_MS: Final = 1_000
NATIONAL: Final = "national-statistics"


class Pace(NamedTuple):
    """How fast: `speed` simulated seconds a second, None as the room takes it.

    `history_d` days of past come first; `days` None goes on for ever.
    """

    clock: Clock
    speed: float | None
    history_d: float = HISTORY_D
    days: float | None = None


class Past(NamedTuple):
    """What was before the live start: times (int64 us, n) and values (float64, n x G), NaN where not due."""

    t: np.ndarray
    values: np.ndarray


@dataclass
class Course:
    """What the feed has come to, and what it was told: `pooled` from the room's first decision on."""

    elapsed_s: float = 0.0
    at: int = START_US
    readings: int = 0
    rounds: int = 0
    late_s: float = 0.0
    pooled: bool = False
    links: list[Link] = field(default_factory=list)


def rounds(world: World, state: State, count: int) -> tuple[State, Past]:
    """Take so many steps; gives the state after them and what was read."""
    t = np.empty(count, np.int64)
    values = np.empty((count, len(world.layout.gauges.gauges)))
    for row in range(count):
        state, values[row] = step(world, state)
        t[row] = state.at
    return state, Past(t, values)


def lived(world: World, days: float) -> tuple[State, Past]:
    """Run the past, which knows no faults, up to the live start; gives the state and the readings."""
    return rounds(world, start(world, days=days), round(days * 86_400.0 / PERIOD_S))


async def feed_world(
    world: World,
    url: str,
    tokens: Mapping[str, str],
    outbox_folder: Path | None,
    pace: Pace,
    *,
    on_round: Callable[[Course], None] = lambda _: None,
) -> Course:
    """Feed the room at `url`: the past as historical readings, then a round every ten simulated minutes.

    `tokens` holds tokens by the path of their unit: one a branch and "" for the nation, or "" alone, which
    then speaks for all. `on_round` is called after each round.

    Raises:
        LinkError: the room will not take one of the senders.
    """
    feeders = {
        path: gauges
        for path, gauges in world.layout.fed().items()
        if len(gauges) and (path in tokens or "" in tokens)
    }
    course = Course()
    async with AsyncExitStack() as stack:
        links: dict[str, Link] = {}
        for path, gauges in feeders.items():
            source = path or NATIONAL
            outbox = outbox_folder / f"{source}.outbox" if outbox_folder else None
            token = tokens.get(path) or tokens[""]
            link = Link(url, source, token, outbox, clock=pace.clock, backlog_bytes=BACKLOG_BYTES)
            links[path] = await stack.enter_async_context(link)
            await link.declare(_declared(world, gauges, path if path in tokens else ""))
        course.links = list(links.values())
        state = await _send_past(world, links, feeders, pace)
        async with asyncio.TaskGroup() as group:
            hearing = [group.create_task(_hear(world, links[path], path, course)) for path in feeders]
            try:
                await _live(world, links, feeders, state, pace, course, on_round)
            finally:
                for task in hearing:
                    task.cancel()
    return course


def _declared(world: World, gauges: np.ndarray, base: str) -> list[SeriesDeclared]:
    """Declare the series of one feeder by number; names are relative to the unit of its token."""
    known = world.layout.gauges
    return [
        SeriesDeclared(
            known.paths[gauge].removeprefix(f"{base}/" if base else ""),
            id=gauge,
            unit=known.gauges[gauge].unit,
            period_s=known.gauges[gauge].period_s,
        )
        for gauge in gauges.tolist()
    ]


async def _send_past(
    world: World, links: Mapping[str, Link], feeders: Mapping[str, np.ndarray], pace: Pace
) -> State:
    """Send the past as historical readings; gives the state at its end."""
    state = await asyncio.to_thread(start, world, days=pace.history_d)
    left = round(pace.history_d * 86_400.0 / PERIOD_S)
    while left:
        # A day at a time: a thread cannot be interrupted, and whoever ends the feed should not wait for it.
        count = min(DAY_ROUNDS, left)
        state, past = await asyncio.to_thread(rounds, world, state, count)
        left -= count
        row, gauge = np.nonzero(~np.isnan(past.values))
        for path, gauges in feeders.items():
            own = np.isin(gauge, gauges)
            names, at = gauge[own], row[own]
            for begin in range(0, len(names), BATCH_READINGS):
                cut = slice(begin, begin + BATCH_READINGS)
                values = past.values[at[cut], names[cut]]
                await links[path].send(names[cut].tolist(), past.t[at[cut]], values, historical=True)
    for link in links.values():
        await link.flush()
    return state


async def _live(
    world: World,
    links: Mapping[str, Link],
    feeders: Mapping[str, np.ndarray],
    state: State,
    pace: Pace,
    course: Course,
    on_round: Callable[[Course], None],
) -> None:
    """Send a round every ten simulated minutes, on the beat however long a round takes."""
    began = pace.clock.monotonic()
    while pace.days is None or course.elapsed_s < pace.days * 86_400.0:
        if course.pooled and not state.pooled:
            state = state._replace(pooled=True)
        state, values = step(world, state)
        good = ~np.isnan(values)
        for path, gauges in feeders.items():
            given = gauges[good[gauges]]
            if len(given):
                await links[path].send(given.tolist(), state.at, values[given])
                course.readings += len(given)
        course.rounds += 1
        course.elapsed_s, course.at = state.elapsed_s, state.at
        on_round(course)
        if pace.speed is None:
            await asyncio.sleep(0)
            continue
        course.late_s = pace.clock.monotonic() - began - course.rounds * PERIOD_S / pace.speed
        await asyncio.sleep(max(0.0, -course.late_s))
    for link in links.values():
        await link.flush()


async def _hear(world: World, link: Link, feeder: str, course: Course) -> None:
    """Answer each alert of the feeder's units once, some seconds after it; a decision pools the lorries."""
    answered: dict[str, None] = {}
    slots = asyncio.Semaphore(ANSWERS_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        async for message in link.alerts():
            if message["type"] == "decision":
                course.pooled = True
                continue
            unit = message.get("unit", "")
            mine = unit.partition("/")[0] == feeder
            if message["type"] != "alert" or not mine or message["id"] in answered or not answers(unit):
                continue
            answered[message["id"]] = None
            while len(answered) > ANSWERED_MAX:
                answered.pop(next(iter(answered)))
            await slots.acquire()
            task = group.create_task(_answer(world, link, message, course))
            task.add_done_callback(lambda _: slots.release())


async def _answer(world: World, link: Link, message: dict[str, Any], course: Course) -> None:
    """Write the note of one unit on its alert, after the time it takes there."""
    series = message["series"]
    await asyncio.sleep(delay_s(series))
    text, until_s = answer(world.faults, course.elapsed_s, series)
    until_ms = None
    if until_s is not None:
        until_ms = round((START_US + until_s * MICROS_PER_S) / MICROS_PER_MS)
    await link.recovering(message["id"], text, until_ms)
