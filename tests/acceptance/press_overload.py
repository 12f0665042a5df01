"""The algedonic press while ten times as much telemetry is offered as the room can take.

Over real sockets, against a served room: senders in processes of their own, a press by REST every second, its
alert on the live socket of another seat, and a small well-behaved source whose acknowledgements are timed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import sys
import time
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
from websockets.asyncio.client import connect
from websockets.typing import Origin

from opsroom.bench.rig import Rig, room, seat_for, token_for
from opsroom.bench.wire import columns_frame, hello, opened, read
from opsroom.settings import load_settings
from opsroom.store import open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PLANT, SENDER = "energy/dam", "energy/mill"
PASSWORD = "a long enough word"
CALM_S, LOAD_S, PRESS_S, PROBE_S = 4.0, 60.0, 1.0, 0.1
TENFOLD = 10
SENDERS = (*[f"full{n}" for n in range(2)], *[f"casual{n}" for n in range(2)])
SHARE = {"columns": 0.9, "list": 0.1}
BACK_WITHIN_S, BACK_ROW, BACK_FLOOR_S = 10.0, 5, 0.1
SEEN_S = 30.0
PRESSES = 60


def economy() -> str:
    """Give a plant with essential indicators, one a press, below a nation and a branch."""
    series = "".join(
        f'[[series]]\npath = "{PLANT}/vital{n}"\nunit = "%"\n[series.indicator]\norientation = "more"\n'
        f"capability = 100.0\nessential = true\n"
        for n in range(PRESSES)
    )
    units = "".join(f'[[unit]]\npath = "{path}"\n' for path in (PLANT, SENDER))
    return f'root = "Nation"\nlevels = ["nation", "branch", "enterprise"]\n{units}{series}'


def measure() -> dict[str, Any]:
    """Run the whole; gives the figures of the row."""
    import uvloop

    with room(economy=economy()) as rig:
        seat_for(rig, "top", PASSWORD, "/")
        seat_for(rig, "presser", PASSWORD, PLANT)
        token = token_for(rig, SENDER)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures: dict[str, Any] = runner.run(_measure(rig, token))
        figures["rss_mb"] = _peak_mb(rig)
        rig.settled()
        rig.stop()
        figures["stored_short_of_acked"] = _short(rig, figures.pop("ledgers"))
    return figures


async def _measure(rig: Rig, token: str) -> dict[str, Any]:
    sustainable = await _sustainable(rig, token)
    presses, probes = Presses(), Probes()
    async with signed_in(rig, "presser") as hand, screen(rig) as seen, asyncio.TaskGroup() as group:
        watching = group.create_task(presses.watch(seen))
        probing = group.create_task(probes.run(rig, token))
        await asyncio.sleep(CALM_S)
        loading = group.create_task(_load(rig, token, TENFOLD * sustainable, LOAD_S))
        await asyncio.sleep(1.0)  # the senders start
        begun = time.monotonic()
        async with asyncio.TaskGroup() as pressing:
            for number in range(round((LOAD_S - 1) / PRESS_S)):
                await asyncio.sleep(max(0.0, begun + number * PRESS_S - time.monotonic()))
                pressing.create_task(presses.press(hand, number))
        ledgers = await loading
        over = begun + LOAD_S - 1
        back_s = await probes.back(begun - 1, over)
        watching.cancel()
        probing.cancel()
    delays = [at * 1e3 for at in presses.delays]
    return {
        "sustainable_readings_per_s": round(sustainable),
        "offered_readings_per_s": round(sum(one["offered"] for one in ledgers) / LOAD_S),
        "taken_readings_per_s": round(sum(one["stored"] for one in ledgers) / LOAD_S),
        "presses": len(delays),
        "p50_ms": round(float(np.percentile(delays, 50)), 1),
        "p99_ms": round(float(np.percentile(delays, 99)), 1),
        "max_ms": round(max(delays), 1),
        "answered_p99_ms": round(float(np.percentile(presses.answered, 99)) * 1e3, 1),
        "written": sum(one["written"] for one in ledgers),
        "refused": sum(one["refused"] for one in ledgers),
        "unanswered": sum(one["written"] - one["stored"] - one["refused"] for one in ledgers),
        "ack_calm_ms": round(probes.calm_s(begun - 1) * 1e3, 1),
        "back_to_normal_s": back_s,
        "ledgers": ledgers,
    }


def _peak_mb(rig: Rig) -> int:
    """Give the most memory that the server had resident so far."""
    status = Path(f"/proc/{rig.process.pid}/status").read_text(encoding="ascii")
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return round(peak_kb / 1024)


async def _sustainable(rig: Rig, token: str) -> float:
    """Give what the room takes a second of the same mix when as much is offered as it takes, in readings."""
    ledgers = await _load(rig, token, 1e9, 5.0)
    return sum(float(one["stored"]) / (5.0 + float(one["drained_s"])) for one in ledgers)


async def _load(rig: Rig, token: str, per_s: float, seconds: float) -> list[dict[str, Any]]:
    """Let all senders offer `per_s` readings together; gives their ledgers."""
    return await asyncio.gather(*(_sender(rig, token, one, per_s, seconds) for one in SENDERS))


async def _sender(rig: Rig, token: str, source: str, per_s: float, seconds: float) -> dict[str, Any]:
    form = "columns" if "full" in source else "list"
    task = {
        "url": rig.ingest_url,
        "token": token,
        "source": source,
        "form": form,
        "per_s": per_s * SHARE[form] / (len(SENDERS) / 2),
        "seconds": seconds,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.acceptance.overload", json.dumps(task), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    ledger: dict[str, Any] = json.loads(out)
    return ledger


class Presses:
    """Presses on their way, each on an indicator of its own."""

    def __init__(self) -> None:
        """Start empty."""
        self.delays: list[float] = []
        self.answered: list[float] = []
        self._seen: dict[str, float] = {}
        self._news = asyncio.Event()

    async def watch(self, socket: Any) -> None:
        """Note when each alert first stands in a frame."""
        async for frame in socket:
            now = time.monotonic()
            for alert in read(frame).get("alerts", ()):
                self._seen.setdefault(alert["series"], now)
            self._news.set()
            self._news = asyncio.Event()

    async def press(self, hand: httpx.AsyncClient, number: int) -> None:
        """Press one; wait for its alert on the other seat's screen."""
        begun = time.monotonic()
        listed = hand.headers["x-series"].split(",")
        answer = await hand.post(f"/api/v1/series/{listed[number]}/press", json={"note": "by hand"})
        self.answered.append(time.monotonic() - begun)
        assert answer.status_code == 200, answer.text
        path = answer.json()["alert"]["series"]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEEN_S):
                while path not in self._seen:
                    await self._news.wait()
        self.delays.append(self._seen.get(path, begun + SEEN_S) - begun)


