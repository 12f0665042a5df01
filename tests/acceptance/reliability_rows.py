"""Rows about what machines, networks and disks do to a room."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.acceptance.rows import ROWS, Outcome, pytest_outcome
from tests.faults import away, crowd, damage, disks, flushes, full, fuzz, jump, slow
from tests.torture import kills, power

FILLED = 20
FRAMES = 1_000_000
SLOW_S = 20
AWAY_S = 60.0
KILLS, CUTS = 100, 5
FLIPS = 200


def seed() -> int:
    """Give a seed of this run; it stands in the row's figure."""
    return time.time_ns() % 1_000_000


@ROWS.row(
    "disk full",
    command="python -m tests.acceptance --only 'disk full'",
    limit=f"a tmpfs filled {FILLED} times: storage_full within 1 s, acknowledging and screens go on, "
    "readings again within 5 s of space, nothing lost",
)
def disk_full() -> Outcome:
    if reason := disks.why_not():
        return Outcome(None, None, reason)
    with tempfile.TemporaryDirectory(prefix="opsroom-full-") as said:
        figure = full.full_disk(None, said_in=Path(said), times=FILLED)
    return Outcome(figure, full.held(figure))


@ROWS.row(
    "store away a minute",
    command="python -m tests.acceptance --only 'store away'",
    limit="PostgreSQL stopped for 60 s under 1,000 readings/s: acknowledged all the time, readiness says so; "
    f"all drained and an alert of that minute on the wall within {away.DRAINED_S:.0f} s after it goes on, "
    "raised for when it began; nothing lost",
)
def store_away() -> Outcome:
    with tempfile.TemporaryDirectory(prefix="opsroom-away-") as folder:
        try:
            figure = away.store_away(None, Path(folder), AWAY_S)
        except ImportError as error:
            return Outcome(None, None, f"no PostgreSQL here: {error}")
    return Outcome(figure, away.held(figure))


@ROWS.row(
    "corruption found",
    command="python -m tests.acceptance --only 'corruption found'",
    limit=f"log and store cut at every 512 bytes, {FLIPS} bits flipped in each: nothing wrong is given, "
    "nothing is missing without a word, the doctor names it",
)
def corruption() -> Outcome:
    chosen = seed()
    with tempfile.TemporaryDirectory(prefix="opsroom-damage-") as one:
        log = damage.log_damage(Path(one), flips=FLIPS, seed=chosen)
    with tempfile.TemporaryDirectory(prefix="opsroom-damage-") as other:
        store = damage.store_damage(Path(other), flips=FLIPS, seed=chosen)
    figure = {"seed": chosen, "log": log.figure(), "store": store.figure()}
    return Outcome(figure, not log.silent and not store.silent, "; ".join(log.silent + store.silent)[:2000])


@ROWS.row(
    "backup and restore equal",
    command="pytest tests/faults/test_corruption.py -k 'restored or belong or doctor or release'",
    limit="a backup of a loaded room, restored elsewhere: equal hashes, a good doctor, the same alerts; a "
    "damaged, foreign or later one is refused",
)
def restored() -> Outcome:
    choice = "restored or belong or doctor or release"
    return pytest_outcome("tests/faults/test_corruption.py", "-k", choice)


@ROWS.row(
    "a million fuzzed frames",
    command="python -m tests.acceptance --only 'a million fuzzed frames'",
    limit=f"{FRAMES} broken frames: no exception, no allocation above four times the longest frame",
)
def fuzzed() -> Outcome:
    figure = fuzz.fuzz(FRAMES, seed=seed())
    held = figure["largest_allocation_bytes"] <= fuzz.ALLOWED_BYTES
    return Outcome(figure, held and figure["resident_growth_bytes"] <= fuzz.ALLOWED_BYTES)


@ROWS.row(
    "slow disk",
    command="python -m tests.acceptance --only 'slow disk'",
    limit=f"every flush half a second longer: acks within {slow.ACK_P99_S:.0f} s at p99, no connection lost",
)
def slow_disk() -> Outcome:
    if reason := flushes.why_not():
        return Outcome(None, None, reason)
    with tempfile.TemporaryDirectory(prefix="opsroom-slow-") as folder:
        figure = slow.slow_disk(Path(folder), seconds=SLOW_S)
    return Outcome(figure, figure["ack_p99_ms"] <= slow.ACK_P99_S * 1000 and figure["closed"] is None)


@ROWS.row(
    "clock jump",
    command="python -m tests.acceptance --only 'clock jump'",
    limit="the wall clock an hour forth and back: no false alert, none missed, no deadline moved",
)
def clock_jump() -> Outcome:
    if reason := jump.why_not():
        return Outcome(None, None, reason)
    with tempfile.TemporaryDirectory(prefix="opsroom-clock-") as folder:
        figure = jump.jumping_clock(Path(folder))
    kept = all(
        one["false_alerts"] == 0
        and one["climbed_after_s"] is not None
        and abs(one["climbed_after_s"] - 0.8) < 0.5
        for one in figure.values()
    )
    return Outcome(figure, kept)


@ROWS.row(
    "revoked token",
    command="pytest tests/assembled/test_doors.py -k revoked",
    limit="a plant's token taken back by another process: its connection ends within 1 s with 4401",
)
def revoked() -> Outcome:
    return pytest_outcome("tests/assembled/test_doors.py", "-k", "revoked")


@ROWS.row(
    "descriptors run out",
    command="python -m tests.acceptance --only 'descriptors run out'",
    limit=f"{crowd.CROWD} silent connections at {crowd.DESCRIPTORS} descriptors: newcomers hear 503, those "
    "inside go on, and when the crowd leaves people come in again",
)
def descriptors() -> Outcome:
    with tempfile.TemporaryDirectory(prefix="opsroom-crowd-") as folder:
        figure = crowd.crowded(Path(folder))
    told = figure["newcomer_told"].startswith("HTTP/1.1 503")
    return Outcome(figure, told and figure["acked_s"] < 5 and figure["screen_closed"] is None)


@ROWS.row(
    "bad network",
    command="pytest tests/faults/test_network.py",
    limit="latency, jitter, stalls, resets, frames out of order: all stored once; a peer gone without a "
    "word is found and its silence raised",
)
def network() -> Outcome:
    return pytest_outcome("tests/faults/test_network.py")


@ROWS.row(
    "a hundred kills, five power cuts",
    command="python -m tests.torture kills --times 100 --dry; python -m tests.torture power --times 5 --dry",
    limit=f"{KILLS} SIGKILLs and {CUTS} power cuts under live senders: nothing acked lost, nothing doubled",
)
def tortured() -> Outcome:
    chosen = seed()
    killed, cut = kills.run(KILLS, seed=chosen), power.run(CUTS, seed=chosen)
    held = bool(killed["held"]) and cut["held"] is not False
    return Outcome({"kills": killed, "power": cut}, held, cut.get("note", ""))
