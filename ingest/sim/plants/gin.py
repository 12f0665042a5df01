"""A store of fibre: cotton and wool as farms and ships bring them."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, Shift, absence, goods, made, plan

KIND = PlantKind(
    "light-industry",
    (("fibre", "store", 2),),
    shift=Shift.TWO,
    energy_mwh=0.03,
    goods_d=12.0,
    gauges=(made(), plan(), goods(), absence()),
)
