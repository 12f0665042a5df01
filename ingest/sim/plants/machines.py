"""A machine works: castings and steel in, machines out."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, Shift, absence, cover, energy, made, plan

KIND = PlantKind(
    "metals",
    (("machines", "works", 2),),
    inputs=(Input("foundry", 0.8, Mode.ROAD, 8.0), Input("steelworks", 0.4, Mode.ROAD, 8.0)),
    demand=5.0,
    shift=Shift.DAY,
    energy_mwh=0.4,
    goods_d=6.0,
    gauges=(made(), plan(1.3), cover(), energy(), absence()),
)