class Probes:
    """A small source that heeds its credit; how long each of its readings takes to be acknowledged."""

    def __init__(self) -> None:
        """Start empty."""
        self.took: list[tuple[float, float]] = []

    async def run(self, rig: Rig, token: str) -> None:
        """Send one reading at a time until cancelled."""
        async with opened(rig.ingest_url, token) as socket:
            await hello(socket, "probe", ["probe"])
            seq = 0
            while True:
                seq += 1
                begun = time.monotonic()
                await socket.send(columns_frame(seq, time.time_ns() // 1_000_000, [0], np.array([50.0])))
                while True:
                    told = read(await socket.recv())
                    if told["type"] == "ack" and told.get("stored_seq", 0) >= seq:
                        break
                self.took.append((begun, time.monotonic() - begun))
                await asyncio.sleep(PROBE_S)

    def calm_s(self, until: float) -> float:
        """Give the slowest acknowledgement before the load."""
        return max(took for at, took in self.took if at + took < until)

    async def back(self, until: float, over: float) -> float | None:
        """Give when, after the load, several in a row are as quick as before; None: not in time."""
        normal = max(2 * self.calm_s(until), BACK_FLOOR_S)
        while time.monotonic() < over + BACK_WITHIN_S + 2:
            after = [(at, took) for at, took in self.took if at > over]
            for place in range(len(after) - BACK_ROW + 1):
                if all(took <= normal for _, took in after[place : place + BACK_ROW]):
                    return round(max(0.0, after[place][0] - over), 2)
            await asyncio.sleep(PROBE_S)
        return None


@asynccontextmanager
async def signed_in(rig: Rig, person: str) -> AsyncIterator[httpx.AsyncClient]:
    """Sign in; the series that may be pressed ride along as a header of the client."""
    async with httpx.AsyncClient(base_url=rig.url, verify=ssl.create_default_context(), timeout=60) as client:
        credentials = {"person": person, "password": PASSWORD}
        while (answer := await client.post("/api/v1/session", json=credentials)).is_error:  # noqa: ASYNC110
            await asyncio.sleep(0.5)  # a seat made in the store a moment ago is not known yet
        client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        rows = (await client.get("/api/v1/series")).json()["series"]
        client.headers["X-Series"] = ",".join(str(row["id"]) for row in rows if row["indicator"])
        yield client


@asynccontextmanager
async def screen(rig: Rig) -> AsyncIterator[Any]:
    """Follow the feed as the top's seat."""
    async with signed_in(rig, "top") as client:
        cookie = client.headers["Cookie"]
    async with connect(
        rig.feed_url,
        additional_headers={"Cookie": cookie},
        origin=Origin(rig.url),
        compression=None,
        max_size=None,
    ) as socket:
        await socket.send('{"type":"subscribe"}')
        yield socket


def _short(rig: Rig, ledgers: list[dict[str, Any]]) -> int:
    """Give how many acknowledged readings the store does not hold."""
    settings = load_settings(rig.folder / "opsroom.toml")
    with closing(open_store(settings.store.url, settings.store)) as store:
        ids: dict[str, list[int]] = {}
        for one in store.catalog.series():
            ids.setdefault(one.name.partition("-")[0], []).append(one.id)
        return sum(
            max(0, one["stored"] - store.readings.count(ids.get(one["source"], []))) for one in ledgers
        )


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
