"""What happens to the simulated economy: calm, trouble, a strike of the hauliers, a drought. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from ingest.sim.faults import Fault, FaultKind
from ingest.sim.kinds import HOURLY_S, Quantity, Role
from ingest.sim.seasons import REGIONS, ZONE
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from ingest.sim.layout import Layout

HOUR_S: Final = 3600.0
DAY_S: Final = 24.0 * HOUR_S
START: Final = datetime(2023, 10, 9, 3, 0, tzinfo=ZoneInfo(ZONE))
"""A Monday, as the ninth of October 1972 was: the live start of every scenario, before the first shift."""
START_US: Final = round(START.timestamp()) * MICROS_PER_S
FAULT_STREAM: Final = 1
TROUBLE_DAYS: Final = 60


class Scenario(StrEnum):
    """What happens, from the live start on."""

    CALM = "calm"
    TROUBLE = "trouble"
    STRIKE = "strike"
    DROUGHT = "drought"


class Wave(NamedTuple):
    """How the strike takes a region: it begins after so many hours and leaves so much of the lorries."""

    region: str
    start_h: float
    ramp_h: float
    left: float


STRIKE: Final = (
    Wave("south", 3.0, 5.0, 0.10),
    Wave("centre", 27.0, 30.0, 0.15),
    Wave("north", 51.0, 36.0, 0.20),
)
STRIKE_DAYS: Final = 27.0
STRIKE_FADE_D: Final = 4.0
LOYAL_LEFT: Final = 0.45
"""What the last haulier of each region keeps on the road: not everybody strikes."""
DROUGHT_DAYS: Final = 30.0


def plan(layout: Layout, seed: int, scenario: Scenario) -> tuple[Fault, ...]:
    """Give the faults of a scenario in order of their start; equal seeds give equal faults."""
    random = np.random.Generator(np.random.Philox(key=[seed, FAULT_STREAM]))
    if scenario is Scenario.STRIKE:
        found = _strike(layout, random)
    elif scenario is Scenario.TROUBLE:
        found = _trouble(layout, random)
    elif scenario is Scenario.DROUGHT:
        found = _drought(layout)
    else:
        found = []
    return tuple(sorted(found, key=lambda fault: (fault.start_s, fault.unit)))


def _strike(layout: Layout, random: np.random.Generator) -> list[Fault]:
    """Let the lorries stop region by region, the south first; from the fourth week on they come back."""
    made, found = layout.enterprises, []
    hauliers = layout.trucks
    for wave in STRIKE:
        members = hauliers[made.region[hauliers] == REGIONS.index(wave.region)]
        for nth, haulier in enumerate(members.tolist()):
            late_h = 0.0 if nth == 0 else float(random.uniform(1.0, 8.0))
            loyal = nth % 3 == 2  # noqa: PLR2004 - one in three
            start_s = (wave.start_h + late_h) * HOUR_S
            end_s = STRIKE_DAYS * DAY_S + float(random.uniform(0.0, DAY_S))
            found.append(
                Fault(
                    FaultKind.STRIKE,
                    made.paths[haulier],
                    start_s,
                    end_s,
                    LOYAL_LEFT if loyal else wave.left,
                    wave.ramp_h * HOUR_S,
                    STRIKE_FADE_D * DAY_S,
                    (f"{made.paths[haulier]}/lorries",),
                )
            )
    return found


def _drought(layout: Layout) -> list[Fault]:
    """Let the rivers fall: reservoirs get a fiftieth of their water."""
    return [
        Fault(
            FaultKind.DROUGHT,
            layout.enterprises.paths[dam],
            6.0 * HOUR_S,
            DROUGHT_DAYS * DAY_S,
            0.02,
            2.0 * DAY_S,
            2.0 * DAY_S,
            (f"{layout.enterprises.paths[dam]}/reservoir",),
        )
        for dam in layout.roles[Role.HYDRO].tolist()
    ]


class _Shape(NamedTuple):
    """How a fault of ordinary trouble runs: hours it lasts, its depth, hours in which it grows and fades."""

    kind: FaultKind
    hours: tuple[float, float]
    depth: float
    ramp_h: float
    quantity: Quantity


SHAPES: Final = (
    _Shape(FaultKind.OUTAGE, (20.0, 40.0), 0.05, 0.5, Quantity.OUTPUT),
    _Shape(FaultKind.STUCK, (24.0, 48.0), 1.0, 0.0, Quantity.ENERGY),
    _Shape(FaultKind.WASTE, (48.0, 96.0), 1.5, 24.0, Quantity.INTENSITY),
    _Shape(FaultKind.SILENCE, (6.0, 12.0), 0.0, 0.0, Quantity.REPORT),
    _Shape(FaultKind.ABSENCE, (30.0, 60.0), 3.2, 12.0, Quantity.ABSENCE),
    _Shape(FaultKind.SMOOTH, (240.0, 360.0), 1.0, 0.0, Quantity.INTENSITY),
    _Shape(FaultKind.HEAPED, (360.0, 480.0), 1.0, 0.0, Quantity.INTENSITY),
)
REST_H: Final = 48.0
PAUSE_H: Final = (4.0, 12.0)


def _trouble(layout: Layout, random: np.random.Generator) -> list[Fault]:
    """Draw ordinary trouble for two months: one fault about every eight hours, no enterprise twice at a time.

    The first is always a dam's outage three hours in, so that somebody who starts the demo sees an alert
    climb at once; every kind follows in turn, after that chance decides.
    """
    busy = np.zeros(len(layout.enterprises.paths))
    found: list[Fault] = []
    at_h = 3.0
    while at_h < TROUBLE_DAYS * 24.0:
        number = len(found) if len(found) < len(SHAPES) else int(random.integers(len(SHAPES)))
        shape = SHAPES[number]
        free = _struck(layout, shape.quantity, first=not found)
        free = free[busy[free] <= at_h]
        if len(free):
            struck = int(free[random.integers(len(free))])
            end_h = at_h + float(random.uniform(*shape.hours))
            busy[struck] = end_h + REST_H
            found.append(_fault(layout, shape, struck, at_h, end_h))
        at_h += float(random.uniform(*PAUSE_H))
    return found


def _struck(layout: Layout, quantity: Quantity, *, first: bool) -> np.ndarray:
    """Give the enterprises that such a fault may strike: those that measure the quantity."""
    if first:
        return layout.roles[Role.HYDRO]
    gauges = layout.gauges
    if quantity is Quantity.REPORT:
        return layout.roles[Role.MAKER]
    inside = (gauges.quantity == int(quantity)) & (gauges.place < len(layout.enterprises.paths))
    places = np.unique(gauges.place[inside])
    if quantity is Quantity.OUTPUT:
        always = layout.enterprises.shift == 0
        return np.intersect1d(places[always[places]], layout.roles[Role.MAKER])
    return places


def _fault(layout: Layout, shape: _Shape, struck: int, start_h: float, end_h: float) -> Fault:
    """Make one fault of ordinary trouble."""
    gauges = layout.gauges
    own = np.flatnonzero(gauges.place == struck)
    if shape.quantity is Quantity.REPORT:
        series = tuple(gauges.paths[gauge] for gauge in own.tolist())
    else:
        shown = (
            (shape.quantity, Quantity.AVAILABLE) if shape.quantity is Quantity.OUTPUT else (shape.quantity,)
        )
        series = tuple(gauges.paths[gauge] for gauge in own.tolist() if gauges.quantity[gauge] in shown)
    ramp_s = shape.ramp_h * HOUR_S
    return Fault(
        shape.kind,
        layout.enterprises.paths[struck],
        round(start_h * HOUR_S),
        round(end_h * HOUR_S),
        shape.depth,
        ramp_s,
        min(ramp_s, HOURLY_S),
        series,
    )
