"""`opsroom bench fanout`: many screens on one room, some of which read nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opsroom.bench.rig import Rig, room, seat_for, session_cookie, token_for
from opsroom.bench.viewers import Task
from opsroom.bench.wire import columns_frame, hello, opened
from opsroom.clock import wall_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.asyncio.client import ClientConnection

SERIES: Final = 200
STEPS_A_SECOND: Final = 2
"""Half of the series move in each: a value of every series a second."""
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
        group.create_task(_feed(rig, token, stop))
        await asyncio.sleep(WARM_S)
        alone = await _cores(rig, seconds / 2)
        cookie = await asyncio.to_thread(session_cookie, rig, PERSON, PASSWORD)
        task = Task(rig.feed_url, rig.url, cookie, viewers, stopped, WARM_S, float(seconds))
        watching = group.create_task(asyncio.to_thread(_viewers, task))
        await asyncio.sleep(WARM_S + seconds / 4)  # by then all of them are there
        cores = await _cores(rig, seconds / 2)
        seen = await watching
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


def _viewers(task: Task) -> dict[str, Any]:
    """Run the screens in a process of their own."""
    ran = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "opsroom.bench.viewers", json.dumps(task)],
        capture_output=True,
        text=True,
        check=True,
    )
    seen: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return seen


async def _feed(rig: Rig, token: str, stop: asyncio.Event) -> None:
    """Send every series once a second, half of them at a time; a value is the moment it was sent (s)."""
    halves = [list(range(part, SERIES, STEPS_A_SECOND)) for part in range(STEPS_A_SECOND)]
    async with opened(rig.ingest_url, token) as socket, asyncio.TaskGroup() as group:
        await hello(socket, "bench", [f"s{number:03d}" for number in range(SERIES)])
        acks = group.create_task(_drained(socket))
        started, seq = time.monotonic(), 0
        while not stop.is_set():
            half = halves[seq % STEPS_A_SECOND]
            seq += 1
            now_us = wall_now()
            await socket.send(columns_frame(seq, now_us // 1000, half, np.full(len(half), now_us / 1e6)))
            await asyncio.sleep(max(0.0, started + seq / STEPS_A_SECOND - time.monotonic()))
        acks.cancel()


async def _drained(socket: ClientConnection) -> None:
    """Read acks, so that the room is never pushed back by us."""
    async for _ in socket:
        pass
