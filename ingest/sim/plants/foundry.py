"""A foundry: metal in, castings and machine parts out."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, absence, intensity, output, stock

KIND = PlantKind(
    gauges=(output("t/h", 12.0, potentiality=1.4), intensity("kWh/t", 720.0), absence(), stock()),
    rhythm=0.02,
)
