"""`opsroom bench delay`: from the reading that completes a condition to its alert on a screen."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from opsroom.bench.mix import mixed, names
from opsroom.bench.rig import Rig, room, seat_for, session_cookie, token_for
from opsroom.bench.wire import FRAME_BYTES_MAX, columns_frame, hello, opened, read
from opsroom.clock import wall_now
from opsroom.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


BACKGROUND_SERIES: Final = 1_000
BACKGROUND_PER_S: Final = 10_000
SEEN_S_MAX: Final = 10.0
PAUSE_S: Final = 0.12
INSIDE: Final = 50.0
OUTSIDE: Final = 150.0
PERSON: Final = "bench"
PASSWORD: Final = "bench-only-on-loopback"  # noqa: S105 - a seat of a room that lives for one run


def economy_of(trials: int) -> str:
    """Give an economy file with one unit and `trials` series with a band of 0 to 100."""
    head = '[[unit]]\npath = ""\nname = "Bench"\nlevel = "nation"\n'
    series = "".join(
        f'[[series]]\npath = "trial{n:04d}"\nunit = "%"\nband = [0.0, 100.0]\n' for n in range(trials)
    )
    return head + series


def bench(*, trials: int = 120, done: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Measure `trials` delays beside 10,000 readings/s, each on its own series; gives p50 and p99 in ms.

    A trial is two readings outside a declared band; the clock runs from the sending of the second until
    the alert stands in a frame on a second client.

    Raises:
        StoreError: an alert was not seen within 10 s, or the room did not start.
    """
    import uvloop

    with (
        room(economy=economy_of(trials)) as rig,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        token = token_for(rig)
        seat_for(rig, PERSON, PASSWORD)
        delays_ms, background = runner.run(_measure(rig, token, trials, done))
    row = {
        "background_readings_per_s": round(background),
        "detection": True,
        "trials": len(delays_ms),
        "p50_ms": round(float(np.percentile(delays_ms, 50)), 2),
        "p99_ms": round(float(np.percentile(delays_ms, 99)), 2),
        "max_ms": round(max(delays_ms), 2),
    }
    return {"bench": "delay", "rows": [row]}


async def _measure(rig: Rig, token: str, trials: int, done: Callable[[], None]) -> tuple[list[float], float]:
    """Run background, plant and viewer; give delays (ms) and the background's own rate (readings/s)."""
    stop = asyncio.Event()
    delays: list[float] = []
    async with viewer(rig) as screen, opened(rig.ingest_url, token) as plant:
        await hello(plant, "plant", [f"trial{n:04d}" for n in range(trials)])
        seen: dict[str, float] = {}
        news = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            load = group.create_task(background(rig, token, stop))
            watching = group.create_task(_watch(screen, seen, news))
            acks = group.create_task(_drain(plant))
            await asyncio.sleep(1.0)
            for trial in range(trials):
                delays.append(await _trial(plant, trial, seen, news))
                done()
                await asyncio.sleep(PAUSE_S)
            stop.set()
            rate = await load
            watching.cancel()
            acks.cancel()
    return delays, rate


async def _trial(plant: ClientConnection, trial: int, seen: dict[str, float], news: asyncio.Event) -> float:
    """Send one reading inside and two outside; give the ms from the last to its alert on the screen."""
    for part, value in enumerate((INSIDE, OUTSIDE)):
        await plant.send(_one(trial * 3 + part + 1, trial, value))
        await asyncio.sleep(PAUSE_S)
    started = time.perf_counter()
    await plant.send(_one(trial * 3 + 3, trial, OUTSIDE))
    name = f"trial{trial:04d}"
    try:
        async with asyncio.timeout(SEEN_S_MAX):
            while name not in seen:
                news.clear()
                await news.wait()
    except TimeoutError as error:
        raise StoreError(
            f"No alert of {name} within {SEEN_S_MAX} s.", remedy="Report it.", code="bench_unseen"
        ) from error
    return (seen[name] - started) * 1e3


def _one(seq: int, number: int, value: float) -> bytes:
    """Give a batch of one reading, now."""
    return columns_frame(seq, wall_now() // 1000, [number], np.array([value]))


async def _watch(screen: ClientConnection, seen: dict[str, float], news: asyncio.Event) -> None:
    """Note when each series' alert first stands in a frame."""
    async for frame in screen:
        now = time.perf_counter()
        for alert in read(frame).get("alerts", ()):
            name = alert["series"].rpartition("/")[2]
            if name not in seen:
                seen[name] = now
                news.set()


async def _drain(socket: ClientConnection) -> None:
    """Read acks and alerts so that the room is never pushed back by us."""
    async for _ in socket:
        pass


async def background(rig: Rig, token: str, stop: asyncio.Event) -> float:
    """Send 1,000 series ten times a second from a source of its own; give readings/s."""
    values = mixed(BACKGROUND_SERIES, 1_000)
    numbers = list(range(BACKGROUND_SERIES))
    period_s = BACKGROUND_SERIES / BACKGROUND_PER_S
    async with opened(rig.ingest_url, token) as socket, asyncio.TaskGroup() as group:
        await hello(socket, "background", [f"background/{name}" for name in names(BACKGROUND_SERIES)])
        acks = group.create_task(_drain(socket))
        started = time.perf_counter()
        seq = 0
        while not stop.is_set():
            await socket.send(columns_frame(seq + 1, wall_now() // 1000, numbers, values[seq % len(values)]))
            seq += 1
            await asyncio.sleep(max(0.0, started + seq * period_s - time.perf_counter()))
        rate = seq * BACKGROUND_SERIES / (time.perf_counter() - started)
        acks.cancel()
    return rate


@asynccontextmanager
async def viewer(rig: Rig) -> AsyncIterator[ClientConnection]:
    """Open the live feed as a signed-in council seat and take the first snapshot.

    Raises:
        StoreError: no sign-in, or no snapshot came.
    """
    headers = {"Cookie": await asyncio.to_thread(session_cookie, rig, PERSON, PASSWORD)}
    async with connect(
        rig.feed_url,
        additional_headers=headers,
        origin=Origin(rig.url),
        compression=None,
        max_size=FRAME_BYTES_MAX,
    ) as screen:
        await screen.send(msgspec.json.encode({"type": "subscribe"}).decode())
        first = read(await screen.recv())
        if first["type"] != "snapshot":
            raise StoreError(f"No snapshot: {first}", remedy="Report it.", code="bench_no_snapshot")
        yield screen
