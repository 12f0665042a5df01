"""One sending process of the overload: offers readings at a rate, whether or not the room takes them.

`python -m tests.acceptance.overload '{"url", "token", "source", "form", "per_s", "seconds"}'` prints a
ledger as JSON. What the room does not take waits in the sender, as with a plant whose outbox fills; what was
written is followed up until each reading is acknowledged or refused.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import msgspec
import numpy as np

from opsroom.bench.wire import columns_frame, hello, opened, read

SERIES = 500
LIST = 100
TICK_S = 0.05
DRAIN_S = 30.0


class Ledger:
    """What was offered, written, acknowledged and refused, in readings."""

    def __init__(self) -> None:
        """Start empty."""
        self.offered = self.written = self.stored = self.refused = 0
        self.drained_s = 0.0
        self.closed = ""


class Sender:
    """One connection that heeds no credit: only TCP holds it back."""

    def __init__(self, socket: Any, source: str, form: str) -> None:
        """Take an open connection."""
        self.socket, self.source, self.form = socket, source, form
        self.ledger = Ledger()
        self.seq = 0
        self.t_ms = 0
        self.values = np.random.default_rng(1).normal(50.0, 1.0, SERIES)
        self.numbers = list(range(SERIES))
        self.sizes: list[int] = [0]
        self.answered = asyncio.Event()

    def frame(self) -> tuple[Any, int]:
        """Give the next frame and its number of readings; each instant comes once."""
        self.t_ms = max(self.t_ms + 1, time.time_ns() // 1_000_000)
        if self.form == "columns":
            self.seq += 1
            return columns_frame(self.seq, self.t_ms, self.numbers, self.values), SERIES
        rows = [
            {"series": f"{self.source}-{n}", "value": 50.0 + n / LIST, "ts": self.t_ms} for n in range(LIST)
        ]
        return msgspec.json.encode(rows).decode(), LIST

    async def write(self, per_s: float, seconds: float) -> None:
        """Offer at a rate; write what the socket takes."""
        begun = time.monotonic()
        while (now := time.monotonic() - begun) < seconds:
            self.ledger.offered = round(now * per_s)
            if self.ledger.written >= self.ledger.offered:
                await asyncio.sleep(TICK_S)
                continue
            frame, n = self.frame()
            self.ledger.written += n
            self.sizes.append(self.ledger.written)
            await self.socket.send(frame)
        self.ledger.offered = round(seconds * per_s)

    async def hear(self) -> None:
        """Take acknowledgements and refusals until all that was written is answered."""
        async for told in self.socket:
            message = read(told)
            if message["type"] == "ack" and self.form == "columns":
                self.ledger.stored = self.sizes[message["stored_seq"]] - self.ledger.refused
            elif message["type"] == "ack":
                self.ledger.stored = message["stored"]
                self.ledger.refused += len(message.get("refusals", ()))
            elif message["type"] == "refused":
                self.ledger.refused += len(message["refusals"])
            self.answered.set()

    async def settled(self) -> None:
        """Wait until all that was written is acknowledged or refused."""
        while self.ledger.stored + self.ledger.refused < self.ledger.written:
            await self.answered.wait()
            self.answered.clear()


async def send(
    *, url: str, token: str, source: str, form: str, per_s: float, seconds: float
) -> dict[str, Any]:
    """Offer `per_s` readings a second for `seconds`; give the ledger."""
    async with opened(url, token) as socket:
        sender = Sender(socket, source, form)
        if form == "columns":
            await hello(socket, source, [f"{source}-{n}" for n in range(SERIES)])
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(sender.hear())
            await sender.write(per_s, seconds)
            stopped = time.monotonic()
            try:
                async with asyncio.timeout(DRAIN_S):
                    await sender.settled()
            except TimeoutError:
                sender.ledger.closed = f"not answered in {DRAIN_S:g} s"
            sender.ledger.drained_s = round(time.monotonic() - stopped, 2)
            hearing.cancel()
    return {"source": source, **vars(sender.ledger)}


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as running:
        print(json.dumps(running.run(send(**json.loads(sys.argv[1])))))
