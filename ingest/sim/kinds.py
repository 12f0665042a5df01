"""What a simulated plant is made of: the words in which `ingest/sim/plants/` describes one kind a file."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from opsroom.model import Orientation

MORE = Orientation.MORE_IS_BETTER
LESS = Orientation.LESS_IS_BETTER


class Quantity(IntEnum):
    """What the dynamics know of every plant, each a pure number that is 1 on an ordinary day.

    Output alone is in shares of capability. `RESERVE` to `HAULAGE` say something of the whole economy;
    `REPORT` is read by no gauge: a fault sets it to 0 and what the plant's gateway meters falls silent.
    """

    OUTPUT = 0
    STOCK = 1
    INTENSITY = 2
    ABSENCE = 3
    HEAT = 4
    STEADY = 5
    BACKLOG = 6
    GOODS = 7
    ENERGY = 8
    SCRAP = 9
    ON_TIME = 10
    RESERVE = 11
    FREQUENCY = 12
    HAULAGE = 13
    REPORT = 14


METERED = (Quantity.INTENSITY, Quantity.STEADY)
"""What goes through the gateway of a plant's meters; the shift reports the rest by another way."""


class Gauge(NamedTuple):
    """One series of a plant: `nominal` units times a quantity of the dynamics, plus noise.

    `nominal` is the value in `unit` at quantity 1; `noise` the standard deviation relative to it, with memory
    of `memory_s` seconds. `capability` and `potentiality` are relative to `nominal` and make the series an
    indicator; `band` (low, high) too is relative to `nominal`. `consequence` and `response_s` are its
    rationalisation record, from which its alerts have their priority.
    """

    name: str
    unit: str
    quantity: Quantity
    nominal: float
    noise: float = 0.01
    memory_s: float = 5.0
    orientation: Orientation | None = None
    capability: float | None = None
    potentiality: float | None = None
    band: tuple[float | None, float | None] | None = None
    essential: bool = False
    consequence: str = "minor"
    response_s: float | None = None


class PlantKind(NamedTuple):
    """One kind of plant: its gauges, how much power it draws or gives, and how its shifts follow the day.

    `power` is in shares of the grid's load, positive for a generator. `rhythm` is half the swing of output
    over the day, relative to the mean.
    """

    gauges: tuple[Gauge, ...]
    power: float = -1.0
    rhythm: float = 0.02


def output(
    unit: str,
    capability: float,
    *,
    potentiality: float = 1.2,
    essential: bool = False,
    consequence: str = "minor",
    response_s: float | None = None,
) -> Gauge:
    """Give the main indicator of a plant: what it makes an hour, `capability` in `unit`."""
    return Gauge(
        "output",
        unit,
        Quantity.OUTPUT,
        capability,
        noise=0.006,
        orientation=MORE,
        capability=1.0,
        potentiality=potentiality,
        band=(0.7, None),
        essential=essential,
        consequence=consequence,
        response_s=response_s,
    )


def intensity(
    unit: str,
    nominal: float,
    name: str = "energy-per-ton",
    *,
    consequence: str = "minor",
    response_s: float | None = None,
) -> Gauge:
    """Give the energy that one unit of output takes, in `unit`: less is better."""
    return Gauge(
        name,
        unit,
        Quantity.INTENSITY,
        nominal,
        orientation=LESS,
        capability=0.94,
        potentiality=0.8,
        band=(None, 1.6),
        consequence=consequence,
        response_s=response_s,
    )


def absence(nominal: float = 5.0) -> Gauge:
    """Give the share of a shift that did not come, in per cent: less is better."""
    return Gauge(
        "absence",
        "%",
        Quantity.ABSENCE,
        nominal,
        noise=0.015,
        memory_s=20.0,
        orientation=LESS,
        capability=0.94,
        potentiality=0.7,
        band=(None, 1.8),
    )


def stock(hours: float = 1.5) -> Gauge:
    """Give how long the raw material in store lasts, in hours of the simulated day."""
    return Gauge("stock-cover", "h", Quantity.STOCK, hours, noise=0.01)
