"""What `opsroom feed sim` does behind its options: the simulated economy to a room, or to nowhere."""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from ingest.sim.dynamics import PERIOD_S, World, make_world, start, step
from ingest.sim.feeder import Course, Pace, feed_world
from ingest.sim.scenarios import START_US, Scenario
from opsroom.clock import WallClock
from opsroom.errors import Invalid
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class SimPlan(NamedTuple):
    """What `opsroom feed sim` was asked for; `speed` None: as the room takes it; `days` None: for ever."""

    scenario: str
    seed: int
    plants: int
    speed: float | None
    history_d: float
    days: float | None
    help_h: float | None

    def world(self) -> World:
        """Make its world."""
        return make_world(self.seed, Scenario(self.scenario), plants=self.plants, help_h=self.help_h)


def simulate(world: World, plan: SimPlan, url: str, token: str, show: Callable[[Course], None]) -> Course:
    """Feed the simulated economy with the token of its root, until its days are over or it is told to end.

    Raises:
        Invalid: there is no token.
        LinkError: the room will not take the sender.
    """
    if not token:
        raise Invalid(
            "No token.",
            remedy="Give --token or OPSROOM_TOKEN; make one: opsroom token new /.",
            code="token_missing",
        )
    pace = Pace(WallClock(), plan.speed, plan.history_d, plan.days)
    last = Course()

    def shown(course: Course) -> None:
        nonlocal last
        last = course
        show(course)

    with suppress(KeyboardInterrupt):
        asyncio.run(feed_world(world, url, {"": token}, None, pace, on_round=shown))
    return last


class Dry(NamedTuple):
    """What a simulation gives without a room: counts, readings a CPU second, the SHA-256 of every value."""

    enterprises: int
    series: int
    readings: int
    cpu_s: float
    readings_per_s: float
    sha256: str


def simulate_dry(world: World, days: float) -> Dry:
    """Run so many days from the live start and send nothing: equal seeds give equal bytes."""
    state, digest, readings = start(world), hashlib.sha256(), 0
    began = time.process_time()
    for _ in range(round(days * 86_400.0 / PERIOD_S)):
        state, values = step(world, state)
        digest.update(values.astype("<f8").tobytes())
        readings += int(np.count_nonzero(~np.isnan(values)))
    seconds = time.process_time() - began
    layout = world.layout
    return Dry(
        len(layout.enterprises.paths),
        len(layout.gauges.gauges),
        readings,
        round(seconds, 3),
        round(readings / max(seconds, 1e-9)),
        digest.hexdigest(),
    )


def write_truth(world: World, file: Path) -> None:
    """Write what goes wrong, where and when: a JSON object a line, times in simulated epoch seconds."""
    lines = [msgspec.json.encode(fault.told(START_US / MICROS_PER_S)).decode() for fault in world.faults]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
