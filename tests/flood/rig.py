"""A flood of alerts through a real room: a sender, a seat's feed, presses, a browser; and what is stored."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from opsroom.bench.rig import cpu_s
from opsroom.bench.wire import columns_frame, hello, opened, read
from opsroom.clock import wall_now
from opsroom.model import Role
from opsroom.settings import load_settings
from opsroom.store import open_store
from tests.faults.server import Server
from tests.flood.page import Wall, wall
from tests.flood.plan import INSIDE, PRESSED, SLOTS_PER_S, Plan

PERSON = "chair"
PASSWORD = "flood-only-on-loopback"
DECLARED_AT_ONCE = 5_000
PROBE_S = 0.2
SETTLE_S = 120.0
QUIET_MS = 50.0
KEY_EVERY_S = 4.0
WAY_MAX = 30
"""Batches on their way unacknowledged: what the room's credit is worth in slots."""
FEED_BYTES_MAX = 1 << 28
KB = 1_000


@dataclass
class Seen:
    """What the rig saw while it ran; instants are wall-clock seconds."""

    pressed: dict[str, float] = field(default_factory=dict)
    answered_ms: list[float] = field(default_factory=list)
    framed: dict[str, float] = field(default_factory=dict)
    probes_ms: list[float] = field(default_factory=list)
    acked: int = 0
    sent: int = 0
    frames: int = 0
    frame_bytes: int = 0
    frame_bytes_most: int = 0
    largest: dict[str, int] = field(default_factory=dict)
    """Bytes of each part of the largest frame, those above a kilobyte."""
    flood_on: list[bool] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    events: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


def percentile(values: list[float], share: float) -> float | None:
    """Give a percentile, None of nothing."""
    return round(float(np.percentile(values, share)), 1) if values else None


