"""The triple of DOMAIN 1.4."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.index import productivity, triple
from opsroom.model import Indicator, Orientation

MORE, LESS = Orientation.MORE_IS_BETTER, Orientation.LESS_IS_BETTER


def test_the_worked_example() -> None:
    got = triple(40.0, Indicator(orientation=MORE, capability=60.0, potentiality=100.0))
    assert got[:3] == pytest.approx((2 / 3, 0.6, 0.4))
    assert (got.estimated, got.capability_understated) == (False, False)


def test_less_is_better_inverts_every_ratio() -> None:
    got = triple(40.0, Indicator(orientation=LESS, capability=20.0, potentiality=10.0))
    assert got[:3] == pytest.approx((0.5, 0.5, 0.25))


@pytest.mark.parametrize(("orientation", "latency"), [(MORE, 0.8), (LESS, 0.8)])
def test_an_unknown_potentiality_is_guessed_and_says_so(orientation: Orientation, latency: float) -> None:
    got = triple(40.0, Indicator(orientation=orientation, capability=60.0))
    assert got.latency == pytest.approx(latency)
    assert got.estimated


def test_more_than_capability_is_not_clipped() -> None:
    got = triple(90.0, Indicator(orientation=MORE, capability=60.0))
    assert got.productivity == pytest.approx(1.5)
    assert got.capability_understated


def test_undefined_is_none_and_never_zero() -> None:
    assert triple(0.0, Indicator(orientation=LESS, capability=3.0)).productivity is None
    assert triple(4.0, Indicator(orientation=MORE, capability=0.0)).productivity is None
    assert triple(4.0, Indicator(orientation=MORE))[:3] == (None, None, None)
    assert triple(0.0, Indicator(orientation=MORE, capability=3.0)).productivity == 0.0


@given(st.lists(st.floats(-1e6, 1e6)), st.sampled_from([MORE, LESS]), st.one_of(st.none(), st.floats(0, 1e6)))
def test_many_at_once_equal_one_by_one(
    acts: list[float], orientation: Orientation, capability: float | None
) -> None:
    indicator = Indicator(orientation=orientation, capability=capability)
    one_by_one = [triple(act, indicator).productivity for act in acts]
    many = productivity(acts, indicator)
    for one, got in zip(one_by_one, many.tolist(), strict=True):
        assert (one is None and np.isnan(got)) or one == pytest.approx(got)
