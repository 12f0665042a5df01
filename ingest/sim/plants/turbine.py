"""A hydroelectric station: gives power to everyone, needs no freight."""

from __future__ import annotations

from ingest.sim.kinds import Gauge, PlantKind, Quantity, absence, output

KIND = PlantKind(
    gauges=(
        output("MW", 120.0, potentiality=1.25, essential=True, consequence="severe", response_s=600.0),
        absence(3.0),
        Gauge("bearing-temperature", "Cel", Quantity.HEAT, 62.0, noise=0.004, memory_s=20.0),
        Gauge("head", "m", Quantity.STEADY, 84.0, noise=0.001, memory_s=120.0),
    ),
    power=6.0,
    rhythm=0.025,
)
