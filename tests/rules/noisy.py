"""A noisy signal that rises to its limit, stays there, and leaves it: what a naive and a guarded rule say."""

from typing import Any

import numpy as np

from opsroom.rule import Rule
from tests.rules.feed import Feed, limit

RISE, STAY, FALL = 60, 600, 120


def signal(seed: int) -> list[tuple[int, float, float]]:
    """Give thirteen hours, a reading a minute: below, ten hours of noise at the limit of 80, below again."""
    rng = np.random.default_rng(seed)
    level = np.concatenate([np.full(RISE, 70.0), np.full(STAY, 80.0), np.full(FALL, 70.0)])
    values = level + rng.normal(0.0, 1.0, len(level))
    return [(1, 60 * n, float(value)) for n, value in enumerate(values)]


def naive() -> Rule:
    return limit(high=80.0)


def guarded() -> Rule:
    return limit(
        high=80.0, deadband=4.0, on_delay_s=120.0, off_delay_s=300.0, chatter_raises=3, chatter_in_s=3600.0
    )


def told(seed: int) -> dict[str, Any]:
    """Count raises and clears of alerts, by rule."""
    found: dict[str, Any] = {}
    for name, rule in (("naive", naive()), ("guarded", guarded())):
        feed = Feed([rule])
        feed.read(signal(seed))
        verbs = [verb for verb, _ in feed.verbs]
        found[name] = {"raises": verbs.count("open"), "clears": verbs.count("back")}
    return found
