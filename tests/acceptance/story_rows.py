"""Rows about people: the newcomer's path, and clients nobody here wrote."""

from __future__ import annotations

import json
import sys

from tests.acceptance.rows import ROWS, Outcome, call, pytest_outcome


@ROWS.row(
    "newcomer's path",
    command="pytest tests/story/test_newcomer.py",
    limit="at most 4 keys after sign-in; the name in a second browser and on the plant's socket within 1 s; "
    "the plant's note on the card",
)
def newcomer() -> Outcome:
    code, output, _ = call(
        sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:randomly", "tests/story/test_newcomer.py"
    )
    figures = next((json.loads(line) for line in output.splitlines() if line.startswith('{"keys"')), None)
    if code == 0 and figures is None:
        reasons = [line for line in output.splitlines() if line.startswith("SKIPPED")]
        return Outcome(None, None, "; ".join(reasons))
    return Outcome(figures, code == 0, "" if code == 0 else output[-2000:])


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
