"""Rows about people: the newcomer's path, and clients nobody here wrote."""

from __future__ import annotations

from tests.acceptance.rows import ROWS, Outcome, pytest_outcome


@ROWS.row(
    "newcomer's path",
    command="pytest tests/story/test_newcomer.py",
    limit="at most 4 keys after sign-in; the name in a second browser and on the plant's socket within 1 s; "
    "the plant's note on the card",
)
def newcomer() -> Outcome:
    return pytest_outcome("tests/story/test_newcomer.py")


@ROWS.row(
    "websocat",
    command="pytest tests/ingest -k websocat",
    limit="2,000 casual lines sent, 2,000 readings stored",
)
def websocat() -> Outcome:
    return pytest_outcome("tests/ingest", "-k", "websocat")


@ROWS.row(
    "ten minutes without server",
    command="pytest tests/ingest -k ten_minutes",
    limit="nothing lost, order kept",
)
def ten_minutes() -> Outcome:
    return pytest_outcome("tests/ingest", "-k", "ten_minutes")
