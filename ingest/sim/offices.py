"""What is measured above the plants: the figures of the nation, its branches and its enterprises.

Each is physically tied to the plants of its scope (paths from below the nation, a path standing for all below
it): the mean of what those plants do, or for the grid and the roads a figure of the whole.
"""

from __future__ import annotations

from typing import NamedTuple

from ingest.sim.kinds import LESS, MORE, Gauge, Quantity
from opsroom.model import Orientation

EVERYWHERE = ("",)
FINAL = (
    "food/bread-capital",
    "light-industry/weaving-south",
    "building-materials/prefab-houses",
    "heavy-industry/machine-building",
    "forestry/pulp-south",
)
GRID = ("energy/hydro-south", "energy/thermal-north")
MARGIN = {MORE: 1.06, LESS: 0.94}
REACH = {MORE: 1.25, LESS: 0.75}


class Office(NamedTuple):
    """One series of a unit above the plants, and the plants that it speaks of."""

    unit: str
    gauge: Gauge
    scope: tuple[str, ...]


def offices(branches: list[str], enterprises: list[str]) -> list[Office]:
    """Give all series above the plants: the nation's, the branches', the enterprises', in this order."""
    found = [Office("", gauge, scope) for gauge, scope in _nation()]
    found += [Office(path, gauge, (path,)) for path in branches for gauge in _branch()]
    found += [Office(path, gauge, (path,)) for path in enterprises for gauge in _enterprise()]
    return found


def _index(
    name: str,
    unit: str,
    quantity: Quantity,
    nominal: float,
    orientation: Orientation,
    *,
    band: tuple[float | None, float | None] | None = None,
    urgency: tuple[str, float | None] = ("minor", None),
    noise: float = 0.016,
) -> Gauge:
    """Give an indicator whose capability lies just beyond the usual; `urgency`: consequence, response_s."""
    usual = 1.0 if quantity is Quantity.OUTPUT else MARGIN[orientation]
    return Gauge(
        name,
        unit,
        quantity,
        nominal,
        noise=noise,
        memory_s=8.0,
        orientation=orientation,
        capability=usual,
        potentiality=usual * REACH[orientation],
        band=band,
        consequence=urgency[0],
        response_s=urgency[1],
    )


def _nation() -> list[tuple[Gauge, tuple[str, ...]]]:
    """Give what the national statistics measure."""
    q = Quantity
    reserve = _index(
        "energy-reserve", "%", q.RESERVE, 17.0, MORE, band=(0.45, None), urgency=("severe", 2700.0)
    )
    haulage = _index("haulage-in-use", "%", q.HAULAGE, 74.0, LESS, band=(None, 1.2), urgency=("major", 900.0))
    goods = _index("final-goods", "t/h", q.OUTPUT, 96.0, MORE, band=(0.72, None), urgency=("major", 900.0))
    food = _index("food-stock", "d", q.GOODS, 24.0, MORE, band=(0.5, None), urgency=("severe", 1200.0))
    return [
        (reserve, EVERYWHERE),
        (Gauge("grid-frequency", "Hz", q.FREQUENCY, 50.0, noise=0.0002, memory_s=3.0), EVERYWHERE),
        (haulage, EVERYWHERE),
        (_index("port-dwell", "h", q.BACKLOG, 19.0, LESS, band=(None, 1.9)), ("transport",)),
        (goods, FINAL),
        (food, ("food",)),
        (_index("bread", "t/h", q.OUTPUT, 31.0, MORE), ("food/bread-capital",)),
        (_index("steel", "t/h", q.OUTPUT, 88.0, MORE), ("heavy-industry/steel-coast",)),
        (_index("cement", "t/h", q.OUTPUT, 126.0, MORE), ("building-materials/cement-valley",)),
        (_index("cloth", "m/h", q.OUTPUT, 5400.0, MORE), ("light-industry/weaving-south",)),
        (_index("electricity", "MW", q.OUTPUT, 330.0, MORE), GRID),
        (_index("coal-stock", "d", q.GOODS, 11.0, MORE), ("energy/coal-basin",)),
        (_index("order-backlog", "d", q.BACKLOG, 16.0, LESS), EVERYWHERE),
        (_index("absence", "%", q.ABSENCE, 5.2, LESS), EVERYWHERE),
        (_index("energy-per-output", "kWh/t", q.INTENSITY, 140.0, LESS), EVERYWHERE),
        (_index("deliveries-on-time", "%", q.ON_TIME, 92.0, MORE, noise=0.012), EVERYWHERE),
    ]


def _branch() -> list[Gauge]:
    """Give what the office of a branch measures."""
    q = Quantity
    return [
        _index("output-index", "%", q.OUTPUT, 100.0, MORE),
        _index("order-backlog", "d", q.BACKLOG, 14.0, LESS),
        _index("stock-days", "d", q.GOODS, 9.0, MORE),
        Gauge("energy-drawn", "MW", q.ENERGY, 42.0, noise=0.025),
        _index("scrap", "%", q.SCRAP, 2.4, LESS),
    ]


def _enterprise() -> list[Gauge]:
    """Give what the head office of an enterprise measures."""
    return [
        _index("orders-on-time", "%", Quantity.ON_TIME, 92.0, MORE, noise=0.012),
        Gauge("payroll-hours", "h", Quantity.STEADY, 410.0, noise=0.01, memory_s=30.0),
    ]
