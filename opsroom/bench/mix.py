"""The readings sent: 40 % two-decimal autoregressive, 20 % counters, 20 % states, 20 % full doubles."""

from __future__ import annotations

from typing import Final

import numpy as np

SHARES: Final = (0.4, 0.6, 0.8)
STATES: Final = 4
MEMORY: Final = 0.95
CHANGE_SHARE: Final = 0.01


def mixed(series: int, instants: int, seed: int = 1) -> np.ndarray:
    """Give values (float64, instants x series) of the mix; equal seeds give equal values.

    >>> mixed(10, 3).shape
    (3, 10)
    """
    random = np.random.default_rng(seed)
    values = np.empty((instants, series))
    slow, counter, state = (round(share * series) for share in SHARES)
    level = random.normal(50.0, 10.0, slow)
    drift = np.zeros(slow)
    for instant in range(instants):
        drift = MEMORY * drift + random.normal(0.0, 1.0, slow)
        values[instant, :slow] = np.round(level + drift, 2)
    steps = random.integers(0, 5, (instants, counter - slow))
    values[:, slow:counter] = np.cumsum(steps, axis=0)
    changes = random.random((instants, state - counter)) < CHANGE_SHARE
    values[:, counter:state] = np.cumsum(changes, axis=0) % STATES
    values[:, state:] = random.normal(0.0, 1.0, (instants, series - state))
    return values


def names(series: int) -> list[str]:
    """Give the names of the series, `s0000` and on."""
    return [f"s{number:04d}" for number in range(series)]
