"""A coal pit: everything it makes leaves by rail."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, absence, energy, goods, output

KIND = PlantKind(
    "fuels",
    (("coal", "pit", 3),),
    demand=12.0,
    energy_mwh=0.03,
    goods_d=5.0,
    gauges=(output(low=0.5), goods(), energy(), absence()),
)
