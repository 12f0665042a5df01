"""Power cuts on a loop image, flushes before acknowledgements; skipped where neither may be."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults import flushes, power
from tests.faults.server import Nursery

# One worker shares one nursery and one quiet run; the first room of a fresh clone compiles its detectors.
pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def loop_image() -> None:
    reason = power.why_not()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def tracing() -> None:
    reason = flushes.why_not()
    if reason:
        pytest.skip(reason)


def test_a_power_cut_loses_nothing_acknowledged(loop_image: None, nursery: Nursery) -> None:
    seed = time.time_ns() % 1_000_000
    figure = power.power_cuts(cuts=1, seed=seed, nursery=nursery)
    print(figure)
    assert figure["acked"] >= 50
    assert figure["held"], figure


@pytest.mark.slow
def test_a_disk_that_does_not_flush_is_found_out(loop_image: None, tracing: None, nursery: Nursery) -> None:
    figure = power.power_cuts(cuts=1, seed=1, prefix=power.NO_FSYNC)
    print(figure)
    assert figure["acked"] >= 50
    assert not figure["held"], "the test of power cuts could not fail"


@pytest.mark.slow
def test_every_acknowledgement_follows_a_flush_of_the_log(
    tracing: None, nursery: Nursery, tmp_path: Path
) -> None:
    figure = flushes.flushed_before_acked(tmp_path, batches=40)
    print(figure)
    assert figure["acked_without_a_flush"] == 0
    assert figure["flushes_of_the_log_meanwhile"] >= 40
