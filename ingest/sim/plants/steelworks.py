"""A steelworks: ore and coal in, steel out, the largest load of the grid."""

from __future__ import annotations

from ingest.sim.kinds import Gauge, PlantKind, Quantity, absence, intensity, output, stock

KIND = PlantKind(
    gauges=(
        output("t/h", 85.0, potentiality=1.25, essential=True, consequence="major", response_s=900.0),
        intensity("kWh/t", 540.0),
        absence(5.0),
        stock(),
        Gauge("furnace-temperature", "Cel", Quantity.HEAT, 1520.0, noise=0.002, memory_s=15.0),
    ),
    power=-2.0,
    rhythm=0.02,
)
