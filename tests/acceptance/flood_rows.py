"""Rows about a flood: a thousand alerts a second for a minute, with a press and a key in between."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

from tests.acceptance.rows import ROWS, Outcome
from tests.dashboards.conftest import CHROMIUM
from tests.flood.plan import Plan
from tests.flood.rig import flooded

RATE = 1_000
SECONDS = 60
REACHED = 0.95
REST_S = 10
PRESS_MS = 1_000
KEY_MS = 500
COMMAND = f"python -m tests.flood.rig {RATE} {SECONDS} --browser"


@functools.cache
def flood() -> dict[str, Any]:
    """Run the flood once for all rows, in a folder that lives for the run."""
    with tempfile.TemporaryDirectory(prefix="opsroom-flood-") as folder:
        return flooded(Path(folder), Plan(RATE, SECONDS), browser=CHROMIUM is not None)


def part(*names: str) -> dict[str, Any]:
    """Give some of the figures."""
    return {name: flood().get(name) for name in names}


@ROWS.row(
    "a thousand alerts a second, stored",
    command=COMMAND,
    limit=f"{RATE} alerts a second for {SECONDS} s, each stored once, banner on; at rest {REST_S} s later",
)
def stored() -> Outcome:
    found = flood()
    base = found["stored"]
    whole = base["alerts"] == RATE * SECONDS and base["pressed"] == found["presses"]
    wrong = ("missing", "extra", "raised_twice", "recovered_unlike_ledger")
    held = whole and not any(base[name] for name in wrong) and found["flood_banner"] and not found["failed"]
    reached = found["alerts_per_s"] >= REACHED * RATE
    figure = part(
        "alerts_per_s", "cpu_share", "rss_mb", "at_rest_after_s", "flood_banner", "stored", "failed"
    )
    return Outcome(figure, held and reached and found["at_rest_after_s"] <= REST_S)


@ROWS.row(
    "a thousand alerts a second, press",
    command=COMMAND,
    limit=f"an essential indicator pressed every second stands on a second screen within {PRESS_MS} ms (p99)",
)
def press() -> Outcome:
    found = flood()
    spread = found["press_to_frame_ms"]
    figure = part(
        "presses", "press_to_frame_ms", "press_answered_ms", "loop_lag_ms", "frame_kb_most", "feed_mb"
    )
    return Outcome(figure, spread["n"] == found["presses"] > 0 and spread["p99"] <= PRESS_MS)


@ROWS.row(
    "a thousand alerts a second, wall",
    command=COMMAND,
    limit=f"in a real browser: the press painted within {PRESS_MS} ms (p99), a key within {KEY_MS} ms (p99)",
)
def wall() -> Outcome:
    if CHROMIUM is None:
        return Outcome(None, None, "no chromium on this machine: apt-get install chromium")
    found = flood()
    painted, keys = found["press_to_painted_ms"], found["keys_to_paint_ms"]
    names = (
        "press_to_painted_ms",
        "keys_to_paint_ms",
        "key_to_form_ms",
        "long_tasks",
        "long_task_ms_most",
        "cards",
    )
    held = painted["n"] == found["presses"] and painted["p99"] <= PRESS_MS and keys["n"] > 0
    return Outcome(part(*names, "nodes", "complaints"), held and keys["p99"] <= KEY_MS)
