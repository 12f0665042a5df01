"""Rows about trust in detection: how often it is wrong, and what it finds and names."""

from __future__ import annotations

import functools
from typing import Any

from tests.acceptance import economy
from tests.acceptance.bench_rows import bench
from tests.acceptance.rows import ROWS, Outcome

WARM_UP_READINGS = 150
ALARMS = "opsroom bench calibration"
FAULTS = "opsroom bench injection --data ../shared/data"


@functools.cache
def alarms() -> dict[str, Any]:
    """Run the thirty days once for both rows."""
    return bench("calibration")


@ROWS.row(
    "false alarms",
    command=ALARMS,
    limit="0.5 to 1.5 times the budget at 0.1 and at 1 a series-week, on seeds no constant was chosen on",
)
def false_alarms() -> Outcome:
    result = alarms()
    figure = {
        f"budget {row['budget']:g}": {
            "per_series_week": row["total"]["per_series_week"],
            "times_budget": row["total"]["times_budget"],
            "scored_share": row["total"]["scored_share"],
        }
        for row in result["rows"]
    }
    return Outcome(figure, bool(result["held"]))


@ROWS.row(
    "warm-up",
    command=ALARMS,
    limit=f"every series that has moved is scored after at most {WARM_UP_READINGS} readings; those that stood"
    " still until then are counted apart; the share scored is stated",
)
def warm_up() -> Outcome:
    totals = [row["total"] for row in alarms()["rows"]]
    keys = (
        "warm_up_median",
        "warm_up_most",
        "stood_still",
        "stood_still_most",
        "never_scored",
        "scored_share",
    )
    figure = [{key: total[key] for key in keys} for total in totals]
    held = all(
        total["warm_up_most"] is not None
        and total["warm_up_most"] <= WARM_UP_READINGS
        and total["never_scored"] == 0
        for total in totals
    )
    return Outcome(figure, held)


@ROWS.row(
    "faults found and named",
    command=FAULTS,
    limit="recall and delay of every kind and size; 90 % of 6-sd steps and spikes named within two readings",
)
def faults() -> Outcome:
    data = ("--data", str(economy.DATA)) if economy.DATA.is_dir() else ()
    result = bench("injection", *data)
    figure = {
        f"{row['fault']} {row['size']}": {
            field: {key: value for key, value in row[field].items() if key not in {"kinds", "detectors"}}
            for field in result["series"]
        }
        for row in result["rows"]
    }
    note = "" if data else "no recorded series; set OPSROOM_TEST_DATA"
    return Outcome(figure, bool(result["held"]), note)
