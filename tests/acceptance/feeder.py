"""A plant's sender written from docs/protocol.md alone: full form, resume, repeats.

None of the product's own client in it.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import random
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import websockets

BATCH = 200
ANSWER_S = 20.0


@dataclass
class Plan:
    """What will be sent: the series to declare and the frames, each with its own seq from 1."""

    declare: list[dict[str, Any]]
    frames: list[dict[str, Any]]
    twice: set[int] = field(default_factory=set)
    lateness_s: int = 0
    readings: int = 0


def economy_plan(folder: Path, *, shuffle_s: int = 0, seed: int = 1, most: int | None = None) -> Plan:
    """Read a folder laid out like `data/economy`, in event-time order or moved by up to `shuffle_s`.

    Shuffled, every tenth batch is sent twice under its own seq and every twentieth again under a new one.
    `most` leaves out what comes after so many readings.
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
    readings = readings[:most]
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
    """What the room acknowledged, was refused, and had to be sent again.

    `acked` is the highest seq ever acknowledged, `taken_back` how many acknowledged batches a later welcome
    no longer knew: it must stay 0.
    """

    acked: int = 0
    sent: int = 0
    connections: int = 0
    taken_back: int = 0
    epoch: int | None = None
    refused: list[Any] = field(default_factory=list)
    faults: list[Any] = field(default_factory=list)


class Sender:
    """One source that sends a plan, through as many connections as it takes, until all is acknowledged."""

    def __init__(
        self,
        url: str,
        token: str,
        plan: Plan,
        *,
        source: str = "economy",
        ahead: int = 16,
        pause_s: float = 0.0,
    ) -> None:
        """Send `plan` to `url` with at most `ahead` batches unacknowledged, `pause_s` after each frame."""
        self.url = url
        self.token = token
        self.plan = plan
        self.source = source
        self.ahead = ahead
        self.pause_s = pause_s
        self.ledger = Ledger()
        self._stopping = self._given_up = False
        self._stored = 0
        self._credit = 0
        self._flying: deque[tuple[int, int]] = deque()

    @property
    def done(self) -> bool:
        """Whether everything is acknowledged, or the sender was told to stop."""
        return self._stopping or self.ledger.acked >= len(self.plan.frames)

    @property
    def in_flight(self) -> int:
        """Batches sent and not yet acknowledged."""
        return len(self._flying)

    def stop(self) -> None:
        """Send nothing new."""
        self._stopping = True

    def give_up(self) -> None:
        """End at the next lost connection, whatever is still unacknowledged."""
        self._stopping = self._given_up = True

    async def run(self) -> Ledger:
        """Send, come back after every lost connection, and say bye; returns once the room has heard it."""
        while not self._given_up:
            try:
                async with websockets.connect(
                    f"{self.url}/api/v1/ingest", compression=None, open_timeout=5
                ) as socket:
                    self.ledger.connections += 1
                    await self._greet(socket)
                    await socket.send(json.dumps({"type": "declare", "series": self.plan.declare}))
                    await self._pump(socket)
                    await socket.send(json.dumps({"type": "bye"}))
                    await asyncio.wait_for(socket.wait_closed(), ANSWER_S)
                    if socket.close_code == 1000:
                        return self.ledger
            except (OSError, websockets.WebSocketException):  # TimeoutError is an OSError
                await asyncio.sleep(0.05)
        return self.ledger

    async def _greet(self, socket: websockets.ClientConnection) -> None:
        hello: dict[str, Any] = {
            "type": "hello",
            "protocol": 1,
            "source": self.source,
            "token": self.token,
            "lateness_s": self.plan.lateness_s,
        }
        if self.ledger.epoch is not None:
            hello["epoch"] = self.ledger.epoch
        await socket.send(json.dumps(hello))
        welcome = await self._answer(socket)
        if welcome["type"] == "error":
            # The room no longer knows the epoch it gave: whatever it acknowledged is gone with it.
            self.ledger.taken_back += self.ledger.acked
            self.ledger.faults.append(welcome)
            self.ledger.epoch, self.ledger.acked = None, 0
            raise ConnectionResetError(welcome["code"])
        self.ledger.epoch = welcome["epoch"]
        self._stored, self._credit = welcome["stored_seq"], welcome["credit_bytes"]
        self.ledger.taken_back += max(0, self.ledger.acked - self._stored)
        self.ledger.acked = self._stored
        self._flying.clear()

    async def _answer(self, socket: websockets.ClientConnection) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_S))
            if message["type"] in {"welcome", "error"}:
                return message

    async def _pump(self, socket: websockets.ClientConnection) -> None:
        """Send in order, within the credit, with at most `ahead` batches unacknowledged."""
        following = self._stored
        while not (self.done and not self._flying):
            while not self.done and following < len(self.plan.frames):
                frame = json.dumps(self.plan.frames[following])
                if len(self._flying) >= self.ahead or not self._allowed(len(frame)):
                    break
                following += 1
                self.ledger.sent += 1
                self._flying.append((following, len(frame)))
                await socket.send(frame)
                if following in self.plan.twice:
                    await socket.send(frame)
                if self.pause_s:
                    await asyncio.sleep(self.pause_s)
            message = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_S))
            if message["type"] == "seq_gap":
                following = message["expected"] - 1
                self._flying.clear()
            self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "ack":
            self.ledger.acked = max(self.ledger.acked, message["stored_seq"])
            self._credit = message["credit_bytes"]
            while self._flying and self._flying[0][0] <= self.ledger.acked:
                self._flying.popleft()
        elif message["type"] == "refused":
            self.ledger.refused.append(message)
        elif message["type"] == "error":
            self.ledger.faults.append(message)

    def _allowed(self, size: int) -> bool:
        """Tell whether the credit allows `size` bytes more."""
        return sum(flying for _, flying in self._flying) + size <= self._credit


async def feed(url: str, token: str, plan: Plan, *, ahead: int = 16, pause_s: float = 0.0) -> Ledger:
    """Send the plan until all of it is acknowledged."""
    return await Sender(url, token, plan, ahead=ahead, pause_s=pause_s).run()
