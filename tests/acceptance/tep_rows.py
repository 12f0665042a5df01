"""Rows about whole plants: detection on the Tennessee Eastman process."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

from tests.acceptance.economy import DATA
from tests.acceptance.rows import ROWS, Outcome, call

TEP = DATA / "tep"
COMMAND = "make bench-tep TEP=../shared/data/tep OUT=out/tep.json"
MEAN, MEAN_PLAIN, BEFORE = 0.69, 0.93, 0.015
HARD = {"03", "09", "15"}


@functools.cache
def result() -> dict[str, Any]:
    """Run the benchmark once."""
    if not TEP.is_dir():
        raise FileNotFoundError(f"no runs of the process at {TEP}; set OPSROOM_TEST_DATA")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tep.json"
        code, output, _ = call("make", "bench-tep", f"TEP={TEP}", f"OUT={out}")
        assert code == 0, output[-2000:]
        read: dict[str, Any] = json.loads(out.read_text())
        return read


@ROWS.row(
    "tennessee eastman",
    command=COMMAND,
    limit=f"mean detection >= {MEAN:.0%} over all faults and >= {MEAN_PLAIN:.0%} without 3, 9, 15; false "
    f"alarms <= {BEFORE:.1%} of the rows before the fault; limits from d00_te (in-sample); delay of each",
)
def eastman() -> Outcome:
    body = result()
    held = (
        body["mean"] >= MEAN
        and body["mean_without_3_9_15"] >= MEAN_PLAIN
        and body["false_alarm_rate_before"] <= BEFORE
        and body["limits"] == "d00_te, in-sample"
        and all("delay_readings" in fault for fault in body["faults"].values())
    )
    return Outcome(body, held)


@ROWS.row(
    "tennessee eastman, alerts",
    command=COMMAND,
    limit="at 0.1 false alarms a week: an alert for every fault but 3, 9, 15, and none before a fault",
)
def alerts() -> Outcome:
    body = result()
    faults = body["faults"]
    delays = {name: fault["alert_delay_readings"] for name, fault in faults.items()}
    early = sum(fault["alerts_before"] for fault in faults.values())
    held = early == 0 and all(delays[name] is not None for name in set(delays) - HARD)
    return Outcome({"delay_readings": delays, "alerts_before": early}, held)
