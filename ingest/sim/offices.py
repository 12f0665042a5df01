"""What is measured above the enterprises: the figures of sectors, branches and the nation."""

from __future__ import annotations

from typing import Final

from ingest.sim.kinds import HOURLY_S, LESS, MORE, Gauge, Quantity

INDEX_MEMORY_H: Final = 1.0
SHIFT_S: Final = 28_800.0
"""National statistics are collected once a shift: three readings a day, judged by their bands."""


def _output_index(noise: float) -> Gauge:
    """Give how much of what its enterprises could make in their shifts they made, over the last day."""
    return Gauge(
        "output-index",
        "%",
        Quantity.INDEX,
        HOURLY_S,
        noise=noise,
        memory_h=INDEX_MEMORY_H,
        orientation=MORE,
        capability=1.0,
        potentiality=1.25,
    )


def sector() -> tuple[Gauge, ...]:
    """Give what a sector committee measures: how much of what its enterprises could make they make."""
    return (_output_index(0.004),)


def branch() -> tuple[Gauge, ...]:
    """Give what the office of a branch measures."""
    return (
        _output_index(0.003),
        Gauge(
            "supplied",
            "%",
            Quantity.SUPPLIED,
            HOURLY_S,
            noise=0.004,
            memory_h=6.0,
            orientation=MORE,
            capability=1.0,
            potentiality=1.3,
            band=(0.6, None),
            consequence="major",
            response_s=3600.0,
            recovery_h=(12.0, 24.0),
        ),
        Gauge("energy", "MW", Quantity.ENERGY, noise=0.006, memory_h=0.5),
    )


def nation() -> tuple[Gauge, ...]:
    """Give what the national statistics measure."""
    return (
        Gauge("frequency", "Hz", Quantity.FREQUENCY, noise=0.0002, memory_h=0.2, band=(0.99, None)),
        Gauge("load", "MW", Quantity.LOAD, noise=0.004, memory_h=0.3),
        Gauge(
            "energy-reserve",
            "%",
            Quantity.RESERVE,
            noise=0.01,
            memory_h=0.5,
            band=(0.2, None),
            consequence="severe",
            response_s=2700.0,
        ),
        Gauge(
            "lorries-on-road",
            "%",
            Quantity.ON_ROAD,
            SHIFT_S,
            noise=0.004,
            memory_h=2.0,
            orientation=MORE,
            capability=1.0,
            potentiality=1.15,
            band=(0.7, None),
            essential=True,
            consequence="severe",
            response_s=900.0,
        ),
        Gauge(
            "deliveries",
            "%",
            Quantity.DELIVERED,
            SHIFT_S,
            noise=0.004,
            memory_h=2.0,
            band=(0.6, None),
            consequence="major",
            response_s=1500.0,
        ),
        Gauge(
            "food-stock",
            "d",
            Quantity.FOOD,
            SHIFT_S,
            noise=0.004,
            memory_h=6.0,
            band=(0.6, None),
            essential=True,
            orientation=MORE,
            capability=1.15,
            consequence="severe",
            response_s=3600.0,
        ),
        Gauge(
            "absence",
            "%",
            Quantity.ABSENCE,
            SHIFT_S,
            noise=0.004,
            memory_h=6.0,
            orientation=LESS,
            capability=0.9,
        ),
        Gauge("temperature", "Cel", Quantity.TEMPERATURE, noise=0.004, memory_h=0.5),
    )
