"""Simulated worlds by the thousand, each of a seed of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tests.simulation.many import run_seeds
from tests.simulation.tally import tally
from tests.simulation.world import Verdict

TOLD_EVERY: Final = 250


def run(times: int, *, seed: int) -> dict[str, Any]:
    """Run `times` seeds from `seed` on; every invariant must hold in each."""
    figure, broken = tally(_told(run_seeds(range(seed, seed + times)), times))
    return {**figure, "first": seed, "again": broken, "held": not broken}


def _told(verdicts: Iterable[Verdict], times: int) -> Iterator[Verdict]:
    """Give the verdicts on; say how far it is, and at once what is broken."""
    for done, verdict in enumerate(verdicts, 1):
        if verdict.broken:
            print(f"{verdict.line()}; again: {verdict.again()}", file=sys.stderr, flush=True)
        if not done % TOLD_EVERY:
            print(f"{done} of {times} worlds", file=sys.stderr, flush=True)
        yield verdict
