"""A road freight depot: what it does not carry, the plants downstream miss."""

from __future__ import annotations

from ingest.sim.kinds import LESS, Gauge, PlantKind, Quantity, absence, output

KIND = PlantKind(
    gauges=(
        output("t/h", 410.0, potentiality=1.2, essential=True, consequence="severe", response_s=900.0),
        Gauge(
            "fuel-per-km",
            "L/km",
            Quantity.INTENSITY,
            0.34,
            orientation=LESS,
            capability=0.94,
            potentiality=0.8,
        ),
        absence(6.5),
        Gauge("road-temperature", "Cel", Quantity.STEADY, 19.0, noise=0.01, memory_s=120.0),
    ),
    power=-0.1,
    rhythm=0.02,
)
