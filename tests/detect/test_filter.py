"""The four-state filter against exhaustive enumeration, and the facts of DOMAIN 2.4."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from opsroom.detect import filter as naming
from opsroom.detect.jit import kernel
from opsroom.detect.state import SLOPE, STEP, TRANSIENT, blank_rows
from opsroom.model import ChangeKind
from tests.detect.streams import START_US, opens, run

KIND = {STEP: ChangeKind.STEP, SLOPE: ChangeKind.SLOPE, TRANSIENT: ChangeKind.TRANSIENT}


@kernel
def filter_all(row: Any, t: Any, y: Any, profile: Any, kinds: Any) -> None:
    for i in range(len(y)):
        naming.move(row[0], t[i], y[i], profile)
        kinds[i] = row[0].kind if row[0].fresh else 0


def filtered(y: NDArray[np.float64], profile: str = "A") -> tuple[Any, NDArray[np.int64]]:
    """Give the filter's row after `y`, and the kind confirmed at each reading (0 = none)."""
    row = blank_rows(1)["filter"]
    kinds = np.zeros(len(y), np.int64)
    filter_all(row, np.arange(len(y), dtype=np.int64), y, naming.PROFILES[profile], kinds)
    return row[0], kinds


def enumerate_paths(row: Any, y: NDArray[np.float64], profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the exact P(state of the last reading) from `row` on: every path of states, nothing collapsed."""
    paths = [(float(row["p"][k]), np.array(row["m"][k]), row["c"][k], float(row["s"][k])) for k in range(4)]
    paths = [path for path in paths if path[0] > 0.0]
    degrees, last = float(row["degrees"]), np.zeros(4)
    for value in y:
        grown, last = [], np.zeros(4)
        new = naming.DISCOUNT * degrees + 1.0
        for (weight, m, c, s), j in itertools.product(paths, range(4)):
            rd = s * profile[3, j]
            r11, r12, r22 = c[0] + 2 * c[1] + c[2] + s * profile[2, j] + rd, c[1] + c[2] + rd, c[2] + rd
            q = r11 + s * profile[1, j]
            e = value - m[0] - m[1]
            like = q**-0.5 * (1 + e * e / q / degrees) ** (-(degrees + 1) / 2)
            f = (naming.DISCOUNT * degrees + e * e / q) / new
            mean = np.array([m[0] + m[1] + r11 / q * e, m[1] + r12 / q * e])
            cov = np.array([r11 - r11 * r11 / q, r12 - r11 * r12 / q, r22 - r12 * r12 / q]) * f
            grown.append((weight * profile[0, j] * like, mean, cov, s * f))
            last[j] += grown[-1][0]
        total = sum(path[0] for path in grown)
        paths, degrees, last = [(w / total, m, c, s) for w, m, c, s in grown], new, last / total
    return last


@pytest.mark.parametrize(("shape", "seed"), [("clean", 1), ("step", 2), ("spike", 3), ("slope", 4)])
def test_collapsing_agrees_with_every_path_of_seven_steps(shape: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=30 + 7)
    y[33:] += {"clean": 0.0, "step": 6.0, "spike": 0.0, "slope": 0.0}[shape]
    y[34] += 6.0 if shape == "spike" else 0.0
    y[31:] += np.arange(6) if shape == "slope" else 0.0
    row, _ = filtered(y[:30])
    exact = enumerate_paths(row, y[30:], naming.PROFILE_A)
    after, _ = filtered(y)
    assert after["p"] == pytest.approx(exact, abs=0.03)


def shares(make: Any, at: int, runs: int = 60) -> list[dict[int, int]]:
    """Give, for each of `runs` seeds, how many readings after `at` each kind was first confirmed."""
    found = []
    for seed in range(runs):
        y = np.random.default_rng(seed).normal(size=at + 25)
        make(y)
        _, kinds = filtered(y)
        first: dict[int, int] = {}
        for i in range(at, len(y)):
            first.setdefault(int(kinds[i]), i - at)
        found.append(first)
    return found


def test_a_step_of_six_deviations_is_named_one_or_two_readings_later() -> None:
    def make(y: NDArray[np.float64]) -> None:
        y[200:] += 6.0

    delays = [first.get(STEP, 99) for first in shares(make, 200)]
    assert np.mean([d <= 2 for d in delays]) >= 0.9
    assert min(delays) >= 1  # it first looks like a spike


def test_a_spike_is_certain_one_reading_later() -> None:
    def make(y: NDArray[np.float64]) -> None:
        y[200] += 6.0

    assert np.mean([first.get(TRANSIENT, 99) <= 1 for first in shares(make, 200)]) >= 0.9


def test_a_slope_of_half_a_deviation_is_found_in_a_few_readings() -> None:
    def make(y: NDArray[np.float64]) -> None:
        y[200:] += 0.5 * np.arange(1, len(y) - 199)

    assert np.mean([first.get(SLOPE, 99) <= 12 for first in shares(make, 200)]) >= 0.9


def test_clean_readings_confirm_little_and_the_priors_of_1971_confirm_more_spikes() -> None:
    y = np.random.default_rng(8).normal(size=20_000)
    ours, theirs = (filtered(y, profile)[1][100:] for profile in ("A", "historical"))
    per_thousand = 1000 / len(ours)
    assert ((ours == STEP) | (ours == TRANSIENT)).sum() * per_thousand <= 1.0
    assert 3.0 <= (theirs == TRANSIENT).sum() * per_thousand <= 9.0


def test_the_learned_deviation_is_near_the_true_one() -> None:
    row, _ = filtered(7.0 * np.random.default_rng(9).normal(size=3000))
    deviation = math.sqrt(float(row["p"] @ row["s"]))
    assert 0.75 * 7.0 <= deviation <= 1.05 * 7.0


def test_a_forecast_covers_what_comes_and_widens_with_distance() -> None:
    inside, rng = [], np.random.default_rng(10)
    for _ in range(150):
        y = rng.normal(size=160)
        row, _ = filtered(y[:150])
        mean, deviation = naming.forecast(row, 10, naming.PROFILE_A)
        assert (np.diff(deviation) > 0).all()
        inside.append(abs(y[150:160] - mean) <= 2.0 * deviation)
    assert np.mean(inside) >= 0.93


def test_what_never_moves_starts_nothing() -> None:
    row, kinds = filtered(np.full(200, 5.0))
    assert not kinds.any()
    assert np.isnan(naming.forecast(row, 3, naming.PROFILE_A)[0]).all()


def test_the_filter_names_an_open_alert_and_opens_none() -> None:
    values = np.random.default_rng(3).normal(size=(1600, 1))
    values[1500:] += 8.0
    found = run(values, 600.0)
    assert len(opens(found)) == 1
    names = [f for f in found if f.verb == "name"]
    assert names[0].detector == "filter"
    assert ChangeKind.STEP in {f.kind for f in names}
    step = next(f for f in names if f.kind == ChangeKind.STEP)
    assert step.p is not None
    assert step.p >= 0.5
    assert abs((step.onset or 0) - START_US - 1500 * 600_000_000) <= 2 * 600_000_000
    assert step.direction == 1
