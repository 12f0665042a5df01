"""What many simulated worlds amount to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.simulation.world import Verdict


def tally(verdicts: Iterable[Verdict]) -> tuple[dict[str, Any], list[str]]:
    """Count what happened in all of them; then, of each broken one, its line and how to see it again."""
    happened: Counter[str] = Counter()
    seeds, broken = 0, []
    for verdict in verdicts:
        seeds += 1
        happened.update(verdict.counts)
        if verdict.broken:
            broken.append(f"{verdict.line()}; again: {verdict.again()}")
    figure = {
        "seeds": seeds,
        "broken": len(broken),
        "room_killed": happened["room killed"],
        "plants_killed": happened["plant killed"],
        "faults": happened["fault"],
        "records": sum(count for what, count in happened.items() if what.startswith("log ")),
        "edges": sum(count for what, count in happened.items() if what.startswith("edge ")),
        "climbs": happened["edge climbed"],
        "acts": happened["act"],
    }
    return figure, broken
