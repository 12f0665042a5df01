"""SIGKILLs under recorded plants, whose alerts are known: what is left must equal an undisturbed room.

In rounds of twenty on fresh rooms: one feed of the plants has no place for more, with batches in flight at
each.
"""

from __future__ import annotations

import sys
from typing import Any

from tests.faults.recorded import disturbed
from tests.faults.server import Nursery

ROUND = 20


def run(kills: int, *, seed: int) -> dict[str, Any]:
    """Kill `kills` times; give alerts, and how many alerts and readings are lost, doubled or altered."""
    total = {"alerts": 0, "stored": 0, "lost": 0, "doubled": 0, "altered": 0}
    held, said = True, []
    nursery = Nursery()
    try:
        for done in range(0, kills, ROUND):
            many = min(ROUND, kills - done)
            figure, unlike = disturbed(seed + done, kills=many, nursery=nursery)
            total["alerts"] += figure["alerts"]
            total["stored"] += figure["stored"]
            total["lost"] += figure["acked_lost"] + sum(line.startswith("missing") for line in unlike)
            total["doubled"] += sum(line.startswith("more") or line.endswith("doubled") for line in unlike)
            total["altered"] += sum(not line.startswith(("missing", "more")) for line in unlike)
            said += unlike
            held = held and not unlike and figure["acked_lost"] == 0
            print(f"{done + many} of {kills} kills, {len(said)} differences", file=sys.stderr)
    finally:
        nursery.close()
    return {"seed": seed, "kills": kills, **total, "said": said[:5], "held": held}
