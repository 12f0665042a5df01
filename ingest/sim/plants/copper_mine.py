"""A copper mine: ore to the smelter by rail."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, absence, energy, goods, intensity, output

KIND = PlantKind(
    "mining",
    (("copper", "mine", 3),),
    energy_mwh=0.04,
    goods_d=4.0,
    gauges=(output(low=0.5, potentiality=1.3), goods(), energy(), intensity(), absence()),
)
