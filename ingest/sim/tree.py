"""The economy file of the simulated economy: units, series, indicators, flows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ingest.sim.layout import LEVELS, NATION, Layout
from ingest.sim.seasons import ZONE

if TYPE_CHECKING:
    from ingest.sim.kinds import Gauge

HOUR_S: Final = 3600.0
CONTEXT: Final = 3
"""Siblings judge one another where there are at least so many."""


def economy_toml(layout: Layout) -> str:
    """Give `economy.toml`: four levels, every gauge with unit, period, band, triple and recovery times."""
    lines = [
        "# The simulated economy of `opsroom demo` and `opsroom feed sim`; see docs/simulated-economy.md.",
        f"root = {json.dumps(NATION)}",
        f"levels = {json.dumps(list(LEVELS))}",
        f"time_zone = {json.dumps(ZONE)}",
        "",
    ]
    for path, name in _units(layout):
        lines += _table("unit", {"path": path, "name": name})
    groups = _groups(layout)
    for number, gauge in enumerate(layout.gauges.gauges):
        lines += _table("series", _series(layout, number, gauge, groups[number]))
    flows, gauges = layout.flows, layout.gauges
    paths = layout.enterprises.paths
    weighed = {flow: number for number, flow in enumerate(gauges.flow.tolist()) if flow >= 0}
    for flow, number in weighed.items():
        lines += _table(
            "flow",
            {
                "from": paths[flows.supplier[flow]],
                "to": paths[flows.consumer[flow]],
                "coefficient": float(flows.bin_amount[flows.bin[flow]]),
                "capacity": round(2.0 * float(flows.nominal[flow]), 3),
                "series": gauges.paths[number],
                "usual": float(f"{float(gauges.nominal[number]):.4g}"),
            },
        )
    return "\n".join(lines)


def _units(layout: Layout) -> list[tuple[str, str]]:
    """Give (path, name) of every unit below the nation, parents first."""
    return [(path, _spoken(path)) for path in (*layout.branches, *layout.sectors, *layout.enterprises.paths)]


def _spoken(path: str) -> str:
    """Give a unit's name as people say it: transport/south/trucks-1 is Trucks 1, south."""
    *above, part = path.split("/")
    name = part.replace("-", " ").capitalize()
    return f"{name}, {above[-1]}" if len(above) > 1 else name


def _groups(layout: Layout) -> list[str]:
    """Give the sibling group of each gauge: its kind within the sector, or itself where they are too few."""
    gauges, made = layout.gauges, layout.enterprises
    named = []
    for path, place in zip(gauges.paths, gauges.place.tolist(), strict=True):
        if place >= len(made.paths):
            named.append(path)
            continue
        unit, _, name = path.rpartition("/")
        named.append(f"{unit.rpartition('/')[0]}/{made.kind[place]}/{name}")
    counts: dict[str, int] = {}
    for one in named:
        counts[one] = counts.get(one, 0) + 1
    return [one if counts[one] >= CONTEXT else path for one, path in zip(named, gauges.paths, strict=True)]


def _series(layout: Layout, number: int, gauge: Gauge, group: str) -> dict[str, Any]:
    """Give the keys of one series; figures relative to the nominal are written out in the gauge's unit."""
    nominal = float(layout.gauges.nominal[number])
    low, high = gauge.band or (None, None)
    keys: dict[str, Any] = {
        "path": layout.gauges.paths[number],
        "unit": gauge.unit,
        "period_s": gauge.period_s,
        "like": group,
        "recovery_s": [hours * HOUR_S for hours in gauge.recovery_h],
        "low": _scaled(low, nominal),
        "high": _scaled(high, nominal),
    }
    if gauge.orientation is not None:
        keys |= {
            "orientation": gauge.orientation.value,
            "capability": _scaled(gauge.capability, nominal),
            "potentiality": _scaled(gauge.potentiality, nominal),
        }
    if gauge.essential:
        keys["essential"] = True
    if gauge.response_s is not None:
        keys |= {"consequence": gauge.consequence, "response_s": gauge.response_s}
    return {key: value for key, value in keys.items() if value is not None}


def _scaled(share: float | None, nominal: float) -> float | None:
    """Give a share of the nominal to four digits."""
    return None if share is None else float(f"{share * nominal:.4g}")


def _table(name: str, keys: dict[str, Any]) -> list[str]:
    """Give one table of an array; JSON's strings, numbers, booleans and lists are TOML's too."""
    return [
        f"[[{name}]]",
        *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()),
        "",
    ]
