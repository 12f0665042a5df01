"""A food plant: grain, sugar or fruit in, food out."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, absence, intensity, output, stock

KIND = PlantKind(
    gauges=(
        output("t/h", 28.0, potentiality=1.25, essential=True, consequence="major", response_s=900.0),
        intensity("kWh/t", 66.0),
        absence(5.5),
        stock(),
    ),
    rhythm=0.025,
)
