"""Rows about faults: kills, disorder, power cuts, and whether an acknowledgement means the disk has it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from tests.acceptance.economy import ECONOMY, READINGS
from tests.acceptance.rows import ROWS, Outcome
from tests.faults import flushes, power
from tests.faults.kills import BUSY_ROOM, BUSY_STORE, live_killed
from tests.faults.recorded import disturbed
from tests.faults.server import Server

KILLS = 20
LATENESS_S = 7_200
CUTS = 3
BATCHES = 200
LIVE_KILLS = 20


def seed() -> int:
    """Give a seed of this run; it stands in the row's figure."""
    return time.time_ns() % 1_000_000


def equal_to_quiet(chosen: int, *, kills: int = 0, shuffle_s: int = 0) -> Outcome:
    """Feed the recorded plants disturbed, and hold what is left against the quiet run."""
    if not ECONOMY.is_dir():
        return Outcome(None, None, f"no recorded plants at {ECONOMY}; set OPSROOM_TEST_DATA")
    figure, unlike = disturbed(chosen, kills=kills, shuffle_s=shuffle_s)
    held = not unlike and figure["stored"] == READINGS and figure["acked_lost"] == 0
    held = held and (not kills or figure["fewest_in_flight_at_a_kill"] > 0)
    return Outcome(figure, held, "; ".join(unlike)[:2000])


@ROWS.row(
    "killed twenty times",
    command="python -m tests.acceptance --only 'killed twenty times'",
    limit=f"{KILLS} SIGKILLs with batches in flight: store and alerts equal to the undisturbed run",
)
def killed() -> Outcome:
    return equal_to_quiet(seed(), kills=KILLS)


@ROWS.row(
    "shuffled and repeated",
    command="python -m tests.acceptance --only 'shuffled and repeated'",
    limit=f"readings moved by up to {LATENESS_S} s, every tenth batch twice, every twentieth again under a "
    "new seq: store and alerts equal to the undisturbed run",
)
def shuffled() -> Outcome:
    return equal_to_quiet(seed(), shuffle_s=LATENESS_S)


@ROWS.row(
    "killed under live senders",
    command="python -m tests.acceptance --only 'killed under live senders'",
    limit=f"{LIVE_KILLS} SIGKILLs under casual and full-form senders: nothing acknowledged lost or doubled",
)
def live() -> Outcome:
    with tempfile.TemporaryDirectory(prefix="opsroom-faults-") as folder:
        server = Server(Path(folder), room=dict(BUSY_ROOM), store=dict(BUSY_STORE))
        try:
            run = asyncio.run(live_killed(server, kills=LIVE_KILLS, seed=seed(), between_s=(0.0, 1.0)))
        finally:
            server.close()
    return Outcome(run.figure, run.figure["held"])


@ROWS.row(
    "power cuts",
    command="python -m tests.acceptance --only 'power cuts'",
    limit=f"{CUTS} power cuts of a loop image: nothing acknowledged lost, nothing doubled; the same without "
    "fsync loses",
)
def cuts() -> Outcome:
    reason = power.why_not() or flushes.why_not()
    if reason:
        return Outcome(None, None, reason)
    chosen = seed()
    figure = power.power_cuts(cuts=CUTS, seed=chosen)
    control = power.power_cuts(cuts=1, seed=chosen, prefix=power.NO_FSYNC)
    figure["acked_lost_without_fsync"] = control["acked_lost"]
    return Outcome(figure, figure["held"] and not control["held"])


@ROWS.row(
    "flushed before acknowledged",
    command="python -m tests.acceptance --only 'flushed before acknowledged'",
    limit=f"{BATCHES} batches acked one by one under strace: a whole fdatasync of the log before each ack",
)
def flushed() -> Outcome:
    reason = flushes.why_not()
    if reason:
        return Outcome(None, None, reason)
    with tempfile.TemporaryDirectory(prefix="opsroom-faults-") as folder:
        figure = flushes.flushed_before_acked(Path(folder), batches=BATCHES)
    held = figure["acked_without_a_flush"] == 0 and figure["flushes_of_the_log_meanwhile"] >= BATCHES
    return Outcome(figure, held)
