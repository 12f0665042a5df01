"""A road haulier: what it does not carry, the enterprises downstream miss."""

from __future__ import annotations

from ingest.sim.kinds import (
    MORE,
    Gauge,
    Input,
    Mode,
    PlantKind,
    Quantity,
    Role,
    Shift,
    absence,
    cover,
)

KIND = PlantKind(
    "transport",
    (("north", "trucks", 3), ("centre", "trucks", 3), ("south", "trucks", 3)),
    inputs=(Input("refinery", 0.006, Mode.ROAD, 5.0),),
    essential=True,
    role=Role.CARRIER,
    shift=Shift.ROAD,
    energy_mwh=0.001,
    gauges=(
        Gauge("carried", "t/h", Quantity.OUTPUT),
        Gauge(
            "lorries",
            "1",
            Quantity.LORRIES,
            noise=0.008,
            memory_h=3.0,
            orientation=MORE,
            capability=1.0,
            potentiality=1.15,
            band=(0.7, None),
            essential=True,
            consequence="severe",
            response_s=900.0,
            recovery_h=(2.0, 3.0, 4.0),
            digits=3,
        ),
        cover(),
        absence(),
    ),
)
