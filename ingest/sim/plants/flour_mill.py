"""A flour mill: wheat in, flour out."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, absence, cover, energy, goods, intensity, output

KIND = PlantKind(
    "food",
    (("grain", "mill", 3),),
    inputs=(Input("silo", 1.3, Mode.ROAD, 5.0),),
    demand=6.0,
    essential=True,
    energy_mwh=0.07,
    goods_d=3.0,
    gauges=(
        output(low=0.4),
        cover(0.4, consequence="major", response_s=3600.0),
        goods(),
        energy(),
        intensity(),
        absence(),
    ),
)
