"""How often a faultless series shows so much evidence: where `evidence.LINES` comes from.

Simulated series are played with alerts off. A moment is a stretch of readings at which the evidence reaches
s, apart from others by `evidence.APART` readings. The share of readings that begin one falls with s nearly as
a power of ten; a line through its logarithm, between the shares that budgets ask for, is what detection
reckons with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opsroom.bench.streams import START_US, TUNING_SEEDS, matrix, mixed
from opsroom.detect import Engine, SeriesSpec, evidence
from opsroom.detect.shipped import settings_hash
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from opsroom.bench.streams import Values

PERIOD_S: Final = 600
EVIDENCE: Final = np.arange(2.0, 14.0, 0.25)
SHARES: Final = (1e-5, 1e-3)
"""Between a tenth of an alarm and one alarm a week, at ten minutes."""
NEEDED: Final = 10
"""Moments on which a share must rest to count in the line."""


def moments(values: Values, *, discord: bool) -> tuple[NDArray[np.int64], int]:
    """Count for each of EVIDENCE the moments that reach it; gives (counts, readings scored)."""
    instants, count = values.shape
    engine = Engine(discord_share=1e9 if discord else 0.0, discord_series=count if discord else 0)
    specs = [SeriesSpec(id=i + 1, unit_id=i + 1, budget_per_week=0.0) for i in range(count)]
    state = engine.configure(engine.blank(), specs)
    before = np.zeros(count)
    age = np.full((len(EVIDENCE), count), evidence.APART)
    counts, scored = np.zeros(len(EVIDENCE), np.int64), 0
    for i in range(instants):
        part = matrix(values[i : i + 1], PERIOD_S, START_US + i * PERIOD_S * MICROS_PER_S)
        if not len(part):
            continue
        state, _ = engine.step(state, int(part.t[-1]), part)
        own = state.rows["tail"]
        given = np.isfinite(values[i]) & (own["n"] > evidence.WARM)
        # what is kept of the evidence fades; where it stands above that it is this reading's own
        fresh = given & (own["stir"] > 0.9 * before)
        above = fresh[None, :] & (own["stir"][None, :] >= EVIDENCE[:, None])
        counts += (above & (age >= evidence.APART)).sum(axis=1)
        age = np.where(above, 0, age + given[None, :])
        scored += int(given.sum())
        before = own["stir"].copy()
    return counts, scored


def line(counts: NDArray[np.int64], scored: int) -> tuple[float, float]:
    """Give (a, b) of log10(share) = a - b s, weighted by the moments each share rests on."""
    share = counts / scored
    use = (counts >= NEEDED) & (share >= SHARES[0]) & (share <= SHARES[1])
    slope, start = np.polyfit(EVIDENCE[use], np.log10(share[use]), 1, w=np.sqrt(counts[use]))
    return round(float(start), 2), round(float(-slope), 2)


def fit(
    *,
    series: int = 280,
    days: float = 30,
    seeds: Sequence[int] = TUNING_SEEDS,
    done: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Fit both lines on seeds that constants may be chosen on; `done` is called for each seed and line."""
    fitted = {}
    for name, discord in (("without discord", False), ("with discord", True)):
        counts, scored = np.zeros(len(EVIDENCE), np.int64), 0
        for seed in seeds:
            more, readings = moments(mixed(seed, series, days)[1], discord=discord)
            counts, scored = counts + more, scored + readings
            done(f"seed {seed} {name}")
        fitted[name] = {
            "line": line(counts, scored),
            "shipped": evidence.LINES[int(discord)].tolist(),
            "readings": scored,
            "moments": dict(zip(EVIDENCE.tolist(), counts.tolist(), strict=True)),
        }
    return {
        "settings_hash": settings_hash(),
        "series": series,
        "days": days,
        "seeds": list(seeds),
        "lines": fitted,
    }
