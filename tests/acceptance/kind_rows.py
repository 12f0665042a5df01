"""Rows about what is told beside abnormality: what a unit states, what got better, what came of it."""

from __future__ import annotations

from tests.acceptance.rows import ROWS, Outcome, pytest_outcome


@ROWS.row(
    "capability understated",
    command="pytest tests/stated -k 'not latency and not erod and not slices'",
    limit="12 readings and an hour above the capability and beyond its noise ask the unit anew, in either "
    "orientation; one reading never does; it ends when back or when the parent confirmed; replay equal",
)
def understated() -> Outcome:
    return pytest_outcome("tests/stated", "-k", "not latency and not erod and not slices")


@ROWS.row(
    "latency eroding",
    command="pytest tests/stated -k 'latency or erod or slices or year or confirmed'",
    limit="productivity a twentieth up and latency a twentieth down against the year's highest latency is "
    "told with both ratios then and now; growth, corrections and higher aims are left in peace",
)
def eroding() -> Outcome:
    return pytest_outcome("tests/stated", "-k", "latency or erod or slices or year or confirmed")


@ROWS.row(
    "running clock",
    command="pytest tests/alert/test_running_clock.py tests/room/test_running_clock.py",
    limit="whatever is acknowledged, noted, judged, shelved, suppressed by design, taken out of service or "
    "agreed anew, read badly or as history, in any order, an alert climbs at its deadline and says who "
    "silenced it and why",
)
def running_clock() -> Outcome:
    return pytest_outcome("tests/alert/test_running_clock.py", "tests/room/test_running_clock.py")
