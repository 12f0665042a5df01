"""Rows about speed: benchmarks with their floors on two shared cores."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.acceptance.rows import ROWS, Outcome, call

INGEST_OFF = 400_000
INGEST_ON = 150_000
DELAY_MS = 250


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
