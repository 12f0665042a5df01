"""SIGKILLs under recorded plants, whose alerts are known: what is left must equal an undisturbed room.

In rounds of twenty on fresh rooms: one feed of the plants has no place for more, with batches in flight at
each.
"""

from __future__ import annotations

import sys
from typing import Any

from tests.acceptance.economy import ECONOMY
from tests.faults.recorded import disturbed
from tests.faults.server import Nursery

ROUND = 20


def run(kills: int, *, seed: int) -> dict[str, Any]:
    """Kill `kills` times, with batches in flight at each; give alerts, readings, and what differs."""
    total = {"alerts": 0, "stored": 0, "acked_lost": 0, "differences": 0}
    if not ECONOMY.is_dir():
        return {"seed": seed, "held": None, "note": f"no recorded plants at {ECONOMY}"}
    held, said = True, []
    nursery = Nursery()
    try:
        for done in range(0, kills, ROUND):
            many = min(ROUND, kills - done)
            figure, unlike = disturbed(seed + done, kills=many, nursery=nursery)
            for key in total:
                total[key] += figure[key]
            said += unlike
            held = held and not unlike and not figure["acked_lost"]
            held = held and figure["fewest_in_flight_at_a_kill"] > 0
            print(f"{done + many} of {kills} kills, {len(said)} differences", file=sys.stderr)
    finally:
        nursery.close()
    return {"seed": seed, "kills": kills, **total, "said": said[:5], "held": held}
