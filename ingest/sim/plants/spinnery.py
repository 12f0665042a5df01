"""A spinning mill: fibre in, yarn out."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, Shift, absence, cover, energy, goods, made, plan

KIND = PlantKind(
    "light-industry",
    (("yarn", "spinnery", 3),),
    inputs=(Input("gin", 1.12, Mode.ROAD, 9.0),),
    shift=Shift.TWO,
    energy_mwh=2.4,
    goods_d=5.0,
    gauges=(made(), plan(1.3), cover(), goods(), energy(), absence()),
)
