"""Screens that ask and never read: they cost the room one frame each, and others nothing."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.assembled.town import MANY, Heard, Person, Town, Works, person, town, works
from tests.faults.server import Nursery

STALLED = 4
ASKS = 60
STALLED_S = 2.0
GONE_S = 8.0
GROWTH_BYTES_MAX = 32 << 20
LATE_S_MAX = 1.5


def rss_bytes(pid: int) -> int:
    """Give the resident memory of a process (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS"))


def sockets(pid: int) -> int:
    """Count the sockets that a process holds (Linux)."""
    held = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            held += str(link.readlink()).startswith("socket:")
    return held


def masked(text: str) -> bytes:
    """Give a client's text frame (RFC 6455, at most 65,535 bytes), masked with zeros."""
    body = text.encode()
    head = bytes([0x81, 0x80 | len(body)]) if len(body) < 126 else b"\x81\xfe" + len(body).to_bytes(2, "big")
    return head + bytes(4) + body


@contextmanager
def stalled(server: Town, who: Person) -> Iterator[socket.socket]:
    """Open a feed over plain TCP with the smallest receive buffer; nothing is read after the handshake."""
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(10)
        raw.connect(("127.0.0.1", server.port))
        host = f"127.0.0.1:{server.port}"
        lines = [
            "GET /api/v1/feed HTTP/1.1",
            f"Host: {host}",
            f"Origin: http://{host}",
            f"Cookie: {who.cookie}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}",
        ]
        raw.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        assert b" 101 " in raw.recv(1024)
        yield raw


@asynccontextmanager
async def streaming(dam: Works, names: list[str]) -> AsyncIterator[list[tuple[float, float]]]:
    """Send a value of each series, rising, ten times a second while the body runs; give instants of acks."""
    acked: list[tuple[float, float]] = []

    async def stream() -> None:
        value = 1.0
        while True:
            value += 1
            await dam.batch(names, time.time_ns() // 1_000_000, [value] * len(names))
            acked.append((time.monotonic(), value))
            await asyncio.sleep(0.1)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(stream())
        yield acked
        task.cancel()


def shown(frame: dict[str, Any], series: int) -> float:
    """Give the value that a frame shows of a series; 0 for none."""
    return float(frame.get("values", {}).get(str(series), (0, 0))[1] or 0)


def latest_s(acked: list[tuple[float, float]], heard: Heard, series: int) -> float:
    """Give the longest time from the ack of a value of `series` to a frame that shows it, or a later one.

    From the ack: a slow disk holds up what is stored, and these screens are not blamed for it.
    """
    seen = [(at, shown(frame, series)) for at, frame in heard.came]
    return max(next(at for at, value in seen if value >= sent) - acked_at for acked_at, sent in acked)


async def seconds_until_gone(pid: int, held: int, most_s: float) -> float:
    """Wait until the process holds no more sockets than `held`, `most_s` at most; give the seconds."""
    begun = time.monotonic()
    while sockets(pid) > held and time.monotonic() - begun < most_s:  # noqa: ASYNC110 - nothing rings
        await asyncio.sleep(0.05)
    return time.monotonic() - begun


async def ask_on(raw: socket.socket, ids: list[int], times: int) -> None:
    """Ask for the whole picture again and again, reading nothing; a full socket or a closed one ends it."""
    loop = asyncio.get_running_loop()
    raw.setblocking(False)
    try:
        async with asyncio.timeout(times * 0.05):
            for _ in range(times):
                await loop.sock_sendall(raw, masked(json.dumps({"type": "subscribe", "series": ids})))
                await asyncio.sleep(0.02)
    except (TimeoutError, OSError):
        return


def test_screens_that_read_nothing_cost_one_frame_each_and_others_nothing(
    nursery: Nursery, tmp_path: Path, slack: float
) -> None:
    async def story(server: Town) -> dict[str, float]:
        names = [f"many-{n:03}" for n in range(MANY)]
        async with works(server) as dam, person(server.home, "shift") as shift:
            for _ in range(3):
                now_ms = time.time_ns() // 1_000_000
                times = [now_ms - 20 + n for n in range(20) for _ in names]
                await dam.batch(names * 20, times, [1.0] * len(times))
            return await stall(server, dam, names, shift)

    async def stall(server: Town, dam: Works, names: list[str], shift: Person) -> dict[str, float]:
        pid = server.process_id
        async with shift.screen() as good, streaming(dam, names) as acked:
            ids = [row["id"] for row in good.came[0][1]["series"]][:MANY]
            await asyncio.sleep(1)
            before, held = rss_bytes(pid), sockets(pid)
            snapshot_bytes = len(json.dumps(good.came[0][1]))
            start = len(acked)
            peaks = []
            with (
                stalled(server, shift) as a,
                stalled(server, shift) as b,
                stalled(server, shift) as c,
                stalled(server, shift) as d,
            ):
                async with asyncio.TaskGroup() as group:
                    for raw in (a, b, c, d):
                        group.create_task(ask_on(raw, ids, ASKS))
                    for _ in range(40):
                        peaks.append(rss_bytes(pid))
                        await asyncio.sleep(0.1)
                gone_s = await seconds_until_gone(pid, held, GONE_S * slack)
            sent = acked[start:]
            await good.until(lambda frame: shown(frame, ids[-1]) >= sent[-1][1])
        return {
            "snapshot_kb": snapshot_bytes / 1e3,
            "growth_mb": (max(peaks) - before) / 1e6,
            "late_s": latest_s(sent, good, ids[-1]),
            "gone_s": gone_s,
        }

    with town(tmp_path, nursery, limits={"viewer_stalled_s": STALLED_S}) as server:
        figures = asyncio.run(story(server))
        print(json.dumps(figures))
    assert figures["growth_mb"] <= GROWTH_BYTES_MAX / 1e6
    assert figures["gone_s"] < GONE_S * slack, "the sockets of stalled screens are never let go"
    assert figures["late_s"] <= LATE_S_MAX * slack
