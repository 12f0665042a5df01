"""A nitrate field: salt to the port by rail, abroad by ship."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, absence, energy, goods, intensity, output

KIND = PlantKind(
    "mining",
    (("nitrate", "field", 3),),
    demand=24.0,
    energy_mwh=0.09,
    goods_d=6.0,
    gauges=(output(low=0.5, potentiality=1.3), goods(), energy(), intensity(), absence()),
)
