"""Simulated plants, each from a seed: faultless ones of every kind a plant is known to be.

Shapes are [instants, series]; NaN is a missing reading. The same seed gives the same values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opsroom.model import QUALITY_GOOD, Columns

Values = NDArray[np.float64]
Shape = tuple[int, int]

START_US: Final = 1_437_264_000_000_000
"""A Sunday's midnight UTC."""
DAY_S: Final = 86_400
HOUR_S: Final = 3_600

TUNING_SEEDS: Final = (101, 102, 103, 104, 105, 106)
"""Constants of detection may be chosen by what happens on these."""
JUDGED_SEEDS: Final = (9001, 9002, 9003)
"""What is published is measured on these; no constant was chosen by them."""


def columns(series: NDArray[np.int32], t: NDArray[np.int64], v: Values) -> Columns:
    """Give good readings."""
    good = np.full(len(t), QUALITY_GOOD, np.uint8)
    return Columns(series.astype(np.int32), t.astype(np.int64), v.astype(float), good)


def matrix(values: Values, period_s: float, start_us: int = START_US) -> Columns:
    """Give [instants, series] as columns in order of time, series ids 1, 2, ...; NaN is left out."""
    instants, series = values.shape
    t = np.repeat(start_us + np.round(np.arange(instants) * period_s * 1e6).astype(np.int64), series)
    got = columns(np.tile(np.arange(1, series + 1), instants), t, values.reshape(-1))
    return got.take(np.isfinite(got.v))


def autoregressive(rng: np.random.Generator, shape: Shape, phi: float) -> Values:
    """Give AR(1) noise with unit innovations."""
    out = rng.normal(size=shape)
    for i in range(1, shape[0]):
        out[i] += phi * out[i - 1]
    return out


def _stationary(rng: np.random.Generator, shape: Shape, phi: float) -> Values:
    """Give AR(1) noise of unit deviation from the first instant on."""
    out = rng.normal(size=shape)
    part = np.sqrt(1.0 - phi * phi)
    for i in range(1, shape[0]):
        out[i] = phi * out[i - 1] + part * out[i]
    return out


def _regime(rng: np.random.Generator, shape: Shape, period_s: float) -> Values:
    """Give a two-state Markov chain, 0.0 or 1.0; each series dwells 2 to 8 hours in the mean."""
    leave = period_s / (HOUR_S * rng.uniform(2.0, 8.0, shape[1]))
    switches = rng.random(shape) < leave
    switches[0] = rng.random(shape[1]) < 0.5  # noqa: PLR2004 - either state is as likely to be the first
    return np.asarray(np.cumsum(switches, axis=0) % 2, float)


def _daily(rng: np.random.Generator, shape: Shape, period_s: float) -> Values:
    """Give a day's course of two harmonics, 2 to 8 deviations high."""
    angle = 2 * np.pi * np.arange(shape[0])[:, None] * period_s / DAY_S
    phase = rng.uniform(0, 2 * np.pi, (2, shape[1]))
    height = rng.uniform(2.0, 8.0, shape[1])
    return np.asarray(height * (np.sin(angle + phase[0]) + 0.4 * np.sin(2 * angle + phase[1])))


