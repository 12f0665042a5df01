"""An iron mine: ore to the steelworks by rail."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, absence, energy, goods, output

KIND = PlantKind(
    "metals",
    (("iron", "mine", 3),),
    demand=30.0,
    energy_mwh=0.03,
    goods_d=5.0,
    gauges=(output(low=0.5), goods(), energy(), absence()),
)
