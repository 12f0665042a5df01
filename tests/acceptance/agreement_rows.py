"""Rows about what unit and parent agree, and who is called."""

from __future__ import annotations

from tests.acceptance.rows import ROWS, Outcome, pytest_outcome


@ROWS.row(
    "agreed by both sides",
    command="pytest tests/alert/test_bargain.py tests/api/test_agreements.py",
    limit="one side proposes, the other confirms, both names stand in the next version; refusals named",
)
def both_sides() -> Outcome:
    return pytest_outcome("tests/alert/test_bargain.py", "tests/api/test_agreements.py")


@ROWS.row(
    "running deadline unmoved",
    command="pytest tests/room/test_agreements.py tests/alert/test_bargain.py",
    limit="no open alert's deadline moves, the next alert has the new one; a restart anywhere is equal",
)
def unmoved() -> Outcome:
    return pytest_outcome("tests/room/test_agreements.py", "tests/alert/test_bargain.py")


@ROWS.row(
    "rota with a hole",
    command="pytest tests/alert/test_duty.py tests/api/test_duty.py",
    limit="every instant at which nobody is called is named beforehand, and no other; stand-ins are called",
)
def rota_hole() -> Outcome:
    return pytest_outcome("tests/alert/test_duty.py", "tests/api/test_duty.py")
