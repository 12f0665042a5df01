"""A casual sender written from docs/protocol.md alone, with its ledger of sent and acknowledged readings."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import websockets

PER_FRAME = 4
WINDOW = 16
ANSWER_S = 20.0
STEP_MS = 10


@dataclass
class CasualLedger:
    """Readings by event time (ms): all that were sent, those acknowledged, how many were sent again."""

    sent: dict[int, float] = field(default_factory=dict)
    acked: set[int] = field(default_factory=set)
    again: int = 0
    connections: int = 0
    complaints: list[Any] = field(default_factory=list)


class CasualSender:
    """Sends a reading every `STEP_MS` of event time; sends again what was not acknowledged."""

    def __init__(self, url: str, token: str, name: str, start_ms: int, *, pause_s: float = 0.0) -> None:
        """Send the series `name` from event time `start_ms` on."""
        self.url = url
        self.token = token
        self.name = name
        self.start_ms = start_ms
        self.pause_s = pause_s
        self.ledger = CasualLedger()
        self._stopping = self._given_up = False
        self._unacked: deque[list[int]] = deque()

    def stop(self) -> None:
        """Send nothing new; what was sent is still waited for."""
        self._stopping = True

    def give_up(self) -> None:
        """End at the next lost connection, whatever is still unacknowledged."""
        self._stopping = self._given_up = True

    async def run(self) -> CasualLedger:
        """Send until told to stop and everything is acknowledged."""
        while not (self._stopping and (self._given_up or not self._unacked)):
            try:
                async with websockets.connect(
                    f"{self.url}/api/v1/ingest",
                    additional_headers={"Authorization": f"Bearer {self.token}"},
                    compression=None,
                    open_timeout=5,
                ) as socket:
                    self.ledger.connections += 1
                    await self._send_all(socket)
            except (OSError, websockets.WebSocketException):  # TimeoutError is an OSError
                await asyncio.sleep(0.05)
        return self.ledger

    async def _send_all(self, socket: websockets.ClientConnection) -> None:
        """Send what waits again, then new readings, and count the acknowledgements of this connection."""
        flying: deque[list[int]] = deque()
        for instants in self._unacked:
            self.ledger.again += len(instants)
            flying.append(instants)
            await socket.send(self._frame(instants))
        acked = 0
        while flying or not self._stopping:
            while not self._stopping and len(flying) < WINDOW:
                instants = self._next()
                flying.append(instants)
                await socket.send(self._frame(instants))
                if self.pause_s:
                    await asyncio.sleep(self.pause_s)
            message = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_S))
            if message["type"] == "ack":
                if message.get("refusals"):
                    self.ledger.complaints.append(message)
                for _ in range(message["frames"] - acked):
                    self.ledger.acked.update(flying.popleft())
                    self._unacked.popleft()
                acked = message["frames"]
            elif message["type"] == "error":
                self.ledger.complaints.append(message)

    def _next(self) -> list[int]:
        first = self.start_ms + STEP_MS * len(self.ledger.sent)
        instants = [first + STEP_MS * number for number in range(PER_FRAME)]
        for instant in instants:
            self.ledger.sent[instant] = value_at(instant)
        self._unacked.append(instants)
        return instants

    def _frame(self, instants: list[int]) -> str:
        return json.dumps([{"series": self.name, "value": self.ledger.sent[at], "ts": at} for at in instants])


def value_at(instant_ms: int) -> float:
    """Give the value of a reading: its time tells it, so that a swapped one is found."""
    return float(instant_ms % 9973)
