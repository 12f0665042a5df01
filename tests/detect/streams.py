"""A small driver for the tests of detection; the simulated plants are those the benchmarks use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsroom.bench.streams import KINDS, START_US, autoregressive, clean, columns, matrix
from opsroom.detect import Engine, SeriesSpec, State
from opsroom.model import Columns, Finding

__all__ = [
    "KINDS",
    "START_US",
    "autoregressive",
    "clean",
    "columns",
    "feed",
    "matrix",
    "opens",
    "run",
]


def feed(engine: Engine, state: State, stream: Columns, edges: list[int]) -> tuple[State, list[Finding]]:
    """Step through `stream` cut at `edges`."""
    found: list[Finding] = []
    for a, b in zip([0, *edges], [*edges, len(stream)], strict=True):
        if b > a:
            part = stream.take(np.arange(a, b))
            state, more = engine.step(state, int(part.t[-1]), part)
            found += more
    return state, found


def run(values: NDArray[np.float64], period_s: float, **spec: object) -> list[Finding]:
    """Run a matrix of series of one kind through a new engine."""
    engine = Engine()
    specs = [SeriesSpec(id=i + 1, unit_id=i + 1, **spec) for i in range(values.shape[1])]  # type: ignore[arg-type]
    return feed(engine, engine.configure(engine.blank(), specs), matrix(values, period_s), [])[1]


def opens(found: list[Finding]) -> list[Finding]:
    """Keep what opened an alert."""
    return [f for f in found if f.verb == "open"]
