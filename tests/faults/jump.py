"""A room whose wall clock is set an hour forth and back under it; plants' clocks stay right."""

from __future__ import annotations

import asyncio
import subprocess
import time
from pathlib import Path
from typing import Any

from opsroom.clock import wall_now
from tests.assembled.town import GOOD, Person, Works, person, town, works

LIBRARIES = "/usr/lib/*/faketime/libfaketime.so.1"
JUMPS_S = (3_600, -3_600)
PERIOD_S = 0.2


def library() -> Path | None:
    """Give libfaketime, None where it is not installed."""
    return next(iter(sorted(Path("/").glob(LIBRARIES.lstrip("/")))), None)


def why_not() -> str:
    """Say why no clock can be set here; nothing where it can."""
    found = library()
    if found is None:
        return "libfaketime is not installed"
    shown = subprocess.run(
        ["env", f"LD_PRELOAD={found}", "FAKETIME=-3600s", "date", "+%s"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
    return "" if shown.isdigit() and time.time() - int(shown) > 3_000 else "libfaketime does not work here"


def set_clock(file: Path, seconds: int) -> None:
    """Set the wall clock of who was started `under` this file, `seconds` from the true one."""
    part = file.with_suffix(".part")
    part.write_text(f"{seconds:+d}s\n", encoding="ascii")
    part.replace(file)


def under(file: Path) -> tuple[str, ...]:
    """Give the command under which the wall clock is the one in `file`; the monotonic one is left alone."""
    return (
        "env",
        f"LD_PRELOAD={library()}",
        f"FAKETIME_TIMESTAMP_FILE={file}",
        "FAKETIME_CACHE_DURATION=1",
        "DONT_FAKE_MONOTONIC=1",
    )


async def steady(dam: Works, seconds: float) -> None:
    """Report a healthy value five times a second."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await dam.measure("stage", GOOD)
        await asyncio.sleep(PERIOD_S)


async def through_a_jump(dam: Works, shift: Person, file: Path, jump_s: int, name: str) -> dict[str, Any]:
    """Set the clock, go on as if nothing were, then break a series that climbs in 0.4 s a level."""
    await asyncio.to_thread(set_clock, file, jump_s)
    await steady(dam, 2.0)
    false = [row["series"] for row in await shift.alerts() if row["series"].endswith("/stage")]
    await dam.breaks(name)
    alert = await shift.alert(name)
    await shift.alert(name, standing="")
    edges = (await shift.get(f"alerts/{alert['id']}"))["edges"]
    at = {edge["verb"]: edge["at"] for edge in edges}
    climbed = [edge["at"] for edge in edges if edge["verb"] == "climbed"]
    return {
        "false_alerts": len(false),
        "raised_off_s": round(abs(at["raised"] / 1e3 - wall_now() / 1e6), 1),
        "climbed_after_s": round((climbed[-1] - at["raised"]) / 1e3, 3) if climbed else None,
    }


def jumping_clock(folder: Path) -> dict[str, Any]:
    """Jump an hour forth and back under one room; give what each jump did."""
    file = folder / "clock"
    set_clock(file, 0)

    async def story() -> list[dict[str, Any]]:
        async with works(server) as dam, person(server.home, "chair-1") as chair:
            await steady(dam, 1.0)
            names = ("heat", "noise")
            return [
                await through_a_jump(dam, chair, file, jump_s, name)
                for jump_s, name in zip(JUMPS_S, names, strict=True)
            ]

    with town(folder / "room", None, prefix=under(file)) as server:
        forth, back = asyncio.run(story())
    return {"forth": forth, "back": back}
