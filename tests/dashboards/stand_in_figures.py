"""Alarm figures of the stand-in room: a made-up month before `to`, accounted for by the room's own code."""

from __future__ import annotations

import json
import random
from typing import Any

from opsroom.api.answers import encoded
from opsroom.api.figures import as_csv, as_json
from opsroom.catalog import Catalog
from opsroom.figures import Figures, account, gather, table
from opsroom.model import Series, Unit
from opsroom.settings import FiguresSection
from tests.dashboards.stand_in_state import SERIES
from tests.figures.golden import DAY, HOUR, MINUTE, PLANT, Journal, S

LIMITS = FiguresSection()
DAYS = 31


def tree() -> Catalog:
    """Give the position and its series."""
    unit = Unit(id=PLANT, root_id=1, parent_id=None, path="", name="Economy", level_name="nation", depth=0)
    names = enumerate(SERIES, 1)
    return Catalog([unit], [Series(id=n, root_id=1, unit_id=PLANT, name=one[0]) for n, one in names])


def busy(until: int, seed: int = 3) -> Journal:
    """Write a month that ends `until` (us): quiet days, a noisy scale, and a flood near the end."""
    rng, journal = random.Random(seed), Journal()
    start = until - DAYS * DAY

    def live(name: str, at: int, series: int, priority: int, back: int) -> None:
        journal.begin(name, at, series, priority)
        if rng.random() < 0.9:
            journal.then(name, at + rng.randint(10, 400) * S, "acknowledged", note=rng.choice(["", "seen"]))
        journal.then(name, at + back, "recovered")

    for n in range(DAYS * 40):
        priority = rng.choices([1, 2, 3], [6, 18, 76])[0]
        at = start + rng.randrange(DAYS * DAY)
        live(f"quiet-{n}", at, 1 + rng.randrange(len(SERIES)), priority, rng.randint(20, 200) * MINUTE)
    for n in range(DAYS * 4):
        at = start + rng.randrange(DAYS * DAY)
        for again in range(3):
            live(f"scale-{n}-{again}", at + again * 15 * S, 7, 3, 5 * S)
    for n in range(34):
        live(f"flood-{n}", until - 4 * HOUR + n * 25 * S, 1 + n % len(SERIES), 2, HOUR)
    live("pump bearing", until - 3 * DAY, 5, 1, 2 * DAY + 7 * HOUR)
    return journal


def found(since: int, until: int) -> Figures:
    """Account for the span (ms)."""
    edges = [edge for edge in busy(until * 1000).edges() if edge.at < until * 1000]
    return account(gather(edges), since * 1000, until * 1000, LIMITS, position=PLANT)


def told(since: int, until: int) -> dict[str, Any]:
    """Give what the API tells."""
    figures, catalog = found(since, until), tree()
    rows = table(figures, LIMITS)
    said: dict[str, Any] = json.loads(encoded(as_json(figures, rows, catalog.units[PLANT], catalog, LIMITS)))
    return said


def as_file(since: int, until: int) -> str:
    """Give the same as CSV."""
    figures, catalog = found(since, until), tree()
    return as_csv(figures, table(figures, LIMITS), catalog.units[PLANT], catalog)
