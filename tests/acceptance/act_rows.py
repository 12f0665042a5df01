"""Rows about what people do to alerts in the room, in real browsers."""

from __future__ import annotations

import json
import sys

from tests.acceptance.rows import ROWS, Outcome, call, pytest_outcome

STORY = "tests/story/test_acts.py"


def story(name: str, file: str = STORY) -> Outcome:
    """Run one story; the figures are what it printed, or pytest's closing line."""
    node = f"{file}::{name}"
    code, output, _ = call(sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:randomly", node)
    closing = output.strip().splitlines()[-1].strip("= ") if output.strip() else "no output"
    figures = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if code == 0 and "passed" not in closing:
        return Outcome(closing, None, "no browser here")
    return Outcome(figures[0] if figures else closing, code == 0, "" if code == 0 else output[-2000:])


@ROWS.row(
    "two browsers at once",
    command=f"pytest -s {STORY} -k acknowledge_at_once",
    limit="one winner, the same name on both pages within 1 s, three times",
)
def race() -> Outcome:
    return story("test_of_two_browsers_that_acknowledge_at_once_one_wins")


@ROWS.row(
    "two hundred in the browser",
    command=f"pytest -s {STORY} -k two_hundred",
    limit="from key to picture 2 s; one that is refused is named with its reason",
)
def bulk() -> Outcome:
    return story("test_two_hundred_are_picked_and_acknowledged_with_one_note")


@ROWS.row(
    "a note that is needed",
    command=f"pytest {STORY} -k needs_a_note",
    limit="said before; 422; what was typed stays",
)
def note() -> Outcome:
    return story("test_a_class_that_needs_a_note_says_so_and_keeps_what_was_typed")


@ROWS.row(
    "three hundred, one line",
    command=f"pytest {STORY} -k three_hundred",
    limit="one line headed by the cause; at most 40 rows in the page",
)
def group() -> Outcome:
    return story("test_three_hundred_under_one_cause_are_one_line")


@ROWS.row(
    "shelved and back",
    command=f"pytest {STORY} -k shelved",
    limit="counted and named on both screens; back by hand and by time",
)
def shelved() -> Outcome:
    return story("test_a_shelved_alert_is_counted_named_and_comes_back")


@ROWS.row(
    "what is one line",
    command="pytest tests/dashboards/test_lines.py",
    limit="nothing lost, no cause hidden, order of arrival means nothing, a window on rows without gaps",
)
def lines() -> Outcome:
    return pytest_outcome("tests/dashboards/test_lines.py")
