"""Honest and dishonest reports by simulation, walked through the kernels that test them.

`python -m tests.detect.accounts` prints the figures of docs/honest-reporting.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from opsroom.detect import claims, conduct, orders

DAY_US = 86_400_000_000
Floats = NDArray[np.float64]
Verdicts = NDArray[np.int64]
CASES = (
    "independent",
    "passed on a day later",
    "wider only",
    "both alternate",
    "smoothed",
    "slow and wider",
    "swinging, 1 sd",
    "swinging, 1.5 sd",
    "swinging, 2 sd",
)


# Not cached on disk: a cached walk would keep the kernels it was first compiled with.
@njit(nogil=True)
def _claims(r: Any, t: Any, said: Any, got: Any, budget: float, out: Any, of: Any) -> None:
    for i in range(len(t)):
        out[i] = claims.claim(r, t[i], said[i], got[i], budget, budget, r.open != 0)
        of[i] = r.of


@njit(nogil=True)
def _balances(r: Any, t: Any, x: Any, weights: Any, budget: float, out: Any) -> None:
    for i in range(len(t)):
        out[i] = claims.balance(r, t[i], x[i], weights, budget, r.open != 0)


@njit(nogil=True)
def _conduct(r: Any, t: Any, x: Any, target: float, better: int, budget: float, out: Any) -> None:
    for i in range(len(t)):
        out[i] = conduct.move(r, t[i], x[i], target, better, budget, r.smooth + r.heap != 0)


@njit(nogil=True)
def _orders(r: Any, t: Any, demand: Any, ordered: Any, budget: float, out: Any) -> None:
    for i in range(len(t)):
        out[i] = orders.move(r, t[i], demand[i], ordered[i], budget)


@njit(nogil=True)
def _forget(r: Any) -> None:
    claims.forget(r)


@njit(nogil=True)
def _forget_conduct(r: Any) -> None:
    conduct.forget(r)


@njit(nogil=True)
def _accept(r: Any) -> None:
    orders.accept(r)


def instants(n: int, gap_us: int = DAY_US, first: int = 0) -> NDArray[np.int64]:
    """Give `n` instants `gap_us` apart."""
    return 1_700_000_000_000_000 + gap_us * np.arange(first, first + n, dtype=np.int64)


def walk_claims(
    said: Floats,
    got: Floats,
    *,
    learn: int = 100,
    lag: int = 0,
    budget: float = 0.1,
    t: Any = None,
    r: Any = None,
) -> tuple[Verdicts, Verdicts, Any]:
    """Give verdicts, the member each is said of, and the row."""
    r = claims.blank(1) if r is None else r
    r["clean_n"], r["lag"] = learn, lag
    out, of = np.zeros((2, len(said)), np.int64)
    _claims(r[0], instants(len(said)) if t is None else t, said, got, 0.1, out, of)
    return out, of, r[0]


def walk_balances(
    x: Floats, weights: Floats, *, learn: int = 100, budget: float = 0.1
) -> tuple[Verdicts, Any]:
    """Give verdicts and the row of members `x`, shape [n, members]."""
    r = claims.blank(1)
    r["clean_n"] = learn
    out = np.zeros(len(x), np.int64)
    _balances(r[0], instants(len(x)), np.ascontiguousarray(x), weights, 0.1, out)
    return out, r[0]


def walk_conduct(
    x: Floats,
    target: float = 1e9,
    *,
    gap_us: int = DAY_US,
    better: int = 1,
    budget: float = 0.1,
    r: Any = None,
) -> tuple[Verdicts, Any]:
    """Give what is said at each reading, and the row."""
    r = conduct.blank(1) if r is None else r
    out = np.zeros(len(x), np.int64)
    _conduct(r[0], instants(len(x), gap_us), x, target, better, 0.1, out)
    return out, r[0]


def walk_orders(
    demand: Floats, ordered: Floats, *, budget: float = 0.1, r: Any = None
) -> tuple[Verdicts, Any]:
    """Give verdicts and the row."""
    r = orders.blank(1) if r is None else r
    out = np.zeros(len(demand), np.int64)
    _orders(r[0], instants(len(demand)), demand, ordered, 0.1, out)
    return out, r[0]


def autoregressive(rng: np.random.Generator, n: int, phi: float) -> Floats:
    """Give `n` values of unit variance whose neighbours correlate by `phi`."""
    x = rng.standard_normal(n)
    for i in range(1, n):
        x[i] = phi * x[i - 1] + np.sqrt(1.0 - phi * phi) * x[i]
    return x


NOISES: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "heavy (t4)": lambda rng, n: rng.standard_t(4, n) / np.sqrt(2.0),
    "laplace": lambda rng, n: rng.laplace(size=n) / np.sqrt(2.0),
    "phi 0.5": lambda rng, n: autoregressive(rng, n, 0.5),
    "phi 0.9": lambda rng, n: autoregressive(rng, n, 0.9),
}


def claim_run(
    rng: np.random.Generator,
    shift: float,
    length: int,
    *,
    learn: int = 100,
    noise: str = "normal",
    known: bool = False,
) -> tuple[int, int]:
    """Give the reports from the first dressed-up one to the alert (`length` if none), and whom it is said of.

    `known`: centre and deviation are given and not learned.
    """
    r = claims.blank(1)
    got = 100.0 + rng.standard_normal(learn + length)
    said = got + NOISES[noise](rng, learn + length)
    said[learn:] += shift
    if known:
        for key in ("unit", "scale", "size"):
            r[key] = 1.0
        r["n"], r["gap"], said, got, learn = 10**8, DAY_US, said[learn:], got[learn:], 0
    out, of, _ = walk_claims(said, got, learn=learn, r=r)
    hits = np.flatnonzero(out[learn:] == claims.RAISED)
    return (int(hits[0]) + 1, int(of[learn + hits[0]])) if len(hits) else (length, -1)


def conduct_rates(
    noise: str, stretches: int, reps: int, seed: int, gap_us: int = DAY_US
) -> tuple[float, float]:
    """Give false alarms a judged stretch: too smooth, heaped (target at the mean)."""
    rng = np.random.default_rng(seed)
    n = conduct.FIRST + conduct.LEARNED + 2 + conduct.STRETCH * (conduct.KNOWN + stretches)
    said = [walk_conduct(100.0 + 5.0 * NOISES[noise](rng, n), 100.0)[0] for _ in range(reps)]
    judged = reps * stretches
    return (
        sum(int(((s & conduct.SMOOTHED) > 0).sum()) for s in said) / judged,
        sum(int(((s & conduct.HEAPED) > 0).sum()) for s in said) / judged,
    )


def smooth_power(
    cut: float, clean: int, reps: int, seed: int, noise: str = "normal", within: int = 1
) -> float:
    """Give the share found within so many stretches, of noise cut to `cut` after `clean` stretches."""
    rng = np.random.default_rng(seed)
    warm = conduct.FIRST + conduct.LEARNED + 1 + conduct.STRETCH * clean
    found = 0
    for _ in range(reps):
        x = NOISES[noise](rng, warm + within * conduct.STRETCH + 1)
        x[warm:] *= cut
        found += bool((walk_conduct(100.0 + 5.0 * x)[0][warm:] & conduct.SMOOTHED).any())
    return found / reps


def heap_power(share: float, mean: float, reps: int, seed: int, grid: float = 0.0, within: int = 1) -> float:
    """Give the share found within so many stretches of 100 daily reports.

    Of those that fall short of the target by less than a deviation, `share` are lifted to it; the honest
    mean lies `mean` deviations from it.
    """
    rng = np.random.default_rng(seed)
    warm = conduct.FIRST + conduct.LEARNED + 1
    found = 0
    for _ in range(reps):
        x = mean + rng.standard_normal(warm + within * conduct.STRETCH + (31 if grid else 1))
        short = (x < 0.0) & (x > -1.0) & (rng.random(len(x)) < share)
        short[:warm] = False
        x[short] = 0.0
        y = 100.0 + 5.0 * x
        y = np.round(y / grid) * grid if grid else y
        found += bool((walk_conduct(y, 100.0)[0][warm:] & conduct.HEAPED).any())
    return found / reps


def order_case(name: str, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    """Give demand and orders of a named case."""
    white, slow = rng.standard_normal(n), autoregressive(rng, n, 0.3)
    cases = {
        "independent": (white, rng.standard_normal(n)),
        "passed on a day later": (white, np.concatenate([[0.0], white[:-1]])),
        "wider only": (white, 2.0 * rng.standard_normal(n)),
        "both alternate": (autoregressive(rng, n, -0.7), autoregressive(rng, n, -0.7)),
        "smoothed": (slow, 0.5 * slow),
        "slow and wider": (autoregressive(rng, n, 0.8), 2.0 * autoregressive(rng, n, 0.8)),
        "swinging, 1 sd": (slow, slow + autoregressive(rng, n, -0.7)),
        "swinging, 1.5 sd": (slow, slow + 1.5 * autoregressive(rng, n, -0.7)),
        "swinging, 2 sd": (slow, slow + 2.0 * autoregressive(rng, n, -0.7)),
    }
    demand, ordered = cases[name]
    return 100.0 + demand, 100.0 + ordered


def order_rate(name: str, reps: int, seed: int, n: int = 200) -> tuple[float, float]:
    """Give raises a judgement, and the share of runs found within the first 60 instants."""
    rng = np.random.default_rng(seed)
    raised = [walk_orders(*order_case(name, rng, n))[0] == claims.RAISED for _ in range(reps)]
    judgements = n // orders.PART - orders.PARTS + 1
    first = orders.PART * orders.PARTS
    return (
        sum(int(r.sum()) for r in raised) / reps / judgements,
        sum(bool(r[:first].any()) for r in raised) / reps,
    )


def claim_figures() -> Iterator[str]:
    """Word the figures of claims: reports until an alert, of honest and of dressed-up ones."""
    rng = np.random.default_rng(2026)
    cases: list[tuple[str, dict[str, Any]]] = [("known", {"known": True})]
    cases += [(noise, {"noise": noise}) for noise in NOISES]
    cases += [(f"{learn} learned", {"learn": learn}) for learn in (48, 200, 500)]
    for name, more in cases:
        for shift, length in ((0.0, 20_000), (0.5, 2000), (1.0, 1000)):
            runs = np.array([claim_run(rng, shift, length, **more)[0] for _ in range(600)])
            yield f"claim, {name}, {shift} sd: mean {runs.mean():.1f}, median {np.median(runs):.0f}"
    for error in (2.0, 5.0):
        yield f"balance, two meters, {error} sd: {balance_runs(error, 600, 6)}"


def conduct_figures() -> Iterator[str]:
    """Word the figures of smoothness and heaping."""
    for noise in NOISES:
        smooth, heap = conduct_rates(noise, 15, 500, 1)
        yield f"conduct, {noise}: false a stretch, smooth {smooth:.4f}, heaped {heap:.4f}"
    for clean in (3, 10, 20):
        one, more = smooth_power(0.8, clean, 600, 2), smooth_power(0.8, clean, 600, 3, within=3)
        yield f"smooth, {clean} clean, to .8 {one:.2f}, in three {more:.2f}"
        yield f"smooth, {clean} clean, to .6 {smooth_power(0.6, clean, 600, 2):.2f}"
    for share in (0.3, 0.5, 0.8):
        row = [heap_power(share, mean, 400, 4) for mean in (-0.5, 0.0, 0.5)]
        yield f"heaped {share}: {row}, in steps of .2 sd {heap_power(share, 0.0, 400, 4, grid=1.0):.2f}"


def order_figures() -> Iterator[str]:
    """Word the figures of oscillation."""
    for name in CASES:
        rate, found = order_rate(name, 1500, 5)
        yield f"orders, {name}: a judgement {rate:.4f}, within 60 {found:.2f}"


def balance_runs(error: float, reps: int, seed: int, learn: int = 100) -> tuple[float, float, float]:
    """Give, for a meter wrong by `error` of its own deviations: the share of single samples beyond 3 sd.

    Then mean and median number of reports until the alert.
    """
    rng = np.random.default_rng(seed)
    runs, single = [], 0.0
    for _ in range(reps):
        flow = 100.0 + 10.0 * autoregressive(rng, learn + 200, 0.9)
        x = np.stack([flow, flow], 1) + rng.standard_normal((learn + 200, 2))
        x[learn:, 0] += error
        out, _ = walk_balances(x, np.array([1.0, -1.0]), learn=learn)
        hits = np.flatnonzero(out[learn:] == claims.RAISED)
        runs.append(int(hits[0]) + 1 if len(hits) else 200)
        residual = x[learn:, 0] - x[learn:, 1]
        single += float(np.mean(np.abs(residual) > 3.0 * np.sqrt(2.0))) / reps
    return round(single, 2), round(float(np.mean(runs)), 1), float(np.median(runs))


if __name__ == "__main__":
    for line in (*claim_figures(), *conduct_figures(), *order_figures()):
        print(line)
