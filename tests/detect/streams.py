"""Seeded streams and a small driver for the tests of detection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsroom.detect import Engine, SeriesSpec, State
from opsroom.model import Columns, Finding

START_US = 1_437_264_000_000_000  # a Sunday's midnight UTC
DAY_S = 86_400


def columns(series: NDArray[np.int32], t: NDArray[np.int64], v: NDArray[np.float64]) -> Columns:
    """Give good readings."""
    return Columns(
        series.astype(np.int32), t.astype(np.int64), v.astype(float), np.full(len(t), 192, np.uint8)
    )


def matrix(values: NDArray[np.float64], period_s: float, start_us: int = START_US) -> Columns:
    """Give [instants, series] as columns in order of time, series ids 1, 2, ...; NaN is a missing reading."""
    instants, series = values.shape
    t = np.repeat(start_us + np.round(np.arange(instants) * period_s * 1e6).astype(np.int64), series)
    got = columns(np.tile(np.arange(1, series + 1), instants), t, values.reshape(-1))
    return got.take(np.isfinite(got.v))


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


def autoregressive(rng: np.random.Generator, shape: tuple[int, int], phi: float) -> NDArray[np.float64]:
    """Give AR(1) noise with unit innovations, [instants, series]."""
    out = rng.normal(size=shape)
    for i in range(1, shape[0]):
        out[i] += phi * out[i - 1]
    return out


def clean(  # noqa: C901, PLR0911 - one case a kind
    kind: str, shape: tuple[int, int], period_s: float, seed: int
) -> NDArray[np.float64]:
    """Give a faultless plant of the named kind, [instants, series]."""
    rng = np.random.default_rng(seed)
    day = 2 * np.pi * np.arange(shape[0])[:, None] * period_s / DAY_S
    noise = rng.normal(size=shape)
    match kind:
        case "white":
            return noise
        case "ar9":
            return autoregressive(rng, shape, 0.9)
        case "ar99":
            return autoregressive(rng, shape, 0.99)
        case "walk":
            return np.cumsum(noise, axis=0)
        case "season":
            return 10.0 * np.sin(day) + noise
        case "spiky":
            return rng.exponential(size=shape) ** 2
        case "zeros":
            return (rng.random(shape) < 0.02) * rng.exponential(size=shape) * 10.0
        case "counter":
            return np.cumsum(np.abs(noise), axis=0)
        case "shift":  # a plant that works by day, five days a week
            local = np.arange(shape[0])[:, None] * period_s
            works = (local % DAY_S > 8 * 3600) & (local % DAY_S < 18 * 3600) & ((local // DAY_S) % 7 < 5)
            return works * (60.0 + 8.0 * noise) + 3.0
        case "constant":
            return np.full(shape, 5.0)
        case _:
            raise ValueError(kind)


KINDS = ("white", "ar9", "ar99", "walk", "season", "spiky", "zeros", "counter", "shift", "constant")
