"""Rows about the house itself."""

from __future__ import annotations

from tests.acceptance.rows import ROWS, Outcome, call, pytest_outcome


@ROWS.row("check", command="make check", limit="exit 0")
def check() -> Outcome:
    code, output, seconds = call("make", "check")
    return Outcome(f"exit {code} in {seconds:.0f} s", code == 0, "" if code == 0 else output[-2000:])


@ROWS.row("contract broken on purpose", command="pytest tests/house -k contract", limit="lint-imports fails")
def contract() -> Outcome:
    return pytest_outcome("tests/house", "-k", "contract")


@ROWS.row(
    "bad input", command="pytest tests/ingest tests/cli tests/conformance", limit="each has its stated answer"
)
def bad_input() -> Outcome:
    return pytest_outcome("tests/ingest", "tests/cli", "tests/conformance")
