"""What a simulated enterprise is made of: the words in which `ingest/sim/plants/` describes one kind."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from opsroom.model import Orientation

MORE: Final = Orientation.MORE_IS_BETTER
LESS: Final = Orientation.LESS_IS_BETTER
QUICK_S: Final = 600.0
HOURLY_S: Final = 3600.0


class Quantity(IntEnum):
    """What can be measured of a place: an enterprise, a sector, a branch, the nation.

    Up to `LEVEL` of enterprises, the rest of the offices above them; units are in docs/simulated-economy.md.
    `REPORT` is measured by no gauge: a fault sets it and the place falls silent. `RECEIVED` is of a flow:
    what comes from one supplier, read at the gate of its consumer.
    """

    OUTPUT = 0
    COVER = 1
    GOODS = 2
    ENERGY = 3
    INTENSITY = 4
    ABSENCE = 5
    LORRIES = 6
    WIND = 7
    LEVEL = 8
    INDEX = 9
    DELIVERED = 10
    SUPPLIED = 11
    RESERVE = 12
    FREQUENCY = 13
    ON_ROAD = 14
    FOOD = 15
    TEMPERATURE = 16
    LOAD = 17
    AVAILABLE = 18
    PLAN = 19
    REPORT = 20
    RECEIVED = 21


class Mode(StrEnum):
    """How goods travel from a supplier to a consumer."""

    ROAD = "road"
    RAIL = "rail"
    PIPE = "pipe"


class Shift(IntEnum):
    """When an enterprise works, by local time: always; two shifts; by day; as lorries do."""

    ALWAYS = 0
    TWO = 1
    DAY = 2
    ROAD = 3


class Role(StrEnum):
    """What an enterprise is to the dynamics."""

    MAKER = "maker"
    HYDRO = "hydro"
    THERMAL = "thermal"
    WIND = "wind"
    CARRIER = "carrier"


class Input(NamedTuple):
    """Raw material: `amount` t of what `kind` makes for one unit of output; `cover_d` days in store."""

    kind: str
    amount: float
    mode: Mode
    cover_d: float


class Gauge(NamedTuple):
    """One series: a quantity of its place with the noise of its instrument.

    `noise` is relative to the value, with a memory of `memory_h` hours. `capability`, `potentiality` and
    `band` are relative to the nominal value of the quantity at its place. `recovery_h` holds hours a level,
    own level first. `consequence` and `response_s` give the priority of its alerts. `digits` are what the
    instrument shows.
    """

    name: str
    unit: str
    quantity: Quantity
    period_s: float = QUICK_S
    noise: float = 0.006
    memory_h: float = 0.3
    orientation: Orientation | None = None
    capability: float | None = None
    potentiality: float | None = None
    band: tuple[float | None, float | None] | None = None
    essential: bool = False
    consequence: str = "minor"
    response_s: float | None = None
    recovery_h: tuple[float, ...] = (8.0, 24.0, 48.0)
    digits: int = 4


class PlantKind(NamedTuple):
    """One kind of enterprise.

    `sites` are (sector, stem, count): `("copper", "mine", 3)` is copper/mine-1 to copper/mine-3 of `branch`.
    `demand` is what one of them sells to households and abroad, in `unit`; the demand of other enterprises
    comes on top, and capacity follows from both. `energy_mwh` is drawn for one unit of output, `goods_d` the
    days of output that the store of finished goods aims at.
    """

    branch: str
    sites: tuple[tuple[str, str, int], ...]
    unit: str = "t/h"
    inputs: tuple[Input, ...] = ()
    demand: float = 0.0
    essential: bool = False
    role: Role = Role.MAKER
    shift: Shift = Shift.ALWAYS
    energy_mwh: float = 0.1
    goods_d: float = 3.0
    gauges: tuple[Gauge, ...] = ()


def output(
    unit: str = "t/h",
    *,
    name: str = "output",
    potentiality: float = 1.2,
    low: float = 0.5,
    essential: bool = False,
    consequence: str = "minor",
    response_s: float | None = None,
) -> Gauge:
    """Give what a kind that never rests makes in an hour."""
    return Gauge(
        name,
        unit,
        Quantity.OUTPUT,
        orientation=MORE,
        capability=1.03,
        potentiality=1.03 * potentiality,
        band=(low, None),
        essential=essential,
        consequence=consequence,
        response_s=response_s,
        recovery_h=(8.0, 24.0, 48.0) if consequence == "minor" else (4.0, 8.0, 12.0),
    )


def made() -> Gauge:
    """Give what a kind that works in shifts makes in an hour: nothing by night, so it is no indicator."""
    return Gauge("output", "t/h", Quantity.OUTPUT)


def plan(potentiality: float = 1.25) -> Gauge:
    """Give how much of its plan a kind that works in shifts made over the last day."""
    return Gauge(
        "plan",
        "%",
        Quantity.PLAN,
        HOURLY_S,
        noise=0.004,
        memory_h=1.0,
        orientation=MORE,
        capability=1.08,
        potentiality=1.08 * potentiality,
        band=(0.6, None),
    )


def available(*, potentiality: float, consequence: str, response_s: float) -> Gauge:
    """Give the power that a station could give now, whether it is asked for or not."""
    return Gauge(
        "available",
        "MW",
        Quantity.AVAILABLE,
        noise=0.004,
        memory_h=1.0,
        orientation=MORE,
        capability=1.0,
        potentiality=potentiality,
        band=(0.6, None),
        essential=True,
        consequence=consequence,
        response_s=response_s,
        recovery_h=(2.0, 3.0, 4.0),
    )


def cover(low: float = 0.4, *, consequence: str = "minor", response_s: float | None = None) -> Gauge:
    """Give how many days the scarcest raw material lasts; `low` is a share of the days aimed at."""
    return Gauge(
        "stock-cover",
        "d",
        Quantity.COVER,
        HOURLY_S,
        noise=0.008,
        memory_h=2.0,
        band=(low, None),
        consequence=consequence,
        response_s=response_s,
        recovery_h=(6.0, 12.0, 24.0),
    )


def goods() -> Gauge:
    """Give what lies finished in the store."""
    return Gauge("goods", "t", Quantity.GOODS, HOURLY_S, noise=0.006, memory_h=2.0)


def energy() -> Gauge:
    """Give the power drawn."""
    return Gauge("energy", "MW", Quantity.ENERGY, noise=0.01, memory_h=0.5)


def intensity() -> Gauge:
    """Give the energy that a unit of output takes: less is better; for what never rests."""
    return Gauge(
        "energy-per-unit",
        "kW.h/t",
        Quantity.INTENSITY,
        HOURLY_S,
        noise=0.008,
        memory_h=4.0,
        orientation=LESS,
        capability=0.96,
        potentiality=0.8,
        band=(None, 1.35),
    )


def absence() -> Gauge:
    """Give the share of a shift that did not come, in per cent: less is better."""
    return Gauge(
        "absence",
        "%",
        Quantity.ABSENCE,
        HOURLY_S,
        noise=0.015,
        memory_h=1.0,
        orientation=LESS,
        capability=0.9,
        potentiality=0.6,
        band=(None, 2.2),
        digits=3,
    )
