"""`opsroom bench soak`: a room at work for long, and what it takes more and more of."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opsroom.bench.delay import PASSWORD, PERSON, background, viewer
from opsroom.bench.rig import Rig, room, seat_for, token_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.asyncio.client import ClientConnection

SAMPLE_S: Final = 5.0
WARM_SHARE: Final = 1 / 3
"""The first third is not judged: caches and heads of chunks fill."""


def bench(*, minutes: float = 60.0, done: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Send 10,000 readings/s through detection for `minutes` beside an open screen, sampling every 5 s.

    Row: `minutes`, `readings_per_s`, `rss_mb_first` and `rss_mb_last` (medians of the sixths at both ends of
    what is judged), `rss_mb_per_hour` (slope of a straight line), `descriptors_first` and
    `descriptors_last` (the least of the same), `frames` that the screen got.
    """
    import uvloop

    with room() as rig, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        token = token_for(rig)
        seat_for(rig, PERSON, PASSWORD)
        row = runner.run(_run(rig, token, minutes * 60.0, done))
    return {"bench": "soak", "rows": [{"minutes": minutes, **row}]}


async def _run(rig: Rig, token: str, seconds: float, done: Callable[[str], None]) -> dict[str, Any]:
    stop, samples, frames = asyncio.Event(), [], [0]
    async with viewer(rig) as screen, asyncio.TaskGroup() as group:
        load = group.create_task(background(rig, token, stop))
        watching = group.create_task(_counted(screen, frames))
        started = time.monotonic()
        while (passed := time.monotonic() - started) < seconds:
            samples.append((passed, _rss_mb(rig.process.pid), _descriptors(rig.process.pid)))
            done(f"{samples[-1][1]:.0f} MB")
            await asyncio.sleep(min(SAMPLE_S, seconds - passed))
        stop.set()
        rate = await load
        watching.cancel()
    return {"readings_per_s": round(rate), **judged(np.array(samples)), "frames": frames[0]}


def judged(samples: np.ndarray) -> dict[str, Any]:
    """Give the figures of samples (s, MB, descriptors), shape [n, 3]."""
    later = samples[int(len(samples) * WARM_SHARE) :]
    sixth = max(1, len(later) // 6)
    slope = np.polyfit(later[:, 0] / 3600.0, later[:, 1], 1)[0] if len(later) > 1 else 0.0
    return {
        "rss_mb_first": round(float(np.median(later[:sixth, 1])), 1),
        "rss_mb_last": round(float(np.median(later[-sixth:, 1])), 1),
        "rss_mb_per_hour": round(float(slope), 2),
        # The least of some: a flush or a reader opens one for a moment, what leaks stays.
        "descriptors_first": int(later[:sixth, 2].min()),
        "descriptors_last": int(later[-sixth:, 2].min()),
    }


async def _counted(screen: ClientConnection, frames: list[int]) -> None:
    async for _ in screen:
        frames[0] += 1


def _rss_mb(pid: int) -> float:
    """Give the resident memory of a process in MB (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


def _descriptors(pid: int) -> int:
    """Count the descriptors that a process has open (Linux)."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
