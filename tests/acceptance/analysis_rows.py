"""Rows about notes on trends and about the wall "analysis"."""

from __future__ import annotations

from tests.acceptance.act_rows import story
from tests.acceptance.rows import ROWS, Outcome, pytest_outcome

STORY = "tests/acceptance/analysis_story.py"


@ROWS.row(
    "notes on a trend",
    command=f"pytest -s {STORY} -k stays_after_a_kill",
    limit="written by one seat, on another's page within 2 s, as text whatever it says; pointed at and "
    "focused it is read; there after SIGKILL; taken away by its author alone; a replay has what stood then",
)
def notes() -> Outcome:
    return story("test_a_note_stays_after_a_kill_and_in_a_replay_and_is_seen_by_the_next_seat", STORY)


@ROWS.row(
    "marks, stored and told",
    command="pytest tests/api/test_annotations.py tests/conformance/test_store_annotations.py",
    limit="a note sent twice is one; told where it stands, to who wrote it and with an opened series; what "
    "was agreed, ruled, decided and rehearsed is marked",
)
def marks() -> Outcome:
    return pytest_outcome("tests/api/test_annotations.py", "tests/conformance/test_store_annotations.py")


@ROWS.row(
    "analysis in a browser",
    command=f"pytest -s {STORY} -k plotly_comes",
    limit="no byte of Plotly or of this wall before it is opened, then once; four views, each saved as PNG "
    "and CSV; a drag holds all trends; nothing on the console under the page's policy",
)
def analysis() -> Outcome:
    return story("test_plotly_comes_when_it_is_asked_for_and_every_view_can_be_saved", STORY)


@ROWS.row(
    "marks in an analysis",
    command=f"pytest {STORY} -k overlay_and",
    limit="what is marked on any of the series stands on the overlay, each with its sign, and below it as a "
    "list; annotations of the week stand on the page of the unit; text stays text, nothing that axe finds",
)
def marked() -> Outcome:
    return pytest_outcome(STORY, "-k", "overlay_and")


@ROWS.row(
    "analysis at every size",
    command=f"pytest {STORY} -k fits",
    limit="four views, empty and stale, at 1920, 1024 and 390 px by day and night: no sideways scroll, no "
    "violation that axe finds, nothing on the console",
)
def sizes() -> Outcome:
    return pytest_outcome(STORY, "-k", "fits")


@ROWS.row(
    "correlation and forecast",
    command="pytest tests/room/test_analysis.py tests/room/test_foresight.py tests/api/test_analysis.py",
    limit="r is NumPy's for every lag; who follows whom is found; unrelated wandering series stay within the "
    "bound; the forecast is in readings whatever they are scored on",
)
def computed() -> Outcome:
    return pytest_outcome(
        "tests/room/test_analysis.py", "tests/room/test_foresight.py", "tests/api/test_analysis.py"
    )
