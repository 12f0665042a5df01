"""Rows about what a screen bears: ten thousand alerts, and hours of being used."""

from __future__ import annotations

from tests.acceptance import ten_thousand as many
from tests.acceptance.rows import ROWS, Outcome
from tests.torture import page

SECONDS = 300.0
EVERY_S = 5.0


@ROWS.row(
    "ten thousand open alerts",
    command="python -m tests.acceptance.ten_thousand",
    limit=f"in a real browser: first painted within {many.FIRST_MS} ms, keys within {many.KEY_MS} ms and "
    f"frames of scrolling within {many.SCROLL_MS} ms (p95), found in the journal within {many.SOUGHT_MS} ms, "
    f"all acknowledged at once within {many.ALL_S} s, loaded or not; no frame above {many.FRAME_KB} kB",
)
def ten_thousand() -> Outcome:
    return many.row()


@ROWS.row(
    "five minutes of switching",
    command="python -m tests.torture page --times 60 (an hour)",
    limit=f"palette, wall and range switched every {EVERY_S:g} s on a live room: after {SECONDS:g} s the "
    f"heap, garbage collected, has grown by at most {page.GROWN_MB_MAX:g} MB, and at most "
    f"{page.DETACHED_MAX} nodes are kept that stand nowhere",
)
def switching() -> Outcome:
    figure = page.switched(SECONDS, EVERY_S, seed=1)
    return Outcome(figure, figure["held"], figure.get("note", ""))
