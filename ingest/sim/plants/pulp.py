"""A pulp and paper mill."""

from __future__ import annotations

from ingest.sim.kinds import Gauge, PlantKind, Quantity, absence, intensity, output

KIND = PlantKind(
    gauges=(
        output("t/h", 44.0, potentiality=1.2, consequence="major", response_s=1500.0),
        intensity("kWh/t", 610.0),
        absence(4.0),
        Gauge("effluent-ph", "[pH]", Quantity.STEADY, 7.2, noise=0.004, memory_s=60.0),
    ),
    power=-2.0,
)
