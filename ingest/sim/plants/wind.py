"""A wind park: gives what the wind gives."""

from __future__ import annotations

from ingest.sim.kinds import Gauge, PlantKind, Quantity, Role

KIND = PlantKind(
    "energy",
    (("wind", "park", 3),),
    unit="MW",
    role=Role.WIND,
    energy_mwh=0.0,
    gauges=(
        Gauge("output", "MW", Quantity.OUTPUT),
        Gauge("wind-speed", "m/s", Quantity.WIND, noise=0.02),
    ),
)
