"""The sending process of `opsroom bench ingest`: makes its frames, then measures until the last ack."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Final
from urllib.parse import urlsplit

import msgspec
import numpy as np

from opsroom.bench.mix import mixed, names
from opsroom.bench.wire import Stream, columns_frame, hello, opened, send_full

FORMS: Final = ("columns-1000", "list-100", "single")
SERIES: Final = 1_000
STEP_MS: Final = 1_000
LIST_LENGTH: Final = 100
SINGLE_CONNECTIONS: Final = 200
"""As many as a room has plants."""


def main() -> None:
    """Read the task as JSON from the first argument, send, and print `{readings, seconds, refused}`."""
    import uvloop

    task = json.loads(sys.argv[1])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(send(**task))))


async def send(
    *, url: str, token: str, form: str, readings: int, t_ms: int, step_ms: int = STEP_MS
) -> dict[str, float]:
    """Send `readings` in `form`, the last at about `t_ms`; the seconds run from first frame to last ack.

    Columns come `step_ms` apart.
    """
    if form == FORMS[0]:
        return await _send_columns(url, token, readings, t_ms, step_ms)
    per_frame = LIST_LENGTH if form == FORMS[1] else 1
    connections = 1 if form == FORMS[1] else SINGLE_CONNECTIONS
    return await _send_casual(url, token, readings, t_ms, per_frame, connections)


async def _send_columns(url: str, token: str, readings: int, t_ms: int, step_ms: int) -> dict[str, float]:
    """Send frames of 1,000 series at one instant."""
    instants = readings // SERIES
    values = mixed(SERIES, instants)
    numbers = list(range(SERIES))
    begin = t_ms - instants * step_ms
    frames = [columns_frame(i + 1, begin + i * step_ms, numbers, values[i]) for i in range(instants)]
    async with opened(url, token) as socket:
        welcome = await hello(socket, "bench", names(SERIES))
        started = time.perf_counter()
        refused = await send_full(socket, frames, welcome["credit_bytes"])
        seconds = time.perf_counter() - started
        await socket.send(msgspec.msgpack.encode({"type": "bye"}))
    return {"readings": instants * SERIES, "seconds": seconds, "refused": refused}


async def _send_casual(
    url: str, token: str, readings: int, t_ms: int, per_frame: int, connections: int
) -> dict[str, float]:
    """Send casual JSON, shared out over the connections by series, so that each keeps the order of time."""
    instants = readings // SERIES
    values = mixed(SERIES, instants)
    begin = t_ms - instants * STEP_MS
    shares = np.array_split(np.arange(SERIES), connections)
    series = names(SERIES)
    made = [
        _casual_frames(values[:, share], [series[number] for number in share], begin, per_frame)
        for share in shares
    ]
    streams = [
        await _joined(url, Stream(url, token, frames, instants * len(share)))
        for share, frames in zip(shares, made, strict=True)
    ]
    started = time.perf_counter()
    for stream in streams:
        stream.go()
    await asyncio.gather(*(stream.stored for stream in streams))
    seconds = time.perf_counter() - started
    for stream in streams:
        stream.close()
    return {"readings": instants * SERIES, "seconds": seconds, "refused": 0}


async def _joined(url: str, stream: Stream) -> Stream:
    """Connect one sender and wait until its frames stand ready."""
    at = urlsplit(url)
    assert at.hostname is not None and at.port is not None, "the rig names both"  # noqa: PT018
    await asyncio.get_running_loop().create_connection(lambda: stream, at.hostname, at.port)
    await stream.ready
    return stream


def _casual_frames(values: np.ndarray, series: list[str], begin_ms: int, per_frame: int) -> list[str]:
    """Give frames of `per_frame` casual objects, or of one object each."""
    rows = [
        {"series": name, "value": float(value), "ts": begin_ms + instant * STEP_MS}
        for instant, row in enumerate(values)
        for name, value in zip(series, row, strict=True)
    ]
    if per_frame == 1:
        return [msgspec.json.encode(row).decode() for row in rows]
    return [msgspec.json.encode(rows[i : i + per_frame]).decode() for i in range(0, len(rows), per_frame)]


if __name__ == "__main__":
    main()
