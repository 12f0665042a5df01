"""SIGKILL at random instants: what was acknowledged is held, and alerts are those of a quiet run."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.acceptance.economy import ECONOMY
from tests.acceptance.feeder import economy_plan
from tests.faults.kills import BUSY_ROOM, BUSY_STORE, Run, fed, live_killed
from tests.faults.oracle import differences
from tests.faults.server import Nursery, Server

LATENESS_S = 7_200
READINGS = 40_000
HIERARCHY = ECONOMY / "hierarchy.json"
needs_economy = pytest.mark.skipif(not ECONOMY.is_dir(), reason=f"no recorded plants at {ECONOMY}")

# One worker shares one nursery and one quiet run; the first room of a fresh clone compiles its detectors.
pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def quiet(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Run:
    plan = economy_plan(ECONOMY, most=READINGS)
    return fed(tmp_path_factory.mktemp("quiet"), plan, HIERARCHY, nursery=nursery)


@pytest.mark.data
@needs_economy
def test_a_killed_room_ends_like_a_quiet_one(tmp_path: Path, nursery: Nursery, quiet: Run) -> None:
    seed = time.time_ns() % 1_000_000
    plan = economy_plan(ECONOMY, most=READINGS)
    run = fed(tmp_path, plan, HIERARCHY, kills=4, seed=seed, nursery=nursery, busy=True)
    print(run.figure)
    assert quiet.left.alerts, "a run without alerts would show nothing"
    assert run.figure["fewest_in_flight_at_a_kill"] > 0
    assert run.figure["acked_lost"] == 0
    assert differences(quiet.left, run.left) == []


@pytest.mark.data
@needs_economy
def test_shuffled_and_repeated_batches_end_like_a_quiet_run(
    tmp_path: Path, nursery: Nursery, quiet: Run
) -> None:
    seed = time.time_ns() % 1_000_000
    plan = economy_plan(ECONOMY, shuffle_s=LATENESS_S, seed=seed, most=READINGS)
    run = fed(tmp_path, plan, HIERARCHY, seed=seed, nursery=nursery)
    print(run.figure)
    assert plan.twice
    assert differences(quiet.left, run.left) == []


def test_ten_kills_under_casual_and_full_senders_lose_and_double_nothing(
    tmp_path: Path, nursery: Nursery
) -> None:
    seed = time.time_ns() % 1_000_000
    server = Server(tmp_path, nursery=nursery, room=dict(BUSY_ROOM), store=dict(BUSY_STORE))
    try:
        run = asyncio.run(live_killed(server, kills=10, seed=seed, between_s=(0.0, 0.3)))
    finally:
        server.close()
    print(run.figure)
    assert run.figure["acked"] > 500
    assert run.figure["held"], run.figure
