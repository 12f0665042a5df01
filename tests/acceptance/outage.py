"""The client library while its server is away: what it keeps, how soon it is back, how fast it drains."""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest import AsyncPlant, Warned
from tests.acceptance.mill import Mill, mill
from tests.acceptance.rows import Outcome

RATE = 50.0
AWAY_S = 60.0
AROUND_S = 5.0
RESUMED_S = 2.0
TIMES = 3.0
SMALL_CAP = 32 << 10
POLL_S = 0.01
T0_MS = 1_700_000_000_000


@dataclass
class Watch:
    """What was seen: (monotonic s, connected, pending, acked)."""

    seen: list[tuple[float, bool, int, int]] = field(default_factory=list)

    async def run(self, plant: AsyncPlant) -> None:
        """Look every hundredth of a second."""
        while True:
            now = plant.progress
            self.seen.append((time.monotonic(), now.is_connected, now.pending, now.acked))
            await asyncio.sleep(POLL_S)


async def send(plant: AsyncPlant, small: AsyncPlant, seconds: float, number: int) -> int:
    """Send at the rate for so long, on the beat; gives the next number."""
    begun = time.monotonic()
    for step in range(round(seconds * RATE)):
        await plant.send("output", float(number), unit="t/h", at=T0_MS + number)
        await small.send("spill", float(number), at=T0_MS + number)
        number += 1
        await asyncio.sleep(max(0.0, begun + (step + 1) / RATE - time.monotonic()))
    return number


async def story(server: Mill, folder: Path) -> dict[str, Any]:
    """Send before, during and after the outage; gives the figures that the store does not show."""
    watch, warned = Watch(), list[Warned]()
    async with (
        AsyncPlant(
            server.url,
            token=server.token,
            source="mill",
            outbox=folder / "mill.outbox",
            close_s=60.0,
            on_warning=warned.append,
        ) as plant,
        AsyncPlant(
            server.url,
            token=server.token,
            source="small",
            outbox=folder / "small.outbox",
            outbox_bytes=SMALL_CAP,
            close_s=60.0,
            on_warning=warned.append,
        ) as small,
        asyncio.TaskGroup() as group,
    ):
        looking = group.create_task(watch.run(plant))
        number = await send(plant, small, AROUND_S, 0)
        await asyncio.to_thread(server.stop)
        number = await send(plant, small, AWAY_S, number)
        waiting = plant.progress.pending
        small_bytes = small.progress.outbox_bytes
        starting = group.create_task(asyncio.to_thread(server.start))
        while not starting.done():
            number = await send(plant, small, 0.2, number)
        back = time.monotonic()
        number = await send(plant, small, AROUND_S, number)
        await plant.flush(60)
        await small.flush(60)
        dropped = small.progress.dropped
        looking.cancel()
    # The server may take plants a moment before it says so.
    away = next(at for at, connected, *_ in reversed(watch.seen) if not connected)
    first = next(seen for seen in watch.seen if seen[0] > away and seen[1])
    drained = next(seen for seen in watch.seen if seen[0] >= first[0] and seen[2] <= RATE)
    drain = (drained[3] - first[3]) / max(drained[0] - first[0], POLL_S)
    return {
        "sent": number,
        "waiting_at_return": waiting,
        "resumed_s": round(max(0.0, first[0] - back), 2),
        "drain_per_s": round(drain),
        "times_the_rate": round(drain / RATE, 1),
        "small_outbox_bytes": small_bytes,
        "small_dropped": dropped,
        "warned": sorted({one.code for one in warned}),
    }


def row() -> Outcome:
    """Run the story and hold the store against it."""
    with tempfile.TemporaryDirectory(prefix="opsroom-outage-") as name, mill(Path(name)) as server:
        figure = asyncio.run(story(server, Path(name)))
        server.stop()
        held = server.held()
        _, output = held["mill/output"]
        _, spill = held["mill/spill"]
        times = server.order("mill/output")
    figure["stored"] = len(output)
    figure["in_order"] = times == sorted(times)
    figure["small_stored"] = len(spill)
    whole = output == {T0_MS + n: float(n) for n in range(figure["sent"])}
    good = (
        whole
        and figure["in_order"]
        and figure["waiting_at_return"] > (AWAY_S - AROUND_S) * RATE
        and figure["resumed_s"] <= RESUMED_S
        and figure["times_the_rate"] >= TIMES
        and figure["small_outbox_bytes"] <= SMALL_CAP
        and figure["warned"] == ["not_connected", "outbox_overflow"]
        # What was on its way when the server went may have been stored before it was dropped.
        and figure["small_stored"] + figure["small_dropped"] >= figure["sent"] > figure["small_stored"]
    )
    return Outcome(figure, good, "" if whole else "the store differs from what was sent")
