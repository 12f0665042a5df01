"""SIGKILL at random instants with batches in flight, and what must be equal afterwards."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsroom.economy import Economy, from_hierarchy
from tests.acceptance.feeder import Plan, Sender
from tests.faults.casual import CasualLedger, CasualSender
from tests.faults.oracle import Left, Verdict, doubled_batches, judge, left_by
from tests.faults.server import Nursery, Server

DAY_MS = 86_400_000
WAIT_S = 60.0
# Snapshots, chunks and trims far more often than a room makes them: a kill then meets all of them.
BUSY_ROOM = {"snapshot_s": 0.3}
BUSY_STORE = {"flush_readings": 300}


def economy_toml(economy: Economy) -> str:
    """Write a tree of units as an economy file."""
    tables = economy.tables
    head = [f"{key} = {json.dumps(getattr(tables, key))}" for key in ("root", "levels", "time_zone")]
    return "\n".join([*head, *(f"[[unit]]\npath = {json.dumps(unit.path)}" for unit in tables.unit)]) + "\n"


def economy_room(folder: Path, hierarchy: Path, *, nursery: Nursery | None, busy: bool) -> Server:
    """Give a room with the tree of recorded plants on the stream's clock, not yet started."""
    folder.mkdir(parents=True, exist_ok=True)
    tree = from_hierarchy(json.loads(hierarchy.read_text(encoding="utf-8")))
    (folder / "economy.toml").write_text(economy_toml(tree), encoding="utf-8")
    return Server(
        folder,
        clock="stream",
        nursery=nursery,
        room=dict(BUSY_ROOM) if busy else {},
        store=dict(BUSY_STORE) if busy else {},
    )


@dataclass(frozen=True)
class Run:
    """What a fed room left, and what happened on the way."""

    left: Left
    figure: dict[str, Any]


async def feed_killed(server: Server, plan: Plan, *, kills: int, seed: int) -> Run:
    """Feed `plan` while the server is killed `kills` times, spread over the plan at random; then stop it."""
    chance = random.Random(seed)
    token = server.make_token()
    await asyncio.to_thread(server.start)
    # A pause keeps batches in flight at every kill and lets the kills fall all over the plan.
    sender = Sender(server.url, token, plan, pause_s=0.004 if kills else 0.0)
    marks = sorted(chance.sample(range(1, len(plan.frames) - sender.ahead - kills), kills))
    in_flight = []
    restarts_s = []
    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.run())
        for mark in marks:
            # Further than at the kill before, so that each one meets a room at work.
            await reached(lambda: sender.ledger.acked, max(mark, sender.ledger.acked + 1))
            await asyncio.sleep(chance.uniform(0, 0.03))
            await reached(lambda: sender.in_flight, 1)
            in_flight.append(sender.in_flight)
            await asyncio.to_thread(server.kill)
            restarts_s.append(await asyncio.to_thread(server.start))
    ledger = sender.ledger
    seconds = round(time.monotonic() - begun, 1)
    await asyncio.to_thread(server.stop)
    figure = {
        "seed": seed,
        "kills": kills,
        "fed": plan.readings,
        "connections": ledger.connections,
        "batches_in_flight_at_kills": sum(in_flight),
        "fewest_in_flight_at_a_kill": min(in_flight, default=0),
        "acked_lost": ledger.taken_back,
        "refused": len(ledger.refused),
        "faults": ledger.faults[:3],
        "seconds": seconds,
        "slowest_restart_s": round(max(restarts_s, default=0.0), 2),
    }
    return Run(await asyncio.to_thread(left_by, server), figure)


def fed(
    folder: Path,
    plan: Plan,
    hierarchy: Path,
    *,
    kills: int = 0,
    seed: int = 1,
    nursery: Nursery | None = None,
    busy: bool = False,
) -> Run:
    """Feed `plan` into a fresh room, killed `kills` times on the way, and read what it left."""
    server = economy_room(folder, hierarchy, nursery=nursery, busy=busy)
    try:
        return asyncio.run(feed_killed(server, plan, kills=kills, seed=seed))
    finally:
        server.close()


async def reached(count: Callable[[], int], least: int) -> None:
    """Return once `count` gives `least`; asked every 2 ms, because senders have no event for it.

    Raises:
        TimeoutError: it took a minute.
    """
    async with asyncio.timeout(WAIT_S):
        while count() < least:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.002)


