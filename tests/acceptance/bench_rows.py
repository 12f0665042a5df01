"""Rows about speed: benchmarks with their floors on two shared cores."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.acceptance.rows import ROWS, Outcome, call

INGEST_OFF = 400_000
INGEST_ON = 150_000
DELAY_MS = 250
REOPENED, REOPEN_S = 10_000_000, 2
SCREEN_CORES, STOPPED_MORE = 0.25, 1.1
# Inside the store, but last values, which have no store to ask: over the wire.
QUERY_MS = {
    "last of 1,000": 0.5,
    "one series": 0.5,
    "1,000 series in 100 spans": 22,
    "the same, rolled up": 5,
}


def bench(*arguments: str) -> dict[str, Any]:
    """Run a benchmark and read its last line."""
    code, output, _ = call(sys.executable, "-m", "opsroom", "bench", *arguments)
    assert code == 0, output[-2000:]
    result: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return result


def fastest(rows: list[dict[str, Any]], *, detection: bool) -> float:
    """Give the rate of columns of 1,000, made durable before each acknowledgement."""
    return max(
        float(row["readings_per_s"])
        for row in rows
        if row["form"] == "columns-1000" and row["fsync"] and row["detection"] is detection
    )


@ROWS.row(
    "ingest",
    command="opsroom bench ingest",
    limit=f"columns of 1,000: {INGEST_OFF:,} readings/s with detection off, {INGEST_ON:,} with detection on",
)
def ingest() -> Outcome:
    rows = bench("ingest")["rows"]
    off, on = fastest(rows, detection=False), fastest(rows, detection=True)
    return Outcome(
        {"off_readings_per_s": off, "on_readings_per_s": on}, off >= INGEST_OFF and on >= INGEST_ON
    )


@ROWS.row(
    "delay",
    command="opsroom bench delay",
    limit=f"reading to alert on a second client, p99 <= {DELAY_MS} ms at 10,000 readings/s",
)
def delay() -> Outcome:
    row = bench("delay")["rows"][0]
    return Outcome(row, row["p99_ms"] <= DELAY_MS)


@ROWS.row(
    "ten million readings reopened",
    command="opsroom bench restart",
    limit=f"killed with {REOPENED:,} readings stored: each is there, /-/ready says so within {REOPEN_S:g} s",
)
def reopened() -> Outcome:
    row = bench("restart")["rows"][0]
    return Outcome(row, row["stored"] == REOPENED and row["ready_s"] <= REOPEN_S)


@ROWS.row(
    "questions about a million readings",
    command="opsroom bench query",
    limit="; ".join(f"{question} {most:g} ms" for question, most in QUERY_MS.items()),
)
def questions() -> Outcome:
    rows = bench("query")["rows"]
    wire = {row["question"]: row["http_ms"] for row in rows}
    asked = {row["question"]: row["store_ms"] or row["http_ms"] for row in rows}
    held = all(asked[name] <= most for name, most in QUERY_MS.items())
    return Outcome({"store_ms": asked, "over_the_wire_ms": wire}, held)


@ROWS.row(
    "five hundred screens",
    command="opsroom bench fanout",
    limit=f"200 series of a value a second on 500 screens: at most {SCREEN_CORES:g} of a core; beside 50 "
    f"that read nothing p99 at most {STOPPED_MORE:g} times as late, none closed",
)
def screens() -> Outcome:
    rows = bench("fanout")["rows"]
    alone, beside = rows
    later = beside["p99_ms"] / alone["p99_ms"]
    held = alone["server_cores"] <= SCREEN_CORES and later <= STOPPED_MORE and not alone["closed"]
    return Outcome({"alone": alone, "beside_stopped": beside, "p99_times": round(later, 2)}, held)


@ROWS.row(
    "memory at work",
    command="opsroom bench soak --minutes 3",
    limit="three minutes of 10,000 readings/s with detection beside a screen: no more descriptors at the end "
    "than at the beginning (the slope of memory is printed; an hour is judged by hand)",
)
def soaked() -> Outcome:
    row = bench("soak", "--minutes", "3")["rows"][0]
    return Outcome(row, row["descriptors_last"] <= row["descriptors_first"])
