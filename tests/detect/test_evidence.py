"""Tail probabilities in constant memory: monotone, calibrated, and exact in what they count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from opsroom.detect import evidence
from opsroom.detect import state as layout
from opsroom.detect.evidence import EDGES, FULL, HIGHEST, LOWEST, SIZING, WEIGHT

Floats = NDArray[np.float64]
DRAWS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, n: np.abs(rng.normal(size=n)),
    "exponential": lambda rng, n: rng.exponential(size=n),
    "heavy": lambda rng, n: np.abs(rng.standard_t(3, size=n)),
    "mostly nought": lambda rng, n: np.where(rng.random(n) < 0.8, 0.0, rng.exponential(size=n)),
}


@njit
def _teach(c: Any, xs: Any, independent: float, out: Any) -> None:
    for i in range(len(xs)):
        p, place = evidence.weigh(c, xs[i], independent)
        out[i] = evidence.surprise(p)
        evidence.learn(c, xs[i], place)


@njit
def _ask(c: Any, xs: Any, independent: float, out: Any) -> None:
    for i in range(len(xs)):
        out[i] = evidence.surprise(evidence.weigh(c, xs[i], independent)[0])


def taught(xs: Floats, independent: float = 1.0) -> tuple[Any, Floats]:
    """Give a channel that saw `xs`, and the surprise at each."""
    channel, out = np.zeros(1, layout.CHANNEL), np.empty(len(xs))
    _teach(channel[0], xs, independent, out)
    return channel, out


@settings(deadline=None)  # the first one compiles
@given(
    st.integers(0, 10**6), st.sampled_from(sorted(DRAWS)), st.integers(60, 9_000), st.sampled_from([0.1, 1.0])
)
def test_more_is_never_less_surprising(seed: int, kind: str, count: int, independent: float) -> None:
    rng = np.random.default_rng(seed)
    channel, _ = taught(DRAWS[kind](rng, count), independent)
    asked = np.concatenate([[0.0], np.geomspace(1e-6, 1e9, 600)])
    out = np.empty(len(asked))
    _ask(channel[0], asked, independent, out)
    assert np.isfinite(out).all()
    assert (np.diff(out) >= -1e-12).all()


@pytest.mark.parametrize("kind", ["normal", "exponential", "heavy"])
@pytest.mark.parametrize(("surprise", "within"), [(1.0, 0.15), (2.0, 0.25), (3.0, 0.5)])
def test_surprises_come_as_often_as_they_say(kind: str, surprise: float, within: float) -> None:
    _, said = taught(DRAWS[kind](np.random.default_rng(1), 60_000))
    share = float((said[1_000:] >= surprise).mean())
    assert 1.0 - within <= share / 10.0**-surprise <= 1.0 + within


def test_few_readings_are_not_overrated_much() -> None:
    """Of 400 short pasts, readings said to be one in a thousand come three times as often."""
    rng = np.random.default_rng(2)
    said = np.concatenate([taught(rng.exponential(size=300))[1][150:] for _ in range(400)])
    assert (said >= 3.0).mean() <= 4e-3


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(SIZING, 20_000))
def test_what_is_counted_is_the_histogram_halved_when_full(seed: int, count: int) -> None:
    xs = np.random.default_rng(seed).exponential(size=count)
    channel, _ = taught(xs)
    edges = EDGES.copy()
    edges[0], edges[-1] = -np.inf, np.inf
    counts = np.zeros(layout.BINS, np.int64)
    octaves = np.log2(xs[SIZING:] / channel["scale"][0])
    for place in np.searchsorted(edges, octaves, side="right") - 1:
        counts[place] += WEIGHT
        if counts.sum() >= FULL:
            counts //= 2
    kept = channel["count"].view(np.uint16)[0].astype(np.int64)
    assert kept[: layout.BINS].tolist() == counts.tolist()
    assert not kept[layout.BINS :].any()
    blocks = kept.reshape(-1, layout.BLOCK).sum(axis=1)
    upper = channel["upper"].view(np.uint16)[0]
    assert upper[: layout.BLOCKS].tolist() == np.cumsum(blocks[::-1])[::-1].tolist()
    assert not upper[layout.BLOCKS :].any()
    assert upper[0] < FULL
    fitted = layout.BINS - int(channel["fitted"][0])
    assert channel["above"][0] == kept[fitted:].sum()


def test_a_reading_beyond_a_calm_past_is_rare_not_impossible() -> None:
    """All of the past in the lowest bin: there is no tail to fit."""
    xs = np.concatenate([np.full(SIZING, 100.0), np.full(500, 1e-3)])
    channel, _ = taught(xs)
    out = np.empty(2)
    _ask(channel[0], np.array([20.0, 1e9]), 1.0, out)
    assert (out < 4.0).all()


def test_the_state_is_bounded() -> None:
    assert layout.TAIL.itemsize <= 2_048
    assert sum(part.itemsize for part in layout.PARTS.values()) <= 4_096
    assert np.iinfo(np.uint16).max >= FULL
    assert (np.diff(EDGES) > 0).all()
    assert (EDGES[1], EDGES[-1]) == (LOWEST, HIGHEST)
