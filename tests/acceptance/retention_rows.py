"""Rows about what a store lets go of."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.acceptance import retention
from tests.acceptance.rows import ROWS, Outcome
from tests.store import cutter

DAYS = 600
GROWN_MAX = 1.05
KILLS = 20


@ROWS.row(
    "years in a file that stays",
    command="python -m tests.acceptance --only 'years in a file'",
    limit=f"{DAYS} days of {retention.A_DAY} readings, kept 14 days, as minutes 60, as hours 400: the file "
    f"is at most {GROWN_MAX:g} times as large in the last 100 days as in the 100 before, and a year has "
    "every reading",
)
def years() -> Outcome:
    with tempfile.TemporaryDirectory(prefix="opsroom-years-") as folder:
        figure = retention.years(Path(folder), DAYS)
    by_day = {int(day): size for day, size in figure["kb_by_day"].items()}
    before = max(size for day, size in by_day.items() if DAYS - 200 < day <= DAYS - 100)
    last = max(size for day, size in by_day.items() if day > DAYS - 100)
    figure["grown"] = round(last / before, 3)
    whole = figure["year_readings"] == 365 * retention.A_DAY and figure["year_days"] == 365
    gone = figure["days_left"][0] < 15.1 and figure["days_left"][1] < 61.1 and figure["days_left"][2] < 401.1
    return Outcome(figure, whole and gone and figure["grown"] <= GROWN_MAX)


@ROWS.row(
    "killed while letting go",
    command="python -m tests.acceptance --only 'killed while letting go'",
    limit=f"SIGKILL {KILLS} times at random while days are stored and let go of: counts equal what is read, "
    "no gap, hours whole",
)
def killed() -> Outcome:
    with tempfile.TemporaryDirectory(prefix="opsroom-cut-") as folder:
        figure = cutter.killed(Path(folder), KILLS, seed=time.time_ns() % 1_000_000, days=10_000)
    return Outcome(figure, not figure["wrong"] and bool(figure["days"]))
