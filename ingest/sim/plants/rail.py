"""A railway line: ore, coal and metal."""

from __future__ import annotations

from ingest.sim.kinds import Gauge, PlantKind, Quantity, Role, absence, energy

KIND = PlantKind(
    "transport",
    (("rail", "line", 2),),
    unit="t/h",
    role=Role.CARRIER,
    energy_mwh=0.012,
    gauges=(Gauge("carried", "t/h", Quantity.OUTPUT, band=(0.4, None)), energy(), absence()),
)
