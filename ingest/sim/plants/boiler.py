"""A thermal power station: burns coal, gives power."""

from __future__ import annotations

from ingest.sim.kinds import PlantKind, absence, intensity, output, stock

KIND = PlantKind(
    gauges=(
        output("MW", 90.0, potentiality=1.15, consequence="major", response_s=900.0),
        intensity("GJ/MWh", 10.4, "heat-rate"),
        absence(4.0),
        stock(),
    ),
    power=5.0,
    rhythm=0.025,
)
