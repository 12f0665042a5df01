"""A cooperative of dairy farms."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, absence, goods, output

KIND = PlantKind(
    "food",
    (("milk", "farm", 2),),
    essential=True,
    energy_mwh=0.02,
    goods_d=0.8,
    gauges=(output(), goods(), absence()),
)
