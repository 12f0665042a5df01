"""A plant's sender written from docs/protocol.md alone: full form, resume, repeats.

None of the product's own client in it.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import websockets

BATCH = 200


@dataclass
class Plan:
    """What will be sent: the series to declare and the frames, each with its own seq from 1."""

    declare: list[dict[str, Any]]
    frames: list[dict[str, Any]]
    twice: set[int] = field(default_factory=set)
    lateness_s: int = 0
    readings: int = 0


def economy_plan(folder: Path, *, shuffle_s: int = 0, seed: int = 1) -> Plan:
    """Read a folder laid out like `data/economy`, in event-time order or moved by up to `shuffle_s`.

    Shuffled, every tenth batch is sent twice under its own seq and every twentieth again under a new one.
    """
    hierarchy = json.loads((folder / "hierarchy.json").read_text())
    prefix = {
        (enterprise, plant): f"{branch}/{enterprise}/{plant}"
        for branches in hierarchy.values()
        for branch, enterprises in branches.items()
        for enterprise, plants in enterprises.items()
        for plant in plants
    }
    declare: dict[str, dict[str, Any]] = {}
    readings: list[tuple[int, int, float]] = []
    with gzip.open(folder / "economy.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = f"{prefix[row['enterprise'], row['plant']]}/{row['series']}"
            if name not in declare:
                declare[name] = {
                    "id": len(declare) + 1,
                    "name": name,
                    "unit": row["unit"],
                    "period_s": float(row["period_s"]),
                }
            at = datetime.fromisoformat(row["ts"]).replace(tzinfo=UTC)
            readings.append((int(at.timestamp() * 1000), declare[name]["id"], float(row["value"])))
    if shuffle_s:
        return _shuffled(list(declare.values()), readings, shuffle_s, random.Random(seed))
    frames: list[dict[str, Any]] = []
    for start in range(0, len(readings), BATCH):
        frames.append(_frame(len(frames) + 1, readings[start : start + BATCH]))
    return Plan(list(declare.values()), frames, readings=len(readings))


def _shuffled(
    declare: list[dict[str, Any]],
    readings: list[tuple[int, int, float]],
    shuffle_s: int,
    chance: random.Random,
) -> Plan:
    moved = sorted(readings, key=lambda reading: reading[0] + chance.uniform(0, shuffle_s * 1000 - 1))
    frames: list[dict[str, Any]] = []
    twice: set[int] = set()
    for number, start in enumerate(range(0, len(moved), BATCH), 1):
        frames.append(_frame(len(frames) + 1, moved[start : start + BATCH]))
        if number % 10 == 0:
            twice.add(len(frames))
        if number % 20 == 0:
            frames.append(_frame(len(frames) + 1, moved[start : start + BATCH]))
    return Plan(declare, frames, twice, shuffle_s, len(readings))


def _frame(seq: int, readings: list[tuple[int, int, float]]) -> dict[str, Any]:
    return {
        "type": "batch",
        "seq": seq,
        "t": [t for t, _, _ in readings],
        "s": [s for _, s, _ in readings],
        "v": [v for _, _, v in readings],
    }


@dataclass
class Ledger:
    """What the room acknowledged, was refused, and had to be sent again."""

    acked: int = 0
    sent: int = 0
    connections: int = 0
    refused: list[Any] = field(default_factory=list)


async def feed(
    url: str, token: str, plan: Plan, *, source: str = "economy", ahead: int = 16, pause_s: float = 0.0
) -> Ledger:
    """Send the plan until all of it is acknowledged, through as many connections as it takes."""
    ledger = Ledger()
    epoch: int | None = None
    while ledger.acked < len(plan.frames):
        try:
            async with websockets.connect(f"{url}/api/v1/ingest", compression=None, open_timeout=5) as socket:
                ledger.connections += 1
                hello: dict[str, Any] = {
                    "type": "hello",
                    "protocol": 1,
                    "source": source,
                    "token": token,
                    "lateness_s": plan.lateness_s,
                }
                if epoch is not None:
                    hello["epoch"] = epoch
                await socket.send(json.dumps(hello))
                welcome = await _answer(socket, "welcome")
                epoch = welcome["epoch"]
                ledger.acked = welcome["stored_seq"]
                await socket.send(json.dumps({"type": "declare", "series": plan.declare}))
                await _pump(socket, plan, ledger, ahead, pause_s)
                if ledger.acked >= len(plan.frames):
                    await socket.send(json.dumps({"type": "bye"}))
        except (OSError, websockets.WebSocketException, TimeoutError):
            await asyncio.sleep(0.05)
    return ledger


async def _answer(socket: Any, wanted: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if message["type"] == wanted:
            return message


async def _pump(socket: Any, plan: Plan, ledger: Ledger, ahead: int, pause_s: float) -> None:
    """Send in order with at most `ahead` batches unacknowledged."""
    following = ledger.acked
    while ledger.acked < len(plan.frames):
        while following < len(plan.frames) and following - ledger.acked < ahead:
            frame = json.dumps(plan.frames[following])
            following += 1
            ledger.sent += 1
            await socket.send(frame)
            if following in plan.twice:
                await socket.send(frame)
            if pause_s:
                await asyncio.sleep(pause_s)
        message = json.loads(await asyncio.wait_for(socket.recv(), 20))
        if message["type"] == "ack":
            ledger.acked = max(ledger.acked, message["stored_seq"])
        elif message["type"] == "refused":
            ledger.refused.append(message)
        elif message["type"] == "seq_gap":
            following = message["expected"] - 1
