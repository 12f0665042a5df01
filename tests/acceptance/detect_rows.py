"""Rows about detection: accuracy on the Numenta benchmark, cost, and one hash over all that is quoted."""

from __future__ import annotations

import functools
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.acceptance import economy_rows
from tests.acceptance.economy import DATA
from tests.acceptance.rows import ROWS, Outcome, call, pytest_outcome

NAB, TEP = DATA / "nab", DATA / "tep"
NAB_COMMAND = "make bench-nab NAB=../shared/data/nab OUT=out/nab"
STANDARD, LOW_FP = 62.0, 54.0
LIMITS_US = {"tail": 0.15, "filter": 0.8, "discord": 5.0}
HISTORY = 1_000
RESIDENT = 1_000_000_000


@functools.cache
def nab(*arguments: str) -> dict[str, Any]:
    """Run the benchmark once for each set of arguments."""
    if not NAB.is_dir():
        raise FileNotFoundError(f"no benchmark files at {NAB}; set OPSROOM_TEST_DATA")
    with tempfile.TemporaryDirectory() as folder:
        given = [f"ARGS={' '.join(arguments)}"] if arguments else []
        code, output, _ = call("make", "bench-nab", f"NAB={NAB}", f"OUT={folder}", *given, timeout_s=3_600)
        assert code == 0, output[-2000:]
        read: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
        files = list(Path(folder).rglob("*.csv"))
        pictures = list((Path(folder) / "pictures").rglob("*.svg"))
        return {**read, "files": len(files), "pictures": len(pictures)}


@functools.cache
def cost() -> dict[str, Any]:
    """Time detection once."""
    code, output, _ = call(sys.executable, "-m", "opsroom", "bench", "detect")
    assert code == 0, output[-2000:]
    read: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return read


@ROWS.row(
    "numenta",
    command=NAB_COMMAND,
    limit=f"declared threshold: standard >= {STANDARD:g}, low FP >= {LOW_FP:g}; hindsight beside it",
)
def numenta() -> Outcome:
    body = nab()
    profiles = body["profiles"]
    figure = {"threshold": body["threshold"], "settings_hash": body["settings_hash"], "profiles": profiles}
    held = (
        profiles["standard"]["declared"] >= STANDARD
        and profiles["reward_low_FP_rate"]["declared"] >= LOW_FP
        and all("hindsight" in profile for profile in profiles.values())
        and body["files"] == body["pictures"] > 0
    )
    return Outcome(figure, held)


@ROWS.row(
    "numenta, held out",
    command=f"{NAB_COMMAND} ARGS='--every-constant --no-pictures'",
    limit="each tuned constant chosen on every other file and reported on the rest; printed",
)
def held_out() -> Outcome:
    from opsroom.bench.nab.tuned import TUNED

    found = nab("--every-constant", "--no-pictures")["cross_validation"]
    figure = {
        "held_out_standard": found["held_out_standard"],
        "folds": found["held_out"],
        "shipped": found["shipped"],
        "constants": {name: row["held_out"] for name, row in found["constants"].items()},
    }
    return Outcome(figure, set(found["constants"]) == set(TUNED))


@ROWS.row(
    "numenta's scorer",
    command="pytest tests/bench/test_nab.py",
    limit="our scorer equals the published one on random scores over all files and thresholds",
)
def scorer() -> Outcome:
    return pytest_outcome("tests/bench/test_nab.py")


@ROWS.row(
    "detection's cost",
    command="opsroom bench detect",
    limit="a reading on one core, 10,000 series and one: tail <= 0.15 us, filter <= 0.8 us, "
    f"discord <= 5 us at H = {HISTORY:,}; shipped settings and peers beside it",
)
def time_a_reading() -> Outcome:
    rows = cost()["rows"]
    figure, held, seen = [], True, set()
    for row in rows:
        if "us_per_reading" not in row:
            continue
        keys = ("tier", "peer", "history", "series", "us_per_reading", "times_tail", "times_engine")
        figure.append({key: row[key] for key in keys if key in row})
        limited = row["tier"] in LIMITS_US and row.get("history", HISTORY) == HISTORY
        if limited:
            seen.add((row["tier"], row["series"]))
            held = held and row["us_per_reading"] <= LIMITS_US[row["tier"]]
    complete = seen == {(tier, series) for tier in LIMITS_US for series in (10_000, 1)}
    return Outcome(figure, held and complete)


@ROWS.row(
    "100,000 series",
    command="opsroom bench detect",
    limit="a fresh process with the detectors of 100,000 series, each fed, takes at most 1 GB",
)
def wide() -> Outcome:
    row = next(row for row in cost()["rows"] if "resident_bytes" in row)
    return Outcome(row, row["series"] == 100_000 and row["resident_bytes"] <= RESIDENT)


@ROWS.row(
    "one settings hash",
    command=f"{NAB_COMMAND}; make economy ...; make bench-tep ...; opsroom bench detect",
    limit="what is scored, what is timed and what runs the room are the same settings",
)
def one_hash() -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tep.json"
        code, output, _ = call("make", "bench-tep", f"TEP={TEP}", f"OUT={out}")
        assert code == 0, output[-2000:]
        plants = json.loads(out.read_text())
    hashes = {
        "bench-nab": nab()["settings_hash"],
        "economy": economy_rows.result(1)["settings_hash"],
        "bench-tep": plants["settings_hash"],
        "bench detect": cost()["settings_hash"],
    }
    return Outcome(hashes, len(set(hashes.values())) == 1)


@ROWS.row(
    "restart in mid-stream",
    command="pytest tests/detect tests/rules -k 'restart or snapshot or read_back or cut'",
    limit="scores, findings and state bit-equal",
)
def restart() -> Outcome:
    return pytest_outcome("tests/detect", "tests/rules", "-k", "restart or snapshot or read_back or cut")


@ROWS.row(
    "bad streams",
    command="pytest tests/detect/test_bad_input.py",
    limit="no exception, no NaN, as stated",
)
def bad_streams() -> Outcome:
    return pytest_outcome("tests/detect/test_bad_input.py")
