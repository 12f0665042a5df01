"""A cement works: its own quarry, coal by rail."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, absence, cover, energy, goods, intensity, output

KIND = PlantKind(
    "building",
    (("cement", "kiln", 3),),
    inputs=(Input("pit", 0.13, Mode.RAIL, 12.0),),
    demand=30.0,
    energy_mwh=0.11,
    goods_d=4.0,
    gauges=(output(low=0.5), cover(), goods(), energy(), intensity(), absence()),
)
