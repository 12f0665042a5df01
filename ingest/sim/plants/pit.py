"""A mine: coal or ore, shipped by rail."""

from __future__ import annotations

from ingest.sim.kinds import Gauge, PlantKind, Quantity, absence, intensity, output

KIND = PlantKind(
    gauges=(
        output("t/h", 340.0, potentiality=1.3),
        intensity("kWh/t", 24.0),
        absence(6.0),
        Gauge("ventilation", "m3/s", Quantity.STEADY, 210.0, noise=0.004),
    ),
)
