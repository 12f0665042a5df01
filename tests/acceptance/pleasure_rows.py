"""Rows about good news: what is told, to whom, and that it calls nobody."""

from __future__ import annotations

from tests.acceptance.rows import ROWS, Outcome, pytest_outcome


@ROWS.row(
    "good news",
    command="pytest tests/room/test_pleasures.py tests/api/test_pleasures.py",
    limit="a lasting improvement in either orientation, no alert; the own unit, and once offered the one "
    "above; replay and snapshot give the same",
)
def good_news() -> Outcome:
    return pytest_outcome("tests/room/test_pleasures.py", "tests/api/test_pleasures.py")


@ROWS.row(
    "good news, screen",
    command="pytest tests/dashboards/test_good.py",
    limit="a line that opens a list, on the phone; no lamp moves, nothing that axe finds, no sideways scroll",
)
def screen() -> Outcome:
    return pytest_outcome("tests/dashboards/test_good.py")
