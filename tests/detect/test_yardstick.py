"""What a discord says of a series that hardly ever moves."""

from __future__ import annotations

import numpy as np

from tests.detect.streams import opens, run


def test_a_rare_count_is_no_discord_each_time_it_comes() -> None:
    """Its distance is nought but around a count: in a channel of noughts nothing can be infinitely rare."""
    rng = np.random.default_rng(44)
    values = np.zeros((4_000, 1))
    values[[44, 66, 76]] = 2.0
    later = np.arange(300, 4_000, 97)
    values[later, 0] = 1.0 + rng.poisson(3.0, len(later))
    found = opens(run(values, 600.0))
    assert len(found) <= 3
