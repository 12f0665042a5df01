"""A foundry: steel in, castings out."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, Shift, absence, cover, energy, goods, made, plan

KIND = PlantKind(
    "metals",
    (("castings", "foundry", 3),),
    inputs=(Input("steelworks", 1.1, Mode.ROAD, 6.0),),
    demand=3.0,
    shift=Shift.TWO,
    energy_mwh=0.7,
    gauges=(made(), plan(1.4), cover(), goods(), energy(), absence()),
)
