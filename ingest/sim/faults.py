"""What goes wrong in the simulated economy, where and when: the truth against which alerts are judged."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from ingest.sim.kinds import LESS, Quantity

if TYPE_CHECKING:
    from ingest.sim.layout import Layout


class FaultKind(StrEnum):
    """What can go wrong: first with the enterprise itself, then with what it says of itself."""

    OUTAGE = "outage"
    STRIKE = "strike"
    ABSENCE = "absence"
    WASTE = "waste"
    DROUGHT = "drought"
    STUCK = "stuck_sensor"
    SILENCE = "silence"
    SMOOTH = "smoothed_reports"
    HEAPED = "heaped_reports"


PHYSICAL: Final = {
    FaultKind.OUTAGE: Quantity.OUTPUT,
    FaultKind.STRIKE: Quantity.LORRIES,
    FaultKind.ABSENCE: Quantity.ABSENCE,
    FaultKind.WASTE: Quantity.INTENSITY,
    FaultKind.DROUGHT: Quantity.LEVEL,
    FaultKind.SILENCE: Quantity.REPORT,
}
"""The quantity of the place that a fault multiplies; the rest strike single gauges."""
SMOOTHED_TO: Final = 0.2
"""What is left of the ups and downs of a smoothed report."""
REACH: Final = 0.05
"""How far short of the target a heaped report may have been, relative to the target."""


class Fault(NamedTuple):
    """One fault of one unit, in seconds after the live start.

    It grows from `start_s` for `ramp_s`, holds, and fades for `fade_s` up to `end_s`. At its full size the
    quantity it strikes is multiplied by `depth`. `series` are the paths that show it first.
    """

    kind: FaultKind
    unit: str
    start_s: float
    end_s: float
    depth: float
    ramp_s: float
    fade_s: float
    series: tuple[str, ...]

    def told(self, began: float) -> dict[str, Any]:
        """Give it as one line of the truth file; `began` is the live start (epoch s)."""
        return {
            "kind": self.kind.value,
            "unit": self.unit,
            "series": list(self.series),
            "from": round(began + self.start_s),
            "to": round(began + self.end_s),
            "depth": self.depth,
        }


class FaultTable(NamedTuple):
    """Faults as arrays (R); `quantity` and `place` say what a physical one multiplies.

    `reported` (R) is which reports of gauge `gauge` (R) are touched: 0 none, 1 stuck, 2 smoothed, 3 heaped.
    """

    start_s: np.ndarray
    end_s: np.ndarray
    ramp_s: np.ndarray
    fade_s: np.ndarray
    depth: np.ndarray
    quantity: np.ndarray
    place: np.ndarray
    reported: np.ndarray
    gauge: np.ndarray


STUCK, SMOOTHED, HEAPED = 1, 2, 3
_REPORTED: Final = {FaultKind.STUCK: STUCK, FaultKind.SMOOTH: SMOOTHED, FaultKind.HEAPED: HEAPED}


def tabulate(layout: Layout, faults: tuple[Fault, ...]) -> FaultTable:
    """Turn faults into arrays."""
    places = {path: number for number, path in enumerate(layout.places)}
    gauges = {path: number for number, path in enumerate(layout.gauges.paths)}
    return FaultTable(
        start_s=np.array([fault.start_s for fault in faults]),
        end_s=np.array([fault.end_s for fault in faults]),
        ramp_s=np.array([fault.ramp_s for fault in faults]),
        fade_s=np.array([fault.fade_s for fault in faults]),
        depth=np.array([fault.depth for fault in faults]),
        quantity=np.array([int(PHYSICAL.get(fault.kind, -1)) for fault in faults], np.intp),
        place=np.array([places[fault.unit] for fault in faults], np.intp),
        reported=np.array([_REPORTED.get(fault.kind, 0) for fault in faults], np.intp),
        gauge=np.array([gauges[fault.series[0]] if fault.series else -1 for fault in faults], np.intp),
    )


def effects(table: FaultTable, elapsed_s: float, places: int) -> np.ndarray:
    """Give what physical faults do at `elapsed_s`: factors (quantities, places), 1 where nothing is wrong."""
    factor = np.ones((len(Quantity), places))
    for row in np.flatnonzero((table.start_s <= elapsed_s) & (elapsed_s < table.end_s)).tolist():
        if table.quantity[row] < 0:
            continue
        grown = min(1.0, (elapsed_s - table.start_s[row]) / max(table.ramp_s[row], 1.0))
        left = min(1.0, (table.end_s[row] - elapsed_s) / max(table.fade_s[row], 1.0))
        share = max(0.0, min(grown, left))
        factor[table.quantity[row], table.place[row]] *= 1.0 + (table.depth[row] - 1.0) * share
    return factor


def reported(
    table: FaultTable, layout: Layout, elapsed_s: float, values: np.ndarray, last: np.ndarray
) -> np.ndarray:
    """Give what is reported (G) of what is measured (`values`): sensors stick, managers embellish.

    `last` (G) is what each gauge reported before.
    """
    found = values
    for row in np.flatnonzero(
        (table.reported > 0) & (table.start_s <= elapsed_s) & (elapsed_s < table.end_s)
    ).tolist():
        if found is values:
            found = values.copy()
        gauge = int(table.gauge[row])
        if table.reported[row] == STUCK:
            found[gauge] = last[gauge]
        elif table.reported[row] == SMOOTHED:
            found[gauge] = last[gauge] + SMOOTHED_TO * (values[gauge] - last[gauge])
        else:
            found[gauge] = _heaped(layout, gauge, float(values[gauge]))
    return found


def _heaped(layout: Layout, gauge: int, value: float) -> float:
    """Lift a report that fell a little short of the target to the target."""
    one = layout.gauges.gauges[gauge]
    assert one.capability is not None, "only indicators with a capability are embellished"
    target = float(one.capability * layout.gauges.nominal[gauge])
    sign = -1.0 if one.orientation is LESS else 1.0
    short = sign * (target - value)
    return target if 0.0 < short <= REACH * target else value