def _two_seasons(rng: np.random.Generator, shape: Shape, period_s: float) -> Values:
    """Give a day's course that is lower on two days of seven, with noise that remembers a little."""
    day = (np.arange(shape[0]) * period_s // DAY_S).astype(int)[:, None]
    rest = (day + rng.integers(0, 7, shape[1])) % 7 < 2  # noqa: PLR2004 - a week and its end
    lower = rng.uniform(0.3, 0.8, shape[1])
    return _daily(rng, shape, period_s) * np.where(rest, lower, 1.0) + _stationary(rng, shape, 0.5)


def _levels(rng: np.random.Generator, shape: Shape, period_s: float) -> Values:
    between = rng.uniform(3.0, 8.0, shape[1])
    return between * _regime(rng, shape, period_s) + _stationary(rng, shape, 0.3)


def _variances(rng: np.random.Generator, shape: Shape, period_s: float) -> Values:
    wider = rng.uniform(2.0, 5.0, shape[1])
    return np.where(_regime(rng, shape, period_s) > 0, wider, 1.0) * rng.normal(size=shape)


def _poisson(low: float, high: float) -> Callable[[np.random.Generator, Shape, float], Values]:
    return lambda rng, shape, _: rng.poisson(rng.uniform(low, high, shape[1]), shape).astype(float)


def _ar(phi: float) -> Callable[[np.random.Generator, Shape, float], Values]:
    return lambda rng, shape, _: _stationary(rng, shape, phi)


MIXED: Final[dict[str, Callable[[np.random.Generator, Shape, float], Values]]] = {
    "autoregressive 0": _ar(0.0),
    "autoregressive .5": _ar(0.5),
    "autoregressive .9": _ar(0.9),
    "autoregressive .98": _ar(0.98),
    "Student t3": lambda rng, shape, _: rng.standard_t(3, shape),
    "lognormal": lambda rng, shape, _: rng.lognormal(size=shape),
    "exponential squared": lambda rng, shape, _: rng.exponential(size=shape) ** 2,
    "Poisson small": _poisson(0.5, 5.0),
    "Poisson large": _poisson(50.0, 500.0),
    "rare counts": lambda rng, shape, _: (rng.random(shape) < 0.02) * (1.0 + rng.poisson(3.0, shape)),  # noqa: PLR2004 - two in a hundred
    "day": lambda rng, shape, period_s: _daily(rng, shape, period_s) + _stationary(rng, shape, 0.5),
    "day and week": _two_seasons,
    "level regimes": _levels,
    "variance regimes": _variances,
}
"""Generators of the mixed set by name; each gives values in units of its own noise."""
COUNTS: Final = frozenset({"Poisson small", "Poisson large", "rare counts"})


def mixed(seed: int, series: int = 1000, days: float = 30, period_s: float = 600) -> tuple[list[str], Values]:
    """Give (kind of each series, values [instants, series]) of a faultless plant of all kinds in turn.

    Every series but a count has an offset and a scale of its own. Of ten series one has gaps (2 in 100
    readings missing, and two outages of up to a day in a month), one arrives irregularly (each instant gives
    a reading with probability 1/2).
    """
    names = list(MIXED)
    kinds = [names[i % len(names)] for i in range(series)]
    instants = round(days * DAY_S / period_s)
    values = np.empty((instants, series))
    for k, name in enumerate(names):
        of_kind = range(k, series, len(names))
        if not of_kind:
            continue
        rng = np.random.default_rng([seed, k])
        got = MIXED[name](rng, (instants, len(of_kind)), period_s)
        if name not in COUNTS:
            got = got * 10.0 ** rng.uniform(-2, 3, len(of_kind))
            got += rng.uniform(-10, 10, len(of_kind)) * got.std(axis=0)
        values[:, k :: len(names)] = got
    _lose(np.random.default_rng([seed, len(names)]), values, days, period_s)
    return kinds, values


def gappy(series: int) -> NDArray[np.int64]:
    """Say of each series of `mixed` how it arrives: 0 every instant, 1 with gaps, 2 irregularly."""
    place = np.arange(series) // len(MIXED) % 10
    return np.select([place == 3, place == 7], [1, 2], 0)  # noqa: PLR2004 - one in ten each


def _lose(rng: np.random.Generator, values: Values, days: float, period_s: float) -> None:
    """Make readings missing, in place."""
    instants, series = values.shape
    how = gappy(series)
    loss = np.array([0.0, 0.02, 0.5])[how]
    values[rng.random(values.shape) < loss] = np.nan
    for column in np.nonzero(how == 1)[0]:
        for _ in range(rng.poisson(days / 15.0)):
            first = rng.integers(0, instants)
            values[first : first + round(rng.uniform(2.0, 24.0) * HOUR_S / period_s), column] = np.nan


def clean(  # noqa: C901, PLR0911 - one case a kind
    kind: str, shape: Shape, period_s: float, seed: int
) -> Values:
    """Give faultless series of the named kind (of `KINDS`), all alike; ValueError for another name."""
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
            return (rng.random(shape) < 0.02) * rng.exponential(size=shape) * 10.0  # noqa: PLR2004
        case "counter":
            return np.cumsum(np.abs(noise), axis=0)
        case "shift":  # a plant that works by day, five days a week
            local = np.arange(shape[0])[:, None] * period_s
            works = (local % DAY_S > 8 * 3600) & (local % DAY_S < 18 * 3600) & ((local // DAY_S) % 7 < 5)  # noqa: PLR2004
            return works * (60.0 + 8.0 * noise) + 3.0
        case "constant":
            return np.full(shape, 5.0)
        case _:
            raise ValueError(kind)


KINDS: Final = (
    "white", "ar9", "ar99", "walk", "season", "spiky", "zeros", "counter", "shift", "constant",
)  # fmt: skip
