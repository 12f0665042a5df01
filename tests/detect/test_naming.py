"""The word for an open alert: which of the filter's confirmed changes it takes."""

from __future__ import annotations

import numpy as np
import pytest

from opsroom.model import ChangeKind, Finding, FindingVerb
from tests.detect.streams import START_US, run

AT = 600
PERIOD_US = 600_000_000


def names(values: np.ndarray) -> list[tuple[int, ChangeKind]]:
    """Give (reading, kind) of each naming; one series, a reading every ten minutes."""
    return [(reading(one), one.kind) for one in heard(values) if one.verb is FindingVerb.NAME]


def heard(values: np.ndarray) -> list[Finding]:
    return [one for one in run(values[:, None], 600.0) if one.at >= START_US + AT * PERIOD_US]


def reading(one: Finding) -> int:
    return int((one.at - START_US) // PERIOD_US)


def noise(seed: int, readings: int = AT + 100) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).normal(size=readings))


@pytest.mark.parametrize("seed", range(5))
def test_a_step_keeps_its_name_against_what_comes_after_it(seed: int) -> None:
    values = noise(seed)
    values[AT:] += 12.0
    values[AT + 6] += 15.0
    values[AT + 20] -= 6.0
    found = names(values)
    assert [kind for _, kind in found] == [ChangeKind.STEP]
    assert found[0][0] <= AT + 2


@pytest.mark.parametrize("seed", range(5))
def test_a_spike_is_named_before_its_alert_ends(seed: int) -> None:
    values = noise(seed)
    values[AT] += 25.0
    found = heard(values)
    verbs = [one.verb for one in found if reading(one) <= AT + 5]
    assert verbs.index(FindingVerb.NAME) < verbs.index(FindingVerb.BACK)
    assert names(values)[0][1] is ChangeKind.TRANSIENT


@pytest.mark.parametrize("seed", range(5))
def test_a_step_that_is_taken_back_no_longer_names_what_follows(seed: int) -> None:
    """After both, a climb is a climb of its own."""
    values = noise(seed, AT + 400)
    values[AT : AT + 20] += 12.0
    values[AT + 300 :] += 1.5 * np.arange(100)
    later = [kind for at, kind in names(values) if at >= AT + 300]
    assert later
    assert later[-1] is ChangeKind.SLOPE
