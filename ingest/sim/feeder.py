"""The simulated economy on the wire: one link an enterprise and one an office, the client of real plants."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from ingest.link import Link, SeriesDeclared
from ingest.sim.dynamics import State, World, start, step
from ingest.sim.notes import answer, delay_s
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from opsroom.clock import Clock

PERIOD_S: Final = 1.0
HISTORY_S: Final = 3600.0
ANSWERING_SHARE: Final = 3
HISTORY_ROUNDS: Final = 600
ANSWERS_MAX: Final = 64
MICROS_PER_MS: Final = 1_000
NATIONAL: Final = "national-statistics"


class Pace(NamedTuple):
    """When readings are taken: `clock` dates them, a round every `period_s`, after `history_s` of past."""

    clock: Clock
    period_s: float = PERIOD_S
    history_s: float = HISTORY_S


class Past(NamedTuple):
    """What was before the live start: times (int64 us, n) and values (float64, n x G)."""

    t: np.ndarray
    values: np.ndarray


def lived(world: World, now: int, pace: Pace) -> tuple[State, Past]:
    """Run the past up to `now` (us), which knows no faults; gives the state and the readings."""
    rounds = int(pace.history_s / pace.period_s)
    period_us = round(pace.period_s * MICROS_PER_S)
    state = start(world, now - rounds * period_us, history_s=rounds * pace.period_s * world.speed)
    times = state.at + period_us * np.arange(1, rounds + 1, dtype=np.int64)
    values = np.empty((rounds, len(world.layout.gauges)))
    for row, t in enumerate(times.tolist()):
        state, values[row] = step(world, state, t)
    return state, Past(times, values)


async def feed_world(
    world: World,
    url: str,
    tokens: Mapping[str, str],
    outbox_folder: Path | None,
    pace: Pace,
    *,
    on_round: Callable[[list[Link]], None] = lambda _: None,
) -> None:
    """Feed the room at `url` for ever: first the past as historical readings, then a round every period.

    `tokens` holds a token for every feeder by its path (enterprises, branches, "" for the nation); what a
    feeder without token would send is left out. `on_round` is called with the links after each round.

    Raises:
        LinkError: the room will not take one of the senders.
    """
    feeders = {path: gauges for path, gauges in world.layout.fed().items() if path in tokens}
    async with AsyncExitStack() as stack:
        links: dict[str, Link] = {}
        for path, gauges in feeders.items():
            source = path.rpartition("/")[2] or NATIONAL
            outbox = outbox_folder / f"{source}.outbox" if outbox_folder else None
            link = Link(url, source, tokens[path], outbox, clock=pace.clock)
            links[path] = await stack.enter_async_context(link)
            await link.declare(_declared(world, gauges, pace.period_s))
        state = await _send_past(world, links, feeders, pace)
        async with asyncio.TaskGroup() as group:
            for number, (path, gauges) in enumerate(feeders.items()):
                if path == _first_struck(world) or (number + world.seed) % ANSWERING_SHARE:
                    # An office hears of the plants below it too, and leaves them to answer for themselves.
                    own = frozenset(world.layout.owners[gauge] for gauge in gauges)
                    group.create_task(_answer(world, links[path], own, state, pace))
            await _live(world, links, feeders, state, pace, on_round)


def _declared(world: World, gauges: np.ndarray, period_s: float) -> list[SeriesDeclared]:
    """Declare the series of one feeder."""
    layout = world.layout
    return [
        SeriesDeclared(layout.names[gauge], unit=layout.gauges[gauge].unit, period_s=period_s)
        for gauge in gauges
    ]


async def _send_past(
    world: World, links: Mapping[str, Link], feeders: Mapping[str, np.ndarray], pace: Pace
) -> State:
    """Send the past as historical readings, in slices of ten minutes a series; gives the state at its end."""
    state, past = await asyncio.to_thread(lived, world, pace.clock.now(), pace)
    for path, gauges in feeders.items():
        for begin in range(0, len(past.t), HISTORY_ROUNDS):
            cut = slice(begin, begin + HISTORY_ROUNDS)
            for gauge in gauges:
                name = world.layout.names[gauge]
                await links[path].send(name, past.t[cut], past.values[cut, gauge], historical=True)
            await asyncio.sleep(0)
    for link in links.values():
        await link.flush()
    # Faults count from the first live reading, however long the past took to send.
    return state._replace(at=pace.clock.now(), elapsed_s=0.0)


async def _live(
    world: World,
    links: Mapping[str, Link],
    feeders: Mapping[str, np.ndarray],
    state: State,
    pace: Pace,
    on_round: Callable[[list[Link]], None],
) -> None:
    """Send a round every period, on the beat however long a round takes."""
    began, rounds = pace.clock.monotonic(), 0
    names = {path: [world.layout.names[gauge] for gauge in gauges] for path, gauges in feeders.items()}
    while True:
        now = pace.clock.now()
        state, values = step(world, state, now)
        for path, gauges in feeders.items():
            given = np.flatnonzero(~np.isnan(values[gauges]))
            if len(given):
                await links[path].send([names[path][k] for k in given], now, values[gauges[given]])
        on_round(list(links.values()))
        rounds += 1
        await asyncio.sleep(max(0.0, began + rounds * pace.period_s - pace.clock.monotonic()))


async def _answer(world: World, link: Link, own: frozenset[str], began: State, pace: Pace) -> None:
    """Answer each alert of the `own` units once, some seconds after it came, with a note on its recovery."""
    answered: dict[str, None] = {}
    async for message in link.alerts():
        if message["type"] != "alert" or message["id"] in answered or message["unit"] not in own:
            continue
        answered[message["id"]] = None
        while len(answered) > ANSWERS_MAX:
            answered.pop(next(iter(answered)))
        await asyncio.sleep(delay_s(message["series"]))
        now = pace.clock.now()
        elapsed_s = (now - began.at) / MICROS_PER_S * world.speed
        text, until_s = answer(world.faults, elapsed_s, message["series"])
        until_ms = None
        if until_s is not None:
            until_ms = round((now + (until_s - elapsed_s) / world.speed * MICROS_PER_S) / MICROS_PER_MS)
        await link.recovering(message["id"], text, until_ms)


def _first_struck(world: World) -> str | None:
    """Give the enterprise that the first fault strikes, so that somebody answers in any case."""
    return world.faults[0].plants[0].rpartition("/")[0] if world.faults else None
