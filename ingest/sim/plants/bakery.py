"""A bakery of a quarter: flour in, bread out every day."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, absence, cover, energy, output

KIND = PlantKind(
    "food",
    (("bread", "bakery", 5),),
    inputs=(Input("flour_mill", 0.76, Mode.ROAD, 2.0),),
    demand=9.0,
    essential=True,
    energy_mwh=0.3,
    goods_d=0.6,
    gauges=(
        output(low=0.4, essential=True, consequence="major", response_s=1500.0),
        cover(0.4, consequence="major", response_s=3600.0),
        energy(),
        absence(),
    ),
)
