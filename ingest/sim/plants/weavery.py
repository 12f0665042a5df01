"""A weaving mill: yarn in, cloth out."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, Shift, absence, cover, energy, goods, made, plan

KIND = PlantKind(
    "light-industry",
    (("cloth", "weavery", 3),),
    inputs=(Input("spinnery", 1.06, Mode.ROAD, 7.0),),
    demand=0.6,
    shift=Shift.TWO,
    energy_mwh=1.8,
    goods_d=5.0,
    gauges=(made(), plan(1.3), cover(), goods(), energy(), absence()),
)
