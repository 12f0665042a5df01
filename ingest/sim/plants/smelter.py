"""A copper smelter: ore in, copper out to the port by rail, a great load of the grid."""

from __future__ import annotations

from ingest.sim.kinds import Input, Mode, PlantKind, absence, cover, energy, intensity, output

KIND = PlantKind(
    "mining",
    (("copper", "smelter", 1),),
    inputs=(Input("copper_mine", 3.4, Mode.RAIL, 6.0),),
    demand=45.0,
    energy_mwh=1.6,
    goods_d=6.0,
    gauges=(
        output(low=0.5, essential=True, consequence="major", response_s=1500.0),
        cover(),
        energy(),
        intensity(),
        absence(),
    ),
)
