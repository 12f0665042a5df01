"""A plastics works: feed from the refinery by pipe."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, absence, cover, energy, goods, intensity, output

KIND = PlantKind(
    "light-industry",
    (("plastics", "works", 2),),
    inputs=(Input("refinery", 1.1, Mode.PIPE, 1.0),),
    demand=8.0,
    energy_mwh=0.6,
    goods_d=5.0,
    gauges=(output(low=0.5, potentiality=1.3), cover(), goods(), energy(), intensity(), absence()),
)