def rss_mb(pid: int) -> float:
    """Give the resident memory of a process in MB (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


class Flood:
    """One flood through one server."""

    def __init__(self, server: Server, plan: Plan, token: str, *, browser: bool) -> None:
        """Take a server that runs; `browser` opens a wall in Chromium beside the socket."""
        self.server, self.plan, self.token, self.browser = server, plan, token, browser
        self.seen = Seen()
        self.home = server.url.replace("ws", "http", 1)
        self.wall: Wall | None = None
        self.noted: dict[str, Any] = {}
        self._t_ms = 0
        self._acked = asyncio.Event()

    async def run(self) -> None:
        """Flood, press, watch; then wait until the room is at rest again."""
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=self.home, timeout=60.0))
            signed = await client.post("/api/v1/session", json={"person": PERSON, "password": PASSWORD})
            signed.raise_for_status()
            csrf, cookie = signed.json()["csrf"], signed.headers["set-cookie"].partition(";")[0]
            headers = {"Cookie": cookie, "X-CSRF-Token": csrf, "Origin": self.home}
            plant = await stack.enter_async_context(opened(f"{self.server.url}/api/v1/ingest", self.token))
            if self.browser:
                self.wall = await stack.enter_async_context(wall(self.home, PERSON, PASSWORD, PRESSED))
            numbers = self._essential()
            screen = await stack.enter_async_context(self._screen(cookie))
            stop = asyncio.Event()
            await hello(plant, "works", [])
            async with asyncio.TaskGroup() as group:
                watching = [
                    group.create_task(self._watch(screen)),
                    group.create_task(self._acks(plant)),
                    group.create_task(self._probe(client)),
                ]
                if self.wall is not None:
                    group.create_task(self._keys(self.wall, stop))
                await self._declare(plant)
                await asyncio.sleep(1.0)
                cpu, self.seen.events["begun"] = cpu_s(self.server.pid), time.time()
                pressing = group.create_task(self._press(client, headers, numbers, stop))
                await self._send(plant)
                self.seen.events["sent"] = time.time()
                stop.set()
                await pressing
                await self._settled(client)
                self.seen.events["settled"] = time.time()
                self.seen.events["cpu_s"] = cpu_s(self.server.pid) - cpu
                await asyncio.sleep(1.5)
                if self.wall is not None:
                    self.noted = await self.wall.noted()
                for task in watching:
                    task.cancel()

    def _screen(self, cookie: str) -> connect:
        return connect(
            f"{self.server.url}/api/v1/feed",
            additional_headers={"Cookie": cookie},
            origin=Origin(self.home),
            compression=None,
            max_size=FEED_BYTES_MAX,
        )

    def _essential(self) -> dict[str, int]:
        """Give the ids of the indicators to be pressed, by name."""
        store = open_store(f"sqlite:///{self.server.folder}/store.db")
        try:
            return {one.name: one.id for one in store.catalog.series() if one.name.startswith(f"{PRESSED}-")}
        finally:
            store.close()

    async def _declare(self, plant: ClientConnection) -> None:
        """Name the series of the flood to the room, some thousands at a time."""
        names = self.plan.names[: self.plan.series]
        for first in range(0, len(names), DECLARED_AT_ONCE):
            part = names[first : first + DECLARED_AT_ONCE]
            declared = [{"id": first + n, "name": name} for n, name in enumerate(part)]
            await plant.send(msgspec.msgpack.encode({"type": "declare", "series": declared}))
        await self._batch(plant, list(range(len(names))), np.full(len(names), INSIDE))

    async def _batch(self, plant: ClientConnection, numbers: list[int], values: np.ndarray) -> None:
        """Send readings of one instant within the room's credit."""
        seen = self.seen
        while seen.sent - seen.acked >= WAY_MAX:
            self._acked.clear()
            await self._acked.wait()
        seen.sent += 1
        self._t_ms = max(
            self._t_ms + 1, wall_now() // 1000
        )  # a second reading of one instant would replace the first
        await plant.send(columns_frame(seen.sent, self._t_ms, numbers, values))

    async def _send(self, plant: ClientConnection) -> None:
        """Send each slot at its time; where the room holds us back, later."""
        begun = time.perf_counter()
        for slot, (numbers, values) in enumerate(self.plan.frames()):
            await asyncio.sleep(max(0.0, begun + slot / SLOTS_PER_S - time.perf_counter()))
            await self._batch(plant, numbers, values)

    async def _acks(self, plant: ClientConnection) -> None:
        async for frame in plant:
            message = read(frame)
            if message["type"] == "ack":
                self.seen.acked = message["stored_seq"]
                self._acked.set()
            elif message["type"] in {"refused", "error"}:
                self.seen.failed.append(str(message)[:300])

    async def _watch(self, screen: ClientConnection) -> None:
        """Read the seat's own feed: when a press first stands in a frame, and what frames weigh."""
        await screen.send(json.dumps({"type": "subscribe"}))
        seen = self.seen
        async for frame in screen:
            now = time.time()
            seen.frames += 1
            seen.frame_bytes += len(frame)
            message = json.loads(frame)
            if len(frame) > seen.frame_bytes_most:
                seen.frame_bytes_most = len(frame)
                parts = {name: len(json.dumps(part)) for name, part in message.items()}
                seen.largest = {message["type"]: len(frame)} | {n: b for n, b in parts.items() if b > KB}
            seen.flood_on.append(bool(message.get("flood", {}).get("on")))
            for alert in message.get("alerts", ()):
                if alert["pressed"]:
                    seen.framed.setdefault(alert["series_name"], now)

    async def _probe(self, client: httpx.AsyncClient) -> None:
        """Ask for the least there is: what it takes beyond a millisecond is the loop's lag."""
        while True:
            begun = time.perf_counter()
            await client.get("/-/healthy")
            self.seen.probes_ms.append((time.perf_counter() - begun) * 1e3)
            self.seen.rss_mb.append(rss_mb(self.server.pid))
            await asyncio.sleep(PROBE_S)

    async def _press(
        self, client: httpx.AsyncClient, headers: dict[str, str], ids: dict[str, int], stop: asyncio.Event
    ) -> None:
        """Press one essential indicator after another, one a second, each once."""
        for number in range(2 * self.plan.seconds):
            if stop.is_set():
                return
            name, begun = self.plan.essential(number), time.perf_counter()
            self.seen.pressed[name] = time.time()
            answer = await client.post(
                f"/api/v1/series/{ids[name]}/press", json={"note": "by hand"}, headers=headers
            )
            self.seen.answered_ms.append((time.perf_counter() - begun) * 1e3)
            if answer.status_code != httpx.codes.OK:
                self.seen.failed.append(f"press {answer.status_code} {answer.text[:200]}")
            await asyncio.sleep(max(0.0, begun + 1.0 - time.perf_counter()))

    async def _keys(self, page: Wall, stop: asyncio.Event) -> None:
        """Acknowledge the worst by key, again and again while it floods."""
        while not stop.is_set():
            await asyncio.sleep(KEY_EVERY_S)
            try:
                await page.acknowledge_worst()
            except Exception as error:  # noqa: BLE001
                # Whatever the browser says is a figure of the run, and the flood goes on.
                self.seen.failed.append(f"key: {type(error).__name__} {str(error)[:200]}")

    async def _settled(self, client: httpx.AsyncClient) -> None:
        """Wait until all is acknowledged, the room is level with its log, and answers quickly again."""
        quick, end = 0, time.time() + SETTLE_S
        while quick < 5 and time.time() < end:
            begun = time.perf_counter()
            state = (await client.get("/-/ready")).json()
            took_ms = (time.perf_counter() - begun) * 1e3
            level = self.seen.acked >= self.seen.sent and state["ready"] and state["lag_s"] == 0
            quick = quick + 1 if level and took_ms < QUIET_MS else 0
            await asyncio.sleep(0.1)
        if quick < 5:
            self.seen.failed.append(f"not at rest {SETTLE_S} s later")

    # -- figures -------------------------------------------------------------------------------------

    def figure(self) -> dict[str, Any]:
        """Give what was measured."""
        seen = self.seen
        took = seen.events["sent"] - seen.events["begun"]
        press = [(seen.framed[name] - at) * 1e3 for name, at in seen.pressed.items() if name in seen.framed]
        figure = {
            "seconds": round(took, 1),
            "alerts_per_s": round(self.plan.series / took),
            "presses": len(seen.pressed),
            "press_to_frame_ms": spread(press),
            "press_answered_ms": spread(seen.answered_ms),
            "loop_lag_ms": spread(seen.probes_ms),
            "cpu_share": round(seen.events["cpu_s"] / (seen.events["settled"] - seen.events["begun"]), 2),
            "rss_mb": [round(seen.rss_mb[0]), round(max(seen.rss_mb))],
            "at_rest_after_s": round(seen.events["settled"] - seen.events["sent"], 1),
            "frames": seen.frames,
            "frame_kb_most": round(seen.frame_bytes_most / 1e3),
            "largest_frame": seen.largest,
            "feed_mb": round(seen.frame_bytes / 1e6, 1),
            "flood_banner": True in seen.flood_on and all(seen.flood_on[seen.flood_on.index(True) :]),
            "failed": seen.failed[:5],
        }
        return figure | (self._painted() if self.wall is not None else {})

    def _painted(self) -> dict[str, Any]:
        assert self.wall is not None
        noted, pressed = self.noted, self.seen.pressed
        painted = [
            noted["painted"][name] - at * 1e3 for name, at in pressed.items() if noted["painted"].get(name)
        ]
        during = [ms for at, ms in noted["tasks"] if at / 1e3 >= self.seen.events["begun"]]
        return {
            "painted": len(painted),
            "press_to_painted_ms": spread(painted),
            "key_to_form_ms": spread(self.wall.keys_ms),
            "keys_to_paint_ms": spread([ms for _, ms in noted["keys"]]),
            "long_tasks": len(during),
            "long_task_ms_most": round(max(during, default=0.0)),
            "long_task_share": round(
                sum(during) / 1e3 / (self.seen.events["settled"] - self.seen.events["begun"]), 2
            ),
            "nodes": noted["nodes"],
            "cards": noted["cards"],
            "complaints": self.wall.complaints[:5],
        }


