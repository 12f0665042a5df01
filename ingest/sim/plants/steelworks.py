"""A steelworks: ore and coal in by rail, steel out, the largest load of the grid."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, absence, cover, energy, goods, intensity, output

KIND = PlantKind(
    "metals",
    (("steel", "works", 2),),
    inputs=(Input("iron_mine", 1.5, Mode.RAIL, 12.0), Input("pit", 0.6, Mode.RAIL, 12.0)),
    demand=50.0,
    energy_mwh=0.55,
    goods_d=5.0,
    gauges=(
        output(low=0.5, potentiality=1.25, essential=True, consequence="major", response_s=1500.0),
        cover(),
        goods(),
        energy(),
        intensity(),
        absence(),
    ),
)
