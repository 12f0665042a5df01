"""What a simulated plant is made of: the words in which `ingest/sim/plants/` describes one kind a file."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from opsroom.model import Orientation

MORE = Orientation.MORE_IS_BETTER
LESS = Orientation.LESS_IS_BETTER


class Quantity(IntEnum):
    """What the dynamics know of every plant, each a pure number that is 1 on an ordinary day."""

    OUTPUT = 0
    STOCK = 1
    INTENSITY = 2
    ABSENCE = 3
    HEAT = 4
    STEADY = 5


class Gauge(NamedTuple):
    """One series of a plant: `nominal` units times a quantity of the dynamics, plus noise.

    `nominal` is the value in `unit` at quantity 1; `noise` the standard deviation relative to it, with memory
    of `memory_s` seconds. `capability` and `potentiality` are relative to `nominal` and make the series an
    indicator; `band` (low, high) too is relative to `nominal`.
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


class PlantKind(NamedTuple):
    """One kind of plant: its gauges, how much power it draws or gives, and how its shifts follow the day.

    `power` is in shares of the grid's load, positive for a generator. `rhythm` is half the swing of output
    over the day, relative to the mean. `carries` is the share of road freight that the plant moves.
    """

    gauges: tuple[Gauge, ...]
    power: float = -1.0
    rhythm: float = 0.04
    carries: float = 0.0


def output(unit: str, capability: float, *, potentiality: float = 1.2, essential: bool = False) -> Gauge:
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
        band=(0.6, None),
        essential=essential,
    )


def intensity(unit: str, nominal: float, name: str = "energy-per-ton") -> Gauge:
    """Give the energy that one unit of output takes, in `unit`: less is better."""
    return Gauge(
        name,
        unit,
        Quantity.INTENSITY,
        nominal,
        orientation=LESS,
        capability=0.96,
        potentiality=0.8,
        band=(None, 1.75),
    )


def absence(nominal: float = 5.0) -> Gauge:
    """Give the share of a shift that did not come, in per cent: less is better."""
    return Gauge(
        "absence",
        "%",
        Quantity.ABSENCE,
        nominal,
        noise=0.05,
        memory_s=40.0,
        orientation=LESS,
        capability=0.75,
        potentiality=0.5,
        band=(None, 2.0),
    )


def stock(hours: float = 1.5) -> Gauge:
    """Give how long the raw material in store lasts, in hours of the simulated day."""
    return Gauge("stock-cover", "h", Quantity.STOCK, hours, noise=0.01, band=(0.2, None))
