"""A room on a disk whose flushes take half a second: how long an acknowledgement takes then."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from opsroom.clock import wall_now
from tests.assembled.town import Works, town, works
from tests.faults.disks import slow_flushes

DELAY_US = 500_000
EVERY_S = 0.02
ACK_P99_S = 2.0


async def acks(dam: Works, batches: int) -> list[float]:
    """Send a batch every 20 ms without waiting; give the seconds from each to its acknowledgement."""
    sent: list[float] = []
    first, start = dam.seq + 1, len(dam.heard.came)
    at = wall_now() // 1000
    for number in range(batches):
        dam.seq += 1
        sent.append(time.monotonic())
        await dam.say(type="batch", seq=dam.seq, s="output", t=at + number, v=[50.0])
        await asyncio.sleep(EVERY_S)
    last = dam.seq
    await dam.heard.until(lambda f: f["type"] == "ack" and f["stored_seq"] >= last, within_s=30, start=start)
    took: list[float] = []
    for came, frame in dam.heard.came[start:]:
        if frame["type"] == "ack":
            took += [came - sent[len(took) + k] for k in range(frame["stored_seq"] - first + 1 - len(took))]
    return took


def slow_disk(folder: Path, *, seconds: float) -> dict[str, Any]:
    """Send for `seconds` to a room under strace; give what acknowledgements took."""

    async def story() -> tuple[list[float], int, int | None]:
        async with works(server) as dam:
            took = await acks(dam, round(seconds / EVERY_S))
            frames = sum(frame["type"] == "ack" for _, frame in dam.heard.came)
            return took, frames, dam.heard.closed

    with town(folder, None, prefix=slow_flushes(DELAY_US)) as server:
        took, frames, closed = asyncio.run(story())
    took.sort()
    return {
        "flush_delay_ms": DELAY_US // 1000,
        "batches": len(took),
        "acks": frames,
        "ack_p50_ms": round(took[len(took) // 2] * 1e3),
        "ack_p99_ms": round(took[len(took) * 99 // 100] * 1e3),
        "closed": closed,
    }