# -- live senders --------------------------------------------------------------------------------------------


def endless_plan(start_ms: int, *, frames: int = 20_000, readings: int = 5) -> Plan:
    """Give a plan of one series that is longer than any test."""
    declare = [{"id": 1, "name": "full/level", "unit": "m", "period_s": 1}]
    plan = []
    for seq in range(1, frames + 1):
        instants = [start_ms + 10 * (seq * readings + number) for number in range(readings)]
        values = [float(at % 7919) for at in instants]
        plan.append({"type": "batch", "seq": seq, "s": [1] * readings, "t": instants, "v": values})
    return Plan(declare, plan, readings=frames * readings)


class Senders:
    """A full-form and some casual senders on one room, with their ledgers."""

    def __init__(self, server: Server, token: str, *, casual: int = 2) -> None:
        """Send to `server`; event times lie a day back, where no clock refuses them."""
        start_ms = time.time_ns() // 1_000_000 - DAY_MS
        self.plan = endless_plan(start_ms)
        self.full = Sender(server.url, token, self.plan, source="full", pause_s=0.003)
        self.casual = [
            CasualSender(server.url, token, f"casual/level-{number}", start_ms, pause_s=0.004)
            for number in range(casual)
        ]

    def start(self, group: asyncio.TaskGroup) -> None:
        """Begin to send."""
        group.create_task(self.full.run())
        for sender in self.casual:
            group.create_task(sender.run())

    def stop(self) -> None:
        """Send nothing new."""
        self.full.stop()
        for sender in self.casual:
            sender.stop()

    def give_up(self) -> None:
        """End without waiting for what is not acknowledged: the room is gone."""
        self.full.give_up()
        for sender in self.casual:
            sender.give_up()

    @property
    def acked(self) -> int:
        """Readings acknowledged up to now."""
        return 5 * self.full.ledger.acked + sum(len(one.ledger.acked) for one in self.casual)

    def verdict(self, left: Left, *, doubled: int = 0) -> Verdict:
        """Judge what the room holds. Batches that a later welcome no longer knew count as doubled loss."""
        frames = self.plan.frames
        full = {seq: dict(zip(_micros(one["t"]), one["v"], strict=True)) for seq, one in enumerate(frames, 1)}
        sent = {"full/level": {at: v for readings in full.values() for at, v in readings.items()}}
        acked = {"full/level": [at for seq in range(1, self.full.ledger.acked + 1) for at in full[seq]]}
        for one in self.casual:
            ledger: CasualLedger = one.ledger
            sent[one.name] = {at * 1000: value for at, value in ledger.sent.items()}
            acked[one.name] = _micros(ledger.acked)
        return judge(sent, acked, left.readings, doubled=doubled + left.doubled)


def _micros(instants: Any) -> list[int]:
    return [at * 1000 for at in instants]


async def live_killed(server: Server, *, kills: int, seed: int, between_s: tuple[float, float]) -> Run:
    """Kill a room `kills` times at random instants while casual and full-form senders run; then judge."""
    chance = random.Random(seed)
    token = server.make_token()
    await asyncio.to_thread(server.start)
    senders = Senders(server, token)
    restarts_s = []
    async with asyncio.TaskGroup() as group:
        senders.start(group)
        for _ in range(kills):
            await reached(lambda: senders.acked, senders.acked + 1)
            await asyncio.sleep(chance.uniform(*between_s))
            await asyncio.to_thread(server.kill)
            restarts_s.append(await asyncio.to_thread(server.start))
        senders.stop()
    await asyncio.to_thread(server.kill)
    doubled = doubled_batches(server)
    await asyncio.to_thread(server.start)
    await asyncio.to_thread(server.stop)
    left = await asyncio.to_thread(left_by, server)
    verdict = senders.verdict(left, doubled=doubled)
    complaints = [one for sender in senders.casual for one in sender.ledger.complaints]
    figure = {
        "seed": seed,
        "kills": kills,
        **verdict.figure(),
        "full_taken_back": senders.full.ledger.taken_back,
        "sent_again": sum(sender.ledger.again for sender in senders.casual),
        "slowest_restart_s": round(max(restarts_s, default=0.0), 2),
        "complaints": [*complaints, *senders.full.ledger.refused, *senders.full.ledger.faults][:3],
        "held": verdict.held and senders.full.ledger.taken_back == 0,
    }
    return Run(left, figure)