def spread(values: list[float]) -> dict[str, Any]:
    """Give count, median, p99 and the most of some milliseconds."""
    return {
        "n": len(values),
        "p50": percentile(values, 50),
        "p99": percentile(values, 99),
        "most": percentile(values, 100),
    }


def stored(folder: Path, plan: Plan) -> dict[str, int]:
    """Hold the ledger against the store, read as it lies there: every alert once, and nothing else."""
    with sqlite3.connect(f"file:{folder}/store.db?mode=ro", uri=True) as base:
        ids = dict(base.execute("SELECT id, name FROM series"))
        alerts = [ids[series] for (series,) in base.execute("SELECT series_id FROM alert")]
        verbs = dict(base.execute("SELECT verb, count(*) FROM edge GROUP BY verb"))
        twice = base.execute(
            "SELECT count(*) FROM (SELECT 1 FROM edge WHERE verb IN ('raised', 'pressed') "
            "GROUP BY alert_id HAVING count(*) > 1)"
        ).fetchone()[0]
        recovered = {
            ids[series]
            for (series,) in base.execute(
                "SELECT a.series_id FROM alert a JOIN edge e ON e.alert_id = a.id WHERE e.verb = 'recovered'"
            )
        }
    flooded = [name for name in alerts if not name.startswith(PRESSED)]
    due = {name.rpartition("/")[2] for name in plan.names[: plan.series]}
    back = {plan.names[n].rpartition("/")[2] for n in plan.closes()}
    return {
        "alerts": len(flooded),
        "pressed": len(alerts) - len(flooded),
        "missing": len(due - set(flooded)),
        "extra": len(flooded) - len(set(flooded)) + len(set(flooded) - due),
        "raised_twice": twice,
        "recovered": len(recovered),
        "recovered_unlike_ledger": len(recovered ^ back),
        **{f"edges_{verb}": n for verb, n in sorted(verbs.items())},
    }


