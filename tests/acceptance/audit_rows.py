"""Rows about declared audits: what one opens, to whom, and that both sides see it."""

from __future__ import annotations

from tests.acceptance.rows import ROWS, Outcome, pytest_outcome


@ROWS.row(
    "declared audit, rights",
    command="pytest tests/api/test_audits.py tests/room/test_audits.py tests/access/test_rights.py",
    limit="reading of one unit or series, by every query and the feed; no act; no third unit; "
    "replay and snapshot give the same",
)
def rights() -> Outcome:
    return pytest_outcome(
        "tests/api/test_audits.py", "tests/room/test_audits.py", "tests/access/test_rights.py"
    )


@ROWS.row(
    "declared audit, killed",
    command="pytest tests/assembled/test_audits.py -k kill",
    limit="after SIGKILL the audit opens the same, from a snapshot and from the log alone",
)
def killed() -> Outcome:
    return pytest_outcome("tests/assembled/test_audits.py", "-k", "kill")


@ROWS.row(
    "declared audit, two browsers",
    command="pytest tests/assembled/test_audits.py -k rooms",
    limit="the audited room names person, unit, end and reason within 5 s; both keep who looked at what",
)
def two_browsers() -> Outcome:
    return pytest_outcome("tests/assembled/test_audits.py", "-k", "rooms")
