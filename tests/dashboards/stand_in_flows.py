"""Links between the branches of the stand-in room."""

from __future__ import annotations

from typing import Any

NAMES = {
    "copper": "Copper",
    "textile": "Textile",
    "energy": "Energy",
    "light-industry": "Light industry",
    "transport": "Transport",
}
LINKS = (
    ("copper", "light-industry", 12.0, 0.96),
    ("energy", "copper", 40.0, 1.0),
    ("energy", "textile", 22.0, 0.97),
    ("textile", "light-industry", 18.0, 0.93),
    ("light-industry", "transport", 30.0, 0.31),
    ("copper", "transport", 26.0, 0.99),
    ("transport", None, 48.0, None),
)
"""From, to (None: outside), usual rate, share that flows (None: nothing measures it)."""


def flows(now: int, *, starved: bool = True) -> list[dict[str, Any]]:
    """Give the links; one leads outside and is not measured, one may be `starved`. `now` in ms."""
    rows = [row if starved or row[3] is None else (*row[:3], 1.0) for row in LINKS]
    return [link(*row, now=now) for row in rows]


def link(source: str, target: str | None, usual: float, share: float | None, *, now: int) -> dict[str, Any]:
    """Give one link of the flow chart as the feed tells it."""
    known = share is not None
    starved = share is not None and share < 0.5
    return {
        "from": source,
        "from_name": NAMES.get(source, source),
        "from_inside": True,
        "to": target,
        "to_name": "" if target is None else NAMES.get(target, target),
        "to_inside": target is not None,
        "unit": "t/h",
        "names": [],
        "flows": 1,
        "measured": int(known),
        "starved_flows": int(starved),
        "flow": None if share is None else round(share * usual, 2),
        "usual": usual,
        "share": share,
        "starved": starved,
        "t": now if known else None,
        "grey_s": 180 if known else None,
    }
