"""Rows about rules: a guarded rule speaks once, and ten thousand limits cost next to nothing."""

from __future__ import annotations

from tests.acceptance.rows import ROWS, Outcome, pytest_outcome

RAISES_LEAST = 50
US_MOST = 1.0


@ROWS.row(
    "a noisy signal at its limit",
    command="pytest tests/rules/test_noisy.py",
    limit=f"ten hours of noise at a limit: a naive rule raises >= {RAISES_LEAST} times, a guarded one once",
)
def noisy() -> Outcome:
    from tests.rules.noisy import told

    found = told(0)
    held = found["naive"]["raises"] >= RAISES_LEAST and found["guarded"] == {"raises": 1, "clears": 1}
    return Outcome(found, held)


@ROWS.row(
    "ten thousand limits",
    command="python -c 'from tests.rules.speed import us_a_reading; print(us_a_reading())'",
    limit=f"10,000 series with a limit each: <= {US_MOST} us a reading beside detection",
)
def many() -> Outcome:
    from tests.rules.speed import us_a_reading

    figure = us_a_reading()
    return Outcome({"us_a_reading": round(figure, 3)}, figure <= US_MOST)


@ROWS.row(
    "rules as files",
    command="pytest tests/rules",
    limit="faults with line and key; batches, snapshots and replay change nothing; tests, diff and export",
)
def files() -> Outcome:
    return pytest_outcome("tests/rules")
