"""Rows about simulated worlds: that they hold, and that a broken one does not."""

from __future__ import annotations

import time

from tests.acceptance.rows import ROWS, Outcome, pytest_outcome
from tests.simulation.many import run_seeds
from tests.simulation.tally import tally

SEEDS = 200
WITHIN_S = 180.0
SPAN_S = 60.0


@ROWS.row(
    "two hundred seeds",
    command=f"python -m tests.simulation --seeds 1..{SEEDS} --span-s {SPAN_S:.0f}",
    limit=f"{SEEDS} simulated worlds with their faults: every invariant holds, within {WITHIN_S:.0f} s",
)
def two_hundred() -> Outcome:
    began = time.monotonic()
    figure, broken = tally(run_seeds(range(1, SEEDS + 1), SPAN_S))
    seconds = time.monotonic() - began
    figure["seconds"] = round(seconds)
    return Outcome(figure, not broken and seconds <= WITHIN_S, "; ".join(broken)[:2000])


@ROWS.row(
    "broken invariants are caught",
    command="pytest tests/simulation",
    limit="each invariant is broken on purpose through a port, and caught under its name; "
    "a seed is the same run in any process",
)
def caught() -> Outcome:
    return pytest_outcome("tests/simulation/test_simulation.py")
