"""What a machine does to a room: its disk fills up or crawls, its clock jumps, its descriptors run out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults import crowd, disks, flushes, full, jump, slow
from tests.faults.server import Nursery

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def tmpfs() -> None:
    if reason := disks.why_not():
        pytest.skip(reason)


def test_on_a_full_disk_readings_are_refused_and_people_go_on(
    tmpfs: None, nursery: Nursery, tmp_path: Path
) -> None:
    figure = full.full_disk(nursery, said_in=tmp_path)
    print(figure)
    assert full.held(figure), figure


@pytest.mark.slow
def test_a_slow_disk_makes_groups_larger_and_breaks_no_connection(tmp_path: Path) -> None:
    if reason := flushes.why_not():
        pytest.skip(reason)
    figure = slow.slow_disk(tmp_path, seconds=4)
    print(figure)
    assert figure["ack_p50_ms"] >= slow.DELAY_US // 2000, "the disk was not slow"
    assert figure["ack_p99_ms"] <= 2 * slow.ACK_P99_S * 1000  # measured in earnest by `make accept`
    assert figure["acks"] < figure["batches"] / 4, "nothing was gathered"
    assert figure["closed"] is None


@pytest.mark.slow
def test_an_hour_forth_and_back_raises_nothing_and_moves_no_deadline(tmp_path: Path, slack: float) -> None:
    if reason := jump.why_not():
        pytest.skip(reason)
    figure = jump.jumping_clock(tmp_path)
    print(figure)
    for one in figure.values():
        assert one["false_alerts"] == 0
        assert one["raised_off_s"] < 10 * slack
        assert one["climbed_after_s"] == pytest.approx(0.8, abs=0.6 * slack)


@pytest.mark.slow
def test_when_descriptors_run_out_newcomers_are_told_and_those_inside_go_on(
    tmp_path: Path, slack: float
) -> None:
    if shutil.which("prlimit") is None:
        pytest.skip("prlimit is not installed")
    figure = crowd.crowded(tmp_path)
    print(figure)
    assert figure["newcomer_told"].startswith("HTTP/1.1 503")
    assert figure["acked_s"] < 5 * slack
    assert figure["screen_closed"] is None
