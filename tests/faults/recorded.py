"""Recorded plants, fed while the room is killed: what is left must equal what an undisturbed room leaves."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

from tests.acceptance.economy import ECONOMY
from tests.acceptance.feeder import Plan, economy_plan
from tests.faults.kills import Run, fed
from tests.faults.oracle import differences
from tests.faults.server import Nursery


def _run(plan: Plan, *, kills: int = 0, chosen: int = 1, nursery: Nursery | None = None) -> Run:
    """Feed a plan into a fresh room in a folder that lives for the run."""
    tree = ECONOMY / "hierarchy.json"
    with tempfile.TemporaryDirectory(prefix="opsroom-faults-") as folder:
        return fed(Path(folder), plan, tree, kills=kills, seed=chosen, nursery=nursery, busy=kills > 0)


@functools.cache
def quiet() -> Run:
    """Feed the recorded plants undisturbed, once."""
    return _run(economy_plan(ECONOMY))


def disturbed(
    chosen: int, *, kills: int = 0, shuffle_s: int = 0, nursery: Nursery | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Feed the recorded plants disturbed; give figures, and a line for each difference from the quiet run."""
    plan = economy_plan(ECONOMY, shuffle_s=shuffle_s, seed=chosen)
    run = _run(plan, kills=kills, chosen=chosen, nursery=nursery)
    unlike = differences(quiet().left, run.left)
    figure = {
        **run.figure,
        "stored": sum(len(readings) for readings in run.left.readings.values()),
        "alerts": len(run.left.alerts),
        "differences": len(unlike),
    }
    return figure, unlike
