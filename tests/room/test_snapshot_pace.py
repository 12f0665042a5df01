"""A restart has little to redo, and copies are not all that a room does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsroom.snapshot_pace import BURST_READINGS, LULL_S, REDO_READINGS, REST, SnapshotPace

EVERY_S = 10.0
beats = st.lists(
    st.tuples(st.floats(0.01, 5.0), st.integers(0, REDO_READINGS), st.floats(0.0, 2.0)),
    min_size=1,
    max_size=80,
)


@given(beats)
def test_copies_have_rest_between_and_leave_little_to_redo(
    some: list[tuple[float, int, float]],
) -> None:
    at, copied, took, since, came = 0.0, 0.0, 0.0, 0, 0.0
    pace = SnapshotPace(EVERY_S, at)
    for step_s, readings, work_s in some:
        at += step_s
        pace.count(readings, at)
        since += readings
        came = at if readings else came
        rested = at - copied >= REST * took
        over = since >= BURST_READINGS and at - came >= LULL_S
        assert pace.due(at) == (rested and (at - copied >= EVERY_S or since >= REDO_READINGS or over))
        if pace.due(at):
            pace.copied(at)
            pace.written(work_s)
            copied, took, since = at, work_s, 0


def test_a_burst_that_is_over_is_worth_a_copy() -> None:
    pace = SnapshotPace(EVERY_S, 0.0)
    pace.count(BURST_READINGS, 1.0)
    pace.count(0, 1.9)
    assert not pace.due(1.0 + LULL_S / 2)
    assert pace.due(1.0 + LULL_S)
    pace.copied(2.0)
    pace.count(BURST_READINGS - 1, 3.0)
    assert not pace.due(5.0)


def test_the_first_one_can_be_due_at_once() -> None:
    pace = SnapshotPace(EVERY_S, 5.0)
    assert not pace.due(5.0)
    pace.at_once()
    assert pace.due(5.0)
