"""A room that runs out of file descriptors: who is in goes on, who comes is told, and it recovers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from pathlib import Path
from typing import Any

from tests.assembled.town import GOOD, Town, person, town, works

DESCRIPTORS = 160
CROWD = 300
READY = "../../-/ready"


def limited() -> tuple[str, ...]:
    """Give the command under which what follows may hold few descriptors."""
    return ("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}")


async def crowd(server: Town) -> dict[str, Any]:
    """Hold connections that say nothing until no more are taken; give what those inside see."""
    idle: list[asyncio.StreamWriter] = []
    async with works(server) as dam, person(server.home, "shift") as shift, shift.screen() as screen:
        await dam.measure("output", GOOD)
        for _ in range(CROWD):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                idle.append(writer)
        await asyncio.sleep(1.0)
        begun = time.monotonic()
        await dam.measure("output", GOOD)
        acked_s = time.monotonic() - begun
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        told = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        await dam.breaks("gate")
        await screen.until(lambda frame: "energy/dam/gate" in json.dumps(frame))
        for writer in idle:
            writer.close()
        begun = time.monotonic()
        while True:
            with contextlib.suppress(OSError):
                async with person(server.home, "night") as night:
                    if (await night.client.get(READY)).json()["ready"]:
                        break
            await asyncio.sleep(0.1)
            assert time.monotonic() - begun < 30, "nobody comes in any more"
        return {
            "descriptors": DESCRIPTORS,
            "crowd": len(idle),
            "acked_s": round(acked_s, 2),
            "newcomer_told": told.decode().strip(),
            "screen_closed": screen.closed,
            "let_in_again_s": round(time.monotonic() - begun, 2),
        }


def crowded(folder: Path) -> dict[str, Any]:
    """Run it."""
    with town(folder, None, prefix=limited()) as server:
        return asyncio.run(crowd(server))
