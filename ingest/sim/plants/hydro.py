"""A hydroelectric station: follows the load, lives on its reservoir, the snow and the rain."""

from __future__ import annotations

from ingest.sim.kinds import HOURLY_S, MORE, Gauge, PlantKind, Quantity, Role, absence, available

KIND = PlantKind(
    "energy",
    (("hydro", "dam", 4),),
    unit="MW",
    role=Role.HYDRO,
    energy_mwh=0.0,
    gauges=(
        available(potentiality=1.25, consequence="severe", response_s=600.0),
        Gauge("output", "MW", Quantity.OUTPUT),
        Gauge(
            "reservoir",
            "%",
            Quantity.LEVEL,
            HOURLY_S,
            noise=0.001,
            memory_h=6.0,
            orientation=MORE,
            capability=1.25,
            potentiality=1.25,
            band=(0.35, None),
        ),
        absence(),
    ),
)
