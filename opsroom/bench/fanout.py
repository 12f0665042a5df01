"""`opsroom bench fanout`: many screens on one room, some of which read nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opsroom.bench.rig import Rig, room, seat_for, session_cookie, token_for
from opsroom.bench.viewers import OPEN, Task
from opsroom.bench.wire import columns_frame, hello, opened
from opsroom.clock import wall_now
from opsroom.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from websockets.asyncio.client import ClientConnection

SERIES: Final = 200
STEPS_A_SECOND: Final = 2
"""Half of the series move in each: a value of every series a second."""
LEVEL: Final = 100.0
SEED: Final = 7
WARM_S: Final = 5.0
PERSON: Final = "bench"
PASSWORD: Final = "bench-only-on-loopback"  # noqa: S105 - a seat of a room that lives for one run
STOPPED_SHARE: Final = 0.1


def bench(
    *,
    viewers: int = 500,
    seconds: int = 20,
    stopped: bool = True,
    done: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Let `viewers` screens follow 200 series of one value a second each, over the protocol.

    Rows, the second one with `stopped`, in which a tenth as many more never read: `viewers`, `stopped`,
    `server_cores` (CPU seconds a second, without the share for taking the readings, which is measured first
    without any screen), `p50_ms`, `p95_ms`, `p99_ms` from sending a reading until it stands in a frame,
    `frames_per_s` and `bytes_per_s` to all screens, `closed` screens.

    Raises:
        StoreError: the room did not start or did not let them in.
    """
    import uvloop

    rows = []
    for still in (0, round(viewers * STOPPED_SHARE)) if stopped else (0,):
        with room() as rig, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            token = token_for(rig)
            seat_for(rig, PERSON, PASSWORD)
            rows.append(runner.run(_measure(rig, token, viewers, still, seconds)))
        done(f"{still} stopped")
    return {"bench": "fanout", "series": SERIES, "rows": rows}


async def _measure(rig: Rig, token: str, viewers: int, stopped: int, seconds: int) -> dict[str, Any]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(feed(rig, token, stop))
        await asyncio.sleep(WARM_S)
        alone = await _cores(rig, seconds / 2)
        cookie = await asyncio.to_thread(session_cookie, rig, PERSON, PASSWORD)
        task = Task(rig.feed_url, rig.url, cookie, viewers, stopped, WARM_S, float(seconds))
        async with screens(task) as following:
            await asyncio.sleep(WARM_S + seconds / 4)
            cores = await _cores(rig, seconds / 2)
            seen = await following()
        stop.set()
    return {
        "viewers": viewers,
        "stopped": stopped,
        "server_cores": round(cores - alone, 3),
        "without_screens_cores": round(alone, 3),
        **seen,
    }


async def _cores(rig: Rig, seconds: float) -> float:
    """Give the CPU seconds a second that the room takes."""
    before, started = rig.cpu_s(), time.monotonic()
    await asyncio.sleep(seconds)
    return (rig.cpu_s() - before) / (time.monotonic() - started)


@asynccontextmanager
async def screens(task: Task) -> AsyncIterator[Callable[[], Awaitable[dict[str, Any]]]]:
    """Run the screens in a process of their own; gives, once all are open, what waits for what they saw."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "opsroom.bench.viewers", json.dumps(task), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    out = process.stdout
    try:
        if (await out.readline()).strip() != OPEN.encode():
            raise StoreError("The screens were not let in.", remedy="Look at what they printed.")

        async def seen() -> dict[str, Any]:
            told: dict[str, Any] = json.loads(await out.readline())
            return told

        yield seen
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def feed(rig: Rig, token: str, stop: asyncio.Event) -> None:
    """Send every series once a second, half of them at a time; what time a value is of is when it was sent.

    The values are noise about a level: what raises alerts is another load.
    """
    chance = np.random.default_rng(SEED)
    halves = [list(range(part, SERIES, STEPS_A_SECOND)) for part in range(STEPS_A_SECOND)]
    async with opened(rig.ingest_url, token) as socket, asyncio.TaskGroup() as group:
        await hello(socket, "bench", [f"s{number:03d}" for number in range(SERIES)])
        acks = group.create_task(_drained(socket))
        started, seq = time.monotonic(), 0
        while not stop.is_set():
            half = halves[seq % STEPS_A_SECOND]
            seq += 1
            now_us = wall_now()
            await socket.send(columns_frame(seq, now_us // 1000, half, chance.normal(LEVEL, 1.0, len(half))))
            await asyncio.sleep(max(0.0, started + seq / STEPS_A_SECOND - time.monotonic()))
        acks.cancel()


async def _drained(socket: ClientConnection) -> None:
    """Read acks, so that the room is never pushed back by us."""
    async for _ in socket:
        pass
