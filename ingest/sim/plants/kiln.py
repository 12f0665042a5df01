"""A cement kiln: heat is everything, and it drifts when the lining wears."""

from __future__ import annotations

from ingest.sim.kinds import Gauge, PlantKind, Quantity, absence, intensity, output

KIND = PlantKind(
    gauges=(
        output("t/h", 62.0, potentiality=1.2),
        intensity("kWh/t", 98.0, consequence="major", response_s=1200.0),
        absence(4.5),
        Gauge("kiln-temperature", "Cel", Quantity.HEAT, 1450.0, noise=0.002, memory_s=15.0),
    ),
)
