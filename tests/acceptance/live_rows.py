"""Rows about live values on screens."""

from __future__ import annotations

from tests.acceptance.rows import ROWS, Outcome
from tests.dashboards.conftest import CHROMIUM
from tests.flood import live

PAINTED_MS = 250.0
BROWSER_CORES = 0.20
FIRST_MS = 1_500
TILES, CHARTS = 60, 4
PAGE_BYTES, SENT_BYTES = 1_600_000, 500_000


@ROWS.row(
    "two hundred series in the browser",
    command="python -m tests.acceptance --only 'two hundred series in the browser'",
    limit=f"200 series of a value a second, {TILES} tiles and {CHARTS} trends in two windows, "
    f"20 screens: measured to painted p95 at most {PAINTED_MS:.0f} ms, Chromium at most {BROWSER_CORES:g} of "
    f"a core, first live value painted after {FIRST_MS / 1e3:g} s, "
    f"the page at most {PAGE_BYTES / 1e6:g} MB and {SENT_BYTES / 1e3:.0f} kB sent",
)
def painted() -> Outcome:
    if CHROMIUM is None:
        return Outcome(None, None, "no chromium here")
    figure = live.live()
    held = (
        figure["p95_ms"] <= PAINTED_MS
        and figure["browser_cores"] <= BROWSER_CORES
        and figure["tiles"] >= TILES
        and figure["charts"] >= CHARTS
        and figure["first_live_ms"] <= FIRST_MS
        and figure["page_bytes"] <= PAGE_BYTES
        and figure["page_bytes_sent"] <= SENT_BYTES
    )
    return Outcome(figure, held)
