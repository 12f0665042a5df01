"""Rows about the life of alarms: every edge, what random events cannot break, and the manual clock."""

from __future__ import annotations

import sys

from tests.acceptance.rows import ROWS, Outcome, call, pytest_outcome

EVENTS = 10_000


@ROWS.row(
    "alarm states",
    command="pytest tests/alert/test_states.py",
    limit="every edge is walked, every forbidden pair is refused by name, the page prints the table",
)
def states() -> Outcome:
    return pytest_outcome("tests/alert/test_states.py")


@ROWS.row(
    "random events",
    command=f"OPSROOM_ALARM_EVENTS={EVENTS} pytest tests/alert/test_machine.py tests/alert/test_walk.py",
    limit=f"{EVENTS} random events twice over, with restarts: no undefined state; the journal replayed is it",
)
def random_events() -> Outcome:
    code, output, seconds = call(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--timeout=900"),
        "tests/alert/test_machine.py",
        "tests/alert/test_walk.py",
        OPSROOM_ALARM_EVENTS=str(EVENTS),
    )
    note = "" if code == 0 else output[-2000:]
    return Outcome(f"{EVENTS} events each in {seconds:.0f} s", code == 0, note)


@ROWS.row(
    "manual clock",
    command="pytest tests/alert/test_quiet.py tests/room/test_alarms.py",
    limit="seat 1 at 0, seat 2 at 5 min, next level at the recovery time; an ack at 4:59.9 stops the calls, "
    "not the climb; a restart loses and doubles nothing; 30 shelvings of one end come back apart",
)
def manual_clock() -> Outcome:
    return pytest_outcome("tests/alert/test_quiet.py", "tests/room/test_alarms.py")


@ROWS.row(
    "follow-up of decisions",
    command="pytest tests/alert/test_followup.py tests/room/test_followup.py",
    limit="not recovered: called again with both values; recovered earlier: recorded at the follow-up time, "
    "no call; a restart in between loses and doubles nothing",
)
def follow_up() -> Outcome:
    return pytest_outcome("tests/alert/test_followup.py", "tests/room/test_followup.py")


@ROWS.row(
    "acknowledged in bulk",
    command="pytest tests/api/test_alarms.py",
    limit="200 alerts in 2 s with an outcome each; a missing note answers 422; every refusal has its code",
)
def in_bulk() -> Outcome:
    return pytest_outcome("tests/api/test_alarms.py")
