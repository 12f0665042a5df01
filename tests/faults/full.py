"""A room on a disk that fills up under it: what it refuses, what goes on, and how soon it is whole again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsroom.clock import wall_now
from tests.assembled.town import Heard, Person, Town, Works, person, town, works
from tests.faults.disks import SmallDisk, small_disk
from tests.faults.oracle import left_by
from tests.faults.server import Nursery

DISK_BYTES = 64 << 20
READY = "../../-/ready"


@dataclass
class Told:
    """What a plant sent one by one, and what came of it: values by epoch ms."""

    sent: dict[int, float]
    refused_s: float = -1.0


async def send_until_refused(dam: Works) -> Told:
    """Send single readings until the room says `storage_full`; the last batch stays unacknowledged.

    `refused_s` counts from the first batch that was not taken: until then the log had space in its file.
    """
    told = Told({})
    at = wall_now() // 1000
    start = len(dam.heard.came)
    begun = time.monotonic()
    sent_at: dict[int, float] = {}
    while told.refused_s < 0:
        assert time.monotonic() - begun < 20, "never refused"
        dam.seq += 1
        at += 1
        told.sent[at] = 50.0 + at % 7
        sent_at[dam.seq] = time.monotonic()
        await dam.say(type="batch", seq=dam.seq, s="output", t=at, v=[told.sent[at]])
        await asyncio.sleep(0.002)
        stored = dam.seq - len(sent_at)
        for came, frame in dam.heard.came[start:]:
            if frame["type"] == "ack":
                stored = frame["stored_seq"]
            elif frame["type"] == "error" and frame["code"] == "storage_full":
                told.refused_s = came - sent_at[stored + 1]
                break
    return told


async def meanwhile(shift: Person, screen: Heard, alert: str) -> dict[str, Any]:
    """Do on the full disk what people do; give what came of it."""
    begun = time.monotonic()
    answer = await shift.post(f"alerts/{alert}/acknowledge", {"note": "on my way"})
    acked_s = time.monotonic() - begun
    ready = (await shift.client.get(READY)).json()
    wall = await shift.alerts()
    frames = len(screen.came)
    await asyncio.sleep(1.5)
    return {
        "acknowledged": answer.status_code,
        "acknowledged_s": round(acked_s, 3),
        "ready_says": ready["reasons"],
        "alerts_read": len(wall),
        "screen_frames": len(screen.came) - frames,
        "screen_closed": screen.closed,
    }


async def fill_and_free(server: Town, disk: SmallDisk) -> tuple[Told, dict[str, Any]]:
    """Fill the disk under a room at work, act on it, and give the space back."""
    async with works(server) as dam, person(server.home, "shift") as shift, shift.screen() as screen:
        await dam.breaks("gate")
        alert = (await shift.alert("gate"))["id"]
        await asyncio.to_thread(disk.fill)
        told = await send_until_refused(dam)
        figure = {"refused_s": round(told.refused_s, 3), **await meanwhile(shift, screen, alert)}
        await asyncio.to_thread(disk.free)
        begun = time.monotonic()
        last = dam.seq
        await dam.heard.until(lambda f: f["type"] == "ack" and f["stored_seq"] >= last, within_s=20)
        figure["resumed_s"] = round(time.monotonic() - begun, 3)
        async with asyncio.timeout(10):
            while not (await shift.client.get(READY)).json()["ready"]:  # noqa: ASYNC110 - HTTP rings no bell
                await asyncio.sleep(0.1)
        figure["ready_again_s"] = round(time.monotonic() - begun, 3)
        edges = (await shift.get(f"alerts/{alert}"))["edges"]
        figure["acknowledged_edges"] = sum(edge["verb"] == "acknowledged" for edge in edges)
        return told, figure


def full_disk(nursery: Nursery | None, *, said_in: Path, times: int = 1) -> dict[str, Any]:
    """Fill and free a disk under a room `times` times, then compare what it holds with what was acked."""
    figures = []
    sent: dict[int, float] = {}
    with small_disk(DISK_BYTES) as disk, town(disk.folder / "room", nursery, said_in=said_in) as server:
        for _ in range(times):
            told, figure = asyncio.run(fill_and_free(server, disk))
            sent |= told.sent
            figures.append(figure)
        server.stop()
        held = left_by(server).readings.get("energy/dam/output", {})
    first = figures[0]
    worst = {key: max(one[key] for one in figures) for key in first if isinstance(first[key], float)}
    lost = sum(held.get(at * 1000) != value for at, value in sent.items())
    return {**first, **worst, "times": times, "acked": len(sent), "acked_lost": lost}


def held(figure: dict[str, Any]) -> bool:
    """Whether the room kept every promise of a full disk."""
    return (
        figure["refused_s"] <= 1.0
        and figure["acknowledged"] == 200
        and figure["acknowledged_edges"] >= 1
        and "storage_full" in figure["ready_says"]
        and figure["alerts_read"] >= 1
        and figure["screen_frames"] >= 1
        and figure["screen_closed"] is None
        and figure["resumed_s"] <= 5.0
        and figure["acked_lost"] == 0
    )
