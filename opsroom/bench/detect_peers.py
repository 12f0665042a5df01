"""What people could pick instead, in the same run: HalfSpaceTrees of river, a k-means ensemble as Netdata's.

The ensemble is written here from Netdata's description of its defaults and compiled like our own detectors:
readings differenced once, smoothed over three, with five lags; 18 models of two centres, each trained on
six hours of seconds, a new one every three hours, on a fifth of the samples; a reading is abnormal where
every model finds it so, and the first that does not ends the search.
"""

from __future__ import annotations

import pickle
import time
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from opsroom.bench.detect_tiers import readings

MODELS: Final = 18
LAGS: Final = 5
FEATURES: Final = LAGS + 1
SMOOTH: Final = 3
BEHIND: Final = LAGS + SMOOTH + 1
"""Readings a feature vector looks back."""
TRAIN_READINGS: Final = 21_600
TRAIN_EVERY: Final = 10_800
SAMPLED: Final = 0.2
ROUNDS_MAX: Final = 100
BEYOND: Final = 0.99
TREE_READINGS: Final = 1_000
TREE_WARM: Final = 500


def _feature(values: Any, i: int, out: Any) -> None:
    """Write the vector of reading `i`: smoothed differences, the newest first."""
    for lag in range(FEATURES):
        total = 0.0
        for k in range(SMOOTH):
            at = i - lag - k
            total += values[at] - values[at - 1]
        out[lag] = total / SMOOTH


def _distance(centres: Any, feature: Any) -> float:
    """Give the mean distance to both centres."""
    total = 0.0
    for c in range(2):
        square = 0.0
        for k in range(FEATURES):
            step = feature[k] - centres[c, k]
            square += step * step
        total += np.sqrt(square)
    return total / 2.0


def _share(samples: Any, centres: Any, owner: Any, total: Any, count: Any) -> bool:
    """Give each sample to the nearer centre and add up what each holds; True where one changed hands."""
    moved = False
    for i in range(len(samples)):
        square = np.zeros(2)
        for c in range(2):
            for k in range(FEATURES):
                step = samples[i, k] - centres[c, k]
                square[c] += step * step
        nearest = 0 if square[0] <= square[1] else 1
        moved = moved or nearest != owner[i]
        owner[i] = nearest
        count[nearest] += 1.0
        for k in range(FEATURES):
            total[nearest, k] += samples[i, k]
    return moved


def _train(samples: Any, centres: Any) -> Any:
    """Move two centres by Lloyd's rounds until nothing changes; gives the least and largest distance."""
    n = len(samples)
    owner = np.zeros(n, np.int8)
    centres[0] = samples[0]
    centres[1] = samples[n // 2]
    for _ in range(ROUNDS_MAX):
        total = np.zeros((2, FEATURES))
        count = np.zeros(2)
        moved = _split(samples, centres, owner, total, count)
        for c in range(2):
            if count[c] > 0.0:
                centres[c] = total[c] / count[c]
        if not moved:
            break
    low, high = np.inf, 0.0
    for i in range(n):
        far = _far(centres, samples[i])
        low, high = min(low, far), max(high, far)
    return low, high


def _predict(values: Any, first: int, centres: Any, ends: Any) -> int:
    """Give how many readings from `first` on every model finds abnormal."""
    feature = np.empty(FEATURES)
    found = 0
    for i in range(first, len(values)):
        _vector(values, i, feature)
        abnormal = True
        for m in range(MODELS):
            low, high = ends[m, 0], ends[m, 1]
            if _far(centres[m], feature) < low + BEYOND * (high - low):
                abnormal = False
                break
        found += abnormal
    return found


_vector = njit(nogil=True)(_feature)
_far = njit(nogil=True)(_distance)
_split = njit(nogil=True)(_share)
_fit = njit(nogil=True)(_train)
_judge = njit(nogil=True)(_predict)


def k_means(repeat: int) -> dict[str, Any]:
    """Time the ensemble on one series: prediction, and training shared over the readings it serves."""
    values = readings(TRAIN_READINGS + TRAIN_EVERY, 1)[:, 0]
    samples = _samples(values[:TRAIN_READINGS])
    centres, ends = np.zeros((MODELS, 2, FEATURES)), np.zeros((MODELS, 2))
    for m in range(MODELS):
        ends[m] = _fit(samples[m:], centres[m])
    training, judging = [], []
    for _ in range(repeat + 1):
        start = time.thread_time()
        _fit(_samples(values[:TRAIN_READINGS]), centres[0])
        middle = time.thread_time()
        _judge(values, TRAIN_READINGS, centres, ends)
        training.append(middle - start)
        judging.append(time.thread_time() - middle)
    train, judge = (float(np.median(spent[1:])) / TRAIN_EVERY * 1e6 for spent in (training, judging))
    return {
        "tier": "peer",
        "peer": "k-means-ensemble",
        "series": 1,
        "readings": TRAIN_EVERY,
        "us_per_reading": round(judge + train, 4),
        "of_it_training_us": round(train, 4),
        "bytes_per_series": int(centres.nbytes + ends.nbytes + 4 * TRAIN_READINGS),
    }


def _samples(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the vectors a model is trained on: every fifth, which is the share Netdata draws."""
    places = range(BEHIND, len(values), round(1 / SAMPLED))
    samples = np.empty((len(places), FEATURES))
    for row, i in enumerate(places):
        _vector(values, i, samples[row])
    return samples


def half_space_trees(repeat: int) -> dict[str, Any] | None:
    """Time river's HalfSpaceTrees with its defaults on one series; None where river is not installed."""
    try:
        from river.anomaly import HalfSpaceTrees
    except ImportError:
        return None
    values = readings(TREE_WARM + TREE_READINGS, 1)[:, 0]
    scaled = ((values - values.min()) / (values.max() - values.min())).tolist()  # it expects 0 to 1
    model = HalfSpaceTrees(seed=1)
    for value in scaled[:TREE_WARM]:
        model.learn_one({"value": value})
    spent = []
    for _ in range(repeat):
        start = time.thread_time()
        for value in scaled[TREE_WARM:]:
            model.score_one({"value": value})
            model.learn_one({"value": value})
        spent.append(time.thread_time() - start)
    return {
        "tier": "peer",
        "peer": "river-half-space-trees",
        "series": 1,
        "readings": TREE_READINGS,
        "us_per_reading": round(float(np.median(spent)) / TREE_READINGS * 1e6, 4),
        "bytes_per_series": len(pickle.dumps(model)),
    }
