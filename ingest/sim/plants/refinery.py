"""A refinery: oil from its own jetty, fuel out by lorry and by pipe."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, absence, energy, goods, intensity, output

KIND = PlantKind(
    "fuels",
    (("oil", "refinery", 2),),
    demand=25.0,
    energy_mwh=0.06,
    goods_d=8.0,
    essential=True,
    gauges=(
        output(low=0.5, essential=True, consequence="major", response_s=1500.0),
        goods(),
        energy(),
        intensity(),
        absence(),
    ),
)
