"""Rows about rules: a guarded rule speaks once, and ten thousand limits cost next to nothing."""

from __future__ import annotations

import json
import sys

from tests.acceptance.rows import ROWS, Outcome, call, pytest_outcome

STORY = "tests/story/test_rules.py"
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
    "rules in the screen",
    command="pytest tests/story/test_rules.py",
    limit="preview: the naive rule >= 50 raises in 30 days, the draft <= 5; put in force, refused with its "
    "field, conflict named, events seen; 1920, 1024, 390 px in both palettes without a violation of axe",
)
def screen() -> Outcome:
    code, output, _ = call(sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:randomly", STORY)
    figures = next((json.loads(line) for line in output.splitlines() if line.startswith('{"present"')), None)
    if code == 0 and figures is None:
        reasons = [line for line in output.splitlines() if line.startswith("SKIPPED")]
        return Outcome(None, None, "; ".join(reasons))
    return Outcome(figures, code == 0, "" if code == 0 else output[-2000:])


@ROWS.row(
    "rules are agreed by right",
    command="pytest tests/api/test_rules.py tests/rules/test_plan.py",
    limit="councils of their own subtree; older versions refused, all kept; no file overwrites the screen",
)
def agreed() -> Outcome:
    return pytest_outcome("tests/api/test_rules.py", "tests/rules/test_plan.py")


@ROWS.row(
    "events are kept and never annunciated",
    command="pytest tests/rules/test_events.py",
    limit="stored and listed; no alert, no call, no notice, no figure but the count of events",
)
def events() -> Outcome:
    return pytest_outcome("tests/rules/test_events.py")


@ROWS.row(
    "guidance from the nearest unit",
    command="pytest tests/alert/test_guidance.py",
    limit="rule, class, nearest unit up the tree, with its name; on the card and in the notification",
)
def guided() -> Outcome:
    return pytest_outcome("tests/alert/test_guidance.py")


@ROWS.row(
    "rules as files",
    command="pytest tests/rules",
    limit="faults with line and key; batches, snapshots and replay change nothing; tests, diff and export",
)
def files() -> Outcome:
    return pytest_outcome("tests/rules")
