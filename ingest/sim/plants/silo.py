"""A grain silo: wheat as farms and ships bring it."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, absence, goods, output

KIND = PlantKind(
    "food",
    (("grain", "silo", 2),),
    essential=True,
    energy_mwh=0.01,
    goods_d=20.0,
    gauges=(output(), goods(), absence()),
)
