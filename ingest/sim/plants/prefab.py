"""A yard that casts houses: cement and steel in."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, Shift, absence, cover, energy, made, plan

KIND = PlantKind(
    "building",
    (("houses", "yard", 3),),
    inputs=(Input("kiln", 0.3, Mode.ROAD, 4.0), Input("steelworks", 0.05, Mode.ROAD, 6.0)),
    demand=40.0,
    shift=Shift.DAY,
    energy_mwh=0.02,
    goods_d=6.0,
    gauges=(made(), plan(), cover(), energy(), absence()),
)
