"""Simulated worlds by the thousand, each of a seed of its own."""

from __future__ import annotations

from typing import Any

from tests.simulation.__main__ import run_seeds
from tests.simulation.tally import tally


def run(times: int, *, seed: int) -> dict[str, Any]:
    """Run `times` seeds from `seed` on; every invariant must hold in each."""
    figure, broken = tally(run_seeds(range(seed, seed + times)))
    return {**figure, "first": seed, "again": broken, "held": not broken}
