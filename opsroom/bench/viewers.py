"""The screens of `opsroom bench fanout`, in a process of their own: what they read, and how late."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from opsroom.bench.wire import FRAME_BYTES_MAX
from opsroom.clock import wall_now

READ_EVERY: Final = 20
"""Screens of which one reads its frames; the others only count them: their time is not the room's."""
OPEN: Final = "open"
SUBSCRIBE: Final = msgspec.json.encode({"type": "subscribe"}).decode()


class Task(NamedTuple):
    """Where to look, how many look, how many more never read; when to begin counting and for how long."""

    url: str
    origin: str
    cookie: str
    viewers: int
    stopped: int
    warm_s: float
    seconds: float


class Seen:
    """What came, from the moment counting begins."""

    def __init__(self, begin: float) -> None:
        """Count from `begin` (monotonic s) on."""
        self.begin = begin
        self.frames = self.bytes = self.closed = 0
        self.late_ms: list[float] = []

    def take(self, frame: str | bytes, *, read: bool) -> None:
        """Take a frame; where it is read, note how old its newest value is."""
        if time.monotonic() < self.begin:
            return
        self.frames += 1
        self.bytes += len(frame)
        if read:
            now_ms = wall_now() / 1e3
            values = msgspec.json.decode(frame).get("values") or {}
            newest = max((row[0] for row in values.values() if row[0] is not None), default=None)
            if newest is not None:
                self.late_ms.append(now_ms - newest)


def main() -> None:
    """Read the task as JSON from the first argument, look, and print what was seen."""
    import uvloop

    task = Task(*json.loads(sys.argv[1]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(look(task))))


async def look(task: Task) -> dict[str, Any]:
    """Open all screens, say so with a line `OPEN`, follow them; gives delays, rates, how many were closed."""
    async with asyncio.TaskGroup() as group:
        opening = [group.create_task(_opened(task)) for _ in range(task.viewers + task.stopped)]
    sockets = [one.result() for one in opening]
    print(OPEN, flush=True)
    seen = Seen(time.monotonic() + task.warm_s)
    async with asyncio.TaskGroup() as group:
        reading = [
            group.create_task(_follow(socket, seen, read=number % READ_EVERY == 0))
            for number, socket in enumerate(sockets[: task.viewers])
        ]
        await asyncio.sleep(task.warm_s + task.seconds)
        for one in reading:
            one.cancel()
    for socket in sockets:
        socket.transport.abort()  # five hundred polite farewells measure nothing
    return {
        **{f"p{share}_ms": round(float(np.percentile(seen.late_ms, share)), 2) for share in (50, 95, 99)},
        "frames_per_s": round(seen.frames / task.seconds),
        "bytes_per_s": round(seen.bytes / task.seconds),
        "closed": seen.closed,
    }


async def _opened(task: Task) -> ClientConnection:
    """Open a screen and take everything the seat may see."""
    socket = await connect(
        task.url,
        additional_headers={"Cookie": task.cookie},
        origin=Origin(task.origin),
        compression=None,
        max_size=FRAME_BYTES_MAX,
        open_timeout=60,
    )
    await socket.send(SUBSCRIBE)
    await socket.recv()
    return socket


async def _follow(socket: ClientConnection, seen: Seen, *, read: bool) -> None:
    try:
        async for frame in socket:
            seen.take(frame, read=read)
    except ConnectionClosed:
        seen.closed += 1


if __name__ == "__main__":
    main()
