"""Rows about overload: what a press and memory do while far more is sent than the room takes."""

from __future__ import annotations

from tests.acceptance import press_overload
from tests.acceptance.rows import ROWS, Outcome

PRESS_MS = 1_000
RESIDENT_MB = 512
BACK_S = 10


@ROWS.row(
    "press under tenfold overload",
    command="python -m tests.acceptance.press_overload",
    limit=f"60 s: press to another seat's screen p99 <= {PRESS_MS} ms, server <= {RESIDENT_MB} MB, every "
    f"reading stored or refused and told so, acknowledgements as quick as before within {BACK_S} s",
)
def press() -> Outcome:
    figures = press_overload.measure()
    held = (
        figures["p99_ms"] <= PRESS_MS
        and figures["rss_mb"] <= RESIDENT_MB
        and figures["unanswered"] == figures["stored_short_of_acked"] == 0
        and figures["back_to_normal_s"] is not None
        and figures["back_to_normal_s"] <= BACK_S
    )
    return Outcome(figures, held)
