"""A logging camp."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, Shift, absence, goods, made, plan

KIND = PlantKind(
    "building",
    (("timber", "camp", 2),),
    shift=Shift.DAY,
    energy_mwh=0.005,
    goods_d=5.0,
    gauges=(made(), plan(), goods(), absence()),
)