def prepared(folder: Path, plan: Plan, **room: Any) -> tuple[Server, str]:
    """Give a server on a fresh folder with the plan's tree, a chair at the root and a plant's token."""
    from opsroom.cli.credentials import access_of

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "economy.toml").write_text(plan.economy(), encoding="utf-8")
    server = Server(folder, room=room)
    server.start()
    settings = load_settings(server.settings_file)
    store = open_store(settings.store.url, settings.store)
    try:
        access = access_of(store, settings)
        asyncio.run(access.make_seat(PERSON, Role.COUNCIL, 1, PASSWORD))
        token = asyncio.run(access.make_token(1, "works"))
    finally:
        store.close()
    time.sleep(2.0)  # the room takes up new seats within a second
    return server, token


def flooded(folder: Path, plan: Plan, *, browser: bool) -> dict[str, Any]:
    """Run one flood in `folder`; give its figures and how the store compares with the ledger."""
    server, token = prepared(folder, plan)
    try:
        flood = Flood(server, plan, token, browser=browser)
        asyncio.run(flood.run())
        server.stop()
    finally:
        server.close()
    return {**flood.figure(), "stored": stored(folder, plan)}


if __name__ == "__main__":
    import tempfile

    rate, seconds = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="opsroom-flood-") as name:
        figure = flooded(Path(name), Plan(rate, seconds), browser="--browser" in sys.argv)
    print(json.dumps(figure, indent=1))
