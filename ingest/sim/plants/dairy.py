"""A dairy: milk comes every day or not at all."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, absence, cover, energy, output

KIND = PlantKind(
    "food",
    (("milk", "dairy", 3),),
    inputs=(Input("farm", 1.05, Mode.ROAD, 1.0),),
    demand=11.0,
    essential=True,
    energy_mwh=0.12,
    goods_d=0.8,
    gauges=(
        output(low=0.4, consequence="major", response_s=1500.0),
        cover(0.4, consequence="major", response_s=3600.0),
        energy(),
        absence(),
    ),
)
