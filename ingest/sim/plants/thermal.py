"""A thermal power station: burns coal, gives power."""

from __future__ import annotations

from ingest.sim.kinds import Gauge, Input, Mode, PlantKind, Quantity, Role, absence, available, cover

KIND = PlantKind(
    "energy",
    (("thermal", "station", 2),),
    unit="MW",
    inputs=(Input("pit", 0.38, Mode.RAIL, 20.0),),
    role=Role.THERMAL,
    energy_mwh=0.0,
    gauges=(
        available(potentiality=1.15, consequence="major", response_s=900.0),
        Gauge("output", "MW", Quantity.OUTPUT),
        cover(0.4, consequence="major", response_s=3600.0),
        absence(),
    ),
)
