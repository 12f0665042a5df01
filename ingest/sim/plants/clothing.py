"""A clothing works: cloth in, clothes out."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, Shift, absence, cover, energy, made, plan

KIND = PlantKind(
    "light-industry",
    (("clothes", "works", 3),),
    inputs=(Input("weavery", 1.1, Mode.ROAD, 8.0),),
    demand=1.6,
    shift=Shift.DAY,
    energy_mwh=0.5,
    goods_d=7.0,
    gauges=(made(), plan(), cover(), energy(), absence()),
)
