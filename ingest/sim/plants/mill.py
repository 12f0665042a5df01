"""A textile mill: fibre or yarn in, yarn or cloth out."""

from __future__ import annotations

from ingest.sim.kinds import Gauge, PlantKind, Quantity, absence, intensity, output, stock

KIND = PlantKind(
    gauges=(
        output("m/h", 5200.0, potentiality=1.3),
        intensity("kWh/km", 38.0, "energy-per-km"),
        absence(7.0),
        stock(),
        Gauge("humidity", "%", Quantity.STEADY, 64.0, noise=0.01, memory_s=30.0),
    ),
    rhythm=0.025,
)
