"""Power cuts of a loop image under live senders, in rounds of five on fresh disks."""

from __future__ import annotations

from typing import Any

from tests.faults import power
from tests.faults.server import Nursery

ROUND = 5
COUNTED = ("cuts", "acked", "stored", "acked_lost", "altered", "foreign", "doubled")


def run(cuts: int, *, seed: int) -> dict[str, Any]:
    """Cut the power `cuts` times; give the sums."""
    if reason := power.why_not():
        return {"held": None, "note": reason}
    nursery = Nursery()
    total = dict.fromkeys(COUNTED, 0)
    held = True
    try:
        while total["cuts"] < cuts:
            many = min(ROUND, cuts - total["cuts"])
            figure = power.power_cuts(cuts=many, seed=seed + total["cuts"], nursery=nursery)
            for key in COUNTED:
                total[key] += figure[key]
            held = held and figure["held"]
    finally:
        nursery.close()
    return {"seed": seed, **total, "held": held}
