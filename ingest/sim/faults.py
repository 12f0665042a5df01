"""What goes wrong in the simulated economy, and when: the truth against which alerts are judged."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ingest.sim.kinds import METERED, Quantity

if TYPE_CHECKING:
    from ingest.sim.layout import Layout

FIRST_S = (20.0, 30.0)
PAUSE_S = (60.0, 80.0)
REST_S = 130.0
HORIZON_S = 24 * 3600.0
FAULT_STREAM = 1


class FaultKind(StrEnum):
    """What can go wrong, in the order in which it first does."""

    OUTAGE = "turbine_outage"
    DRIFT = "kiln_drift"
    TRANSPORT = "transport_collapse"
    SILENCE = "silent_gateway"
    ABSENCE = "absence"


class Shape(NamedTuple):
    """How a kind of fault runs: it grows in `ramp_s` to the factor `depth` and lasts `span_s` in all."""

    plant_kinds: tuple[str, ...]
    quantity: Quantity
    depth: float
    ramp_s: float
    span_s: tuple[float, float]


SHAPES: dict[FaultKind, Shape] = {
    FaultKind.OUTAGE: Shape(("turbine",), Quantity.OUTPUT, 0.08, 2.0, (190.0, 230.0)),
    FaultKind.DRIFT: Shape(("kiln",), Quantity.INTENSITY, 2.6, 60.0, (220.0, 260.0)),
    FaultKind.TRANSPORT: Shape(("fleet",), Quantity.OUTPUT, 0.12, 5.0, (170.0, 220.0)),
    FaultKind.SILENCE: Shape(("pulp", "pit"), Quantity.REPORT, 0.0, 0.1, (150.0, 200.0)),
    FaultKind.ABSENCE: Shape(("mill", "food", "foundry"), Quantity.ABSENCE, 2.8, 20.0, (190.0, 240.0)),
}


class Fault(NamedTuple):
    """One fault, from `start_s` to `end_s` after the live start; `series` are the paths it strikes first."""

    kind: FaultKind
    start_s: float
    end_s: float
    plants: tuple[str, ...]
    series: tuple[str, ...]


class FaultTable(NamedTuple):
    """The faults as arrays of one length F for the dynamics; `plant` (F, P) marks the plants struck."""

    start_s: np.ndarray
    end_s: np.ndarray
    ramp_s: np.ndarray
    depth: np.ndarray
    quantity: np.ndarray
    plant: np.ndarray


def plan_faults(layout: Layout, seed: int, horizon_s: float = HORIZON_S) -> tuple[Fault, ...]:
    """Draw the faults of `horizon_s` seconds after the live start: about three hold at a time, none twice.

    The first is always a turbine outage, 20 to 30 s in, so that somebody who starts the demo sees an alert
    climb at once; every kind follows in turn; after that chance decides among the kinds that have rested.
    """
    random = np.random.Generator(np.random.Philox(key=[seed, FAULT_STREAM]))
    faults: list[Fault] = []
    start_s = float(random.uniform(*FIRST_S))
    kinds = list(FaultKind)
    rested_s = dict.fromkeys(kinds, 0.0)
    while start_s < horizon_s:
        free = [kind for kind in kinds if rested_s[kind] <= start_s]
        if len(faults) < len(kinds):
            free = [kinds[len(faults)]]
        if free:
            fault = _draw(layout, free[int(random.integers(len(free)))], start_s, random)
            faults.append(fault)
            rested_s[fault.kind] = fault.end_s + REST_S
        start_s += float(random.uniform(*PAUSE_S))
    return tuple(faults)


def _draw(layout: Layout, kind: FaultKind, start_s: float, random: np.random.Generator) -> Fault:
    """Place one fault in a plant of its kinds."""
    shape = SHAPES[kind]
    candidates = layout.plants_of(*shape.plant_kinds)
    struck = candidates[int(random.integers(len(candidates)))]
    series = tuple(
        layout.gauge_path(gauge)
        for gauge in range(len(layout.gauges))
        if layout.gauge_place[gauge] == struck
        and layout.gauge_quantity[gauge]
        in (METERED if shape.quantity is Quantity.REPORT else (shape.quantity,))
    )
    end_s = start_s + float(random.uniform(*shape.span_s))
    return Fault(kind, start_s, end_s, (layout.sites[struck].plant,), series)


def tabulate(layout: Layout, faults: tuple[Fault, ...]) -> FaultTable:
    """Turn faults into arrays."""
    shapes = [SHAPES[fault.kind] for fault in faults]
    paths = [site.plant for site in layout.sites]
    return FaultTable(
        start_s=np.array([fault.start_s for fault in faults]),
        end_s=np.array([fault.end_s for fault in faults]),
        ramp_s=np.array([shape.ramp_s for shape in shapes]),
        depth=np.array([shape.depth for shape in shapes]),
        quantity=np.array([shape.quantity for shape in shapes], np.intp),
        plant=np.array([[path in fault.plants for path in paths] for fault in faults], bool).reshape(
            -1, len(paths)
        ),
    )


def effects(table: FaultTable, elapsed_s: float, plants: int) -> np.ndarray:
    """Give what the faults do at `elapsed_s`: factors (quantities, plants), 1 where nothing is wrong."""
    factor = np.ones((len(Quantity), plants))
    for row in np.flatnonzero((table.start_s <= elapsed_s) & (elapsed_s < table.end_s)):
        grown = min(1.0, (elapsed_s - table.start_s[row]) / table.ramp_s[row])
        factor[table.quantity[row], table.plant[row]] *= 1.0 + (table.depth[row] - 1.0) * grown
    return factor
