"""Whether what is acknowledged was flushed before: fdatasync of the log's files, seen by strace."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import websockets

from tests.faults.server import Server

# 12345 1700000000.123456 fdatasync(17</tmp/x/log.db-wal>) = 0 <0.000123>
FLUSH = re.compile(r"^\d+\s+(\d+\.\d+)\s+f(?:data)?sync\(\d+<([^>]*)>\)\s+=\s+0\s+<(\d+\.\d+)>")
RESUMED = re.compile(r"^(\d+)\s+(\d+\.\d+)\s+<\.\.\. f(?:data)?sync resumed>\)\s+=\s+0\s+<(\d+\.\d+)>")
BEGUN = re.compile(r"^(\d+)\s+(\d+\.\d+)\s+f(?:data)?sync\(\d+<([^>]*)>\s*<unfinished")
CLOCK_S = 0.0005


def why_not() -> str:
    """Say why flushes cannot be seen here; nothing where they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False, capture_output=True)
    return "" if done.returncode == 0 else f"strace may not trace here: {done.stderr.decode()[-200:]}"


def prefix(trace: Path) -> tuple[str, ...]:
    """Give the command that writes every flush of what follows into `trace`, with file, time and duration."""
    what = ("-e", "trace=fsync,fdatasync", "-e", "signal=none")
    return ("strace", "-f", "-qq", "--seccomp-bpf", "-y", "-ttt", "-T", *what, "-o", str(trace))


def flushes(trace: str, name: str) -> list[tuple[float, float]]:
    """Read the (start, end) of every successful flush of a file whose path holds `name`, wall seconds."""
    found = []
    begun: dict[str, tuple[float, str]] = {}
    for line in trace.splitlines():
        if whole := FLUSH.match(line):
            at, path, took = float(whole[1]), whole[2], float(whole[3])
            if name in path:
                found.append((at, at + took))
        elif start := BEGUN.match(line):
            begun[start[1]] = (float(start[2]), start[3])
        elif (end := RESUMED.match(line)) and end[1] in begun:
            at, path = begun.pop(end[1])
            if name in path:
                found.append((at, at + float(end[3])))
    return sorted(found)


def unflushed(acks: Sequence[tuple[float, float]], found: Sequence[tuple[float, float]]) -> list[int]:
    """List the batches (from 0) between whose sending and acknowledgement no whole flush lies."""
    return [
        number
        for number, (sent, acked) in enumerate(acks)
        if not any(sent - CLOCK_S <= start and end <= acked + CLOCK_S for start, end in found)
    ]


async def one_by_one(url: str, token: str, batches: int) -> list[tuple[float, float]]:
    """Send batches, each after the acknowledgement of the one before; give when each was sent and acked."""
    acks = []
    start_ms = time.time_ns() // 1_000_000 - 86_400_000
    async with websockets.connect(f"{url}/api/v1/ingest", compression=None) as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1, "source": "slow", "token": token}))
        welcome = json.loads(await socket.recv())
        assert welcome["type"] == "welcome", welcome
        for seq in range(1, batches + 1):
            batch = {"type": "batch", "seq": seq, "s": "slow/level", "t": [start_ms + seq], "v": [seq]}
            sent = time.time()
            await socket.send(json.dumps(batch))
            while True:
                message = json.loads(await asyncio.wait_for(socket.recv(), 20))
                if message["type"] == "ack" and message["stored_seq"] >= seq:
                    break
            acks.append((sent, time.time()))
        await socket.send(json.dumps({"type": "bye"}))
    return acks


def flushed_before_acked(folder: Path, *, batches: int) -> dict[str, Any]:
    """Run a room under strace, acknowledge `batches` one by one, and hold acks against flushes of its log."""
    trace = folder / "flushes.trace"
    server = Server(folder / "room", prefix=prefix(trace))
    token = server.make_token()
    try:
        server.start()
        acks = asyncio.run(one_by_one(server.url, token, batches))
    finally:
        server.close()
    found = flushes(trace.read_text(encoding="utf-8"), "log.db")
    inside = [one for one in found if one[0] >= acks[0][0] - CLOCK_S and one[1] <= acks[-1][1] + CLOCK_S]
    return {
        "batches_acked_one_by_one": len(acks),
        "flushes_of_the_log_meanwhile": len(inside),
        "acked_without_a_flush": len(unflushed(acks, found)),
    }
