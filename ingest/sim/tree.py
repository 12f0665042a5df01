"""The economy file of the simulated economy: units, series, indicators."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ingest.sim.layout import FLOWS, LEVELS, NATION, PLANTS, Layout, lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.sim.kinds import Gauge

PERIOD_S = 1.0
RECOVERY_S = (20.0, 20.0, 20.0)


def economy_toml(
    layout: Layout | None = None, *, period_s: float = PERIOD_S, recovery_s: Sequence[float] = RECOVERY_S
) -> str:
    """Give `economy.toml`: four levels of units, every gauge with unit, period, band and triple.

    `recovery_s` is one recovery time a level, own level first; the default lets an alert reach the top in
    a minute.
    """
    layout = layout or lay_out()
    lines = ["# The simulated economy of `opsroom demo`.", ""]
    for path, name, level in _units():
        lines += _table("unit", {"path": path, "name": name, "level": LEVELS[level], "time_zone": "UTC"})
    for position, gauge in enumerate(layout.gauges):
        office = layout.gauge_place[position] >= len(layout.sites)
        keys = _series(layout.gauge_path(position), gauge, period_s, recovery_s, office=bool(office))
        lines += _table("series", keys)
    paths = {
        f"{enterprise}/{plant}": f"{branch}/{enterprise}/{plant}" for branch, enterprise, plant, _ in PLANTS
    }
    for source, target, _ in FLOWS:
        lines += _table("flow", {"from": paths[source], "to": paths[target], "coefficient": 1.0})
    return "\n".join(lines)


def _units() -> list[tuple[str, str, int]]:
    """Give (path, name, level) of every unit, parents first."""
    found = {"": (NATION, 0)}
    for branch, enterprise, plant, _ in PLANTS:
        found.setdefault(branch, (_spoken(branch), 1))
        found.setdefault(f"{branch}/{enterprise}", (_spoken(enterprise), 2))
        found.setdefault(f"{branch}/{enterprise}/{plant}", (_spoken(plant), 3))
    return [(path, name, level) for path, (name, level) in found.items()]


def _spoken(part: str) -> str:
    """Give a path's part as people say it: `hydro-south` is Hydro south."""
    return part.replace("-", " ").capitalize()


def _series(
    path: str, gauge: Gauge, period_s: float, recovery_s: Sequence[float], *, office: bool
) -> dict[str, Any]:
    """Give the keys of one series; figures relative to `nominal` are written out in the gauge's unit."""
    keys: dict[str, Any] = {
        "path": path,
        "unit": gauge.unit,
        "period_s": period_s,
        "recovery_s": list(recovery_s),
    }
    if gauge.band is not None:
        low, high = gauge.band
        keys |= {"low": _scaled(low, gauge), "high": _scaled(high, gauge)}
    if gauge.orientation is not None:
        keys |= {
            "orientation": gauge.orientation.value,
            "capability": _scaled(gauge.capability, gauge),
            "potentiality": _scaled(gauge.potentiality, gauge),
        }
    if gauge.essential:
        keys["essential"] = True
    if gauge.response_s is not None:
        keys |= {"consequence": gauge.consequence, "response_s": gauge.response_s}
    if office:
        # Branches and enterprises bear the same names and are no siblings: each has its own usual.
        keys["like"] = path
    return {key: value for key, value in keys.items() if value is not None}


def _scaled(share: float | None, gauge: Gauge) -> float | None:
    """Give a share of `nominal` in the gauge's unit."""
    return None if share is None else round(share * gauge.nominal, 4)


def _table(name: str, keys: dict[str, Any]) -> list[str]:
    """Give one table of an array; JSON's strings, numbers, booleans and lists are TOML's too."""
    return [
        f"[[{name}]]",
        *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()),
        "",
    ]
