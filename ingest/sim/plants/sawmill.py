"""A sawmill: logs in, timber out."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, Shift, absence, cover, energy, goods, made, plan

KIND = PlantKind(
    "building",
    (("timber", "mill", 3),),
    inputs=(Input("logging", 1.8, Mode.ROAD, 4.0),),
    demand=14.0,
    shift=Shift.TWO,
    energy_mwh=0.05,
    goods_d=6.0,
    gauges=(made(), plan(), cover(), goods(), energy(), absence()),
)
