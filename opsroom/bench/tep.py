"""The Tennessee Eastman process on any folder laid out like it: whole-plant detection, fault by fault.

Downs & Vogel, A plant-wide industrial process control problem, 1993; runs as published by Chiang, Russell &
Braatz, 2001. `d00` teaches mean, covariance and autoregression, `d00_te` the limits; every `dNN_te` is then
watched from the same model, with the smoothing started anew. What is run is opsroom/detect/whole.py itself,
one set of constants for all faults; nothing is taken from a file that holds a fault.
"""

from __future__ import annotations

import gzip
import json
import re
import statistics
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.detect import whole
from opsroom.detect.shipped import defaults, settings_hash
from opsroom.detect.whole_fit import OPENED, OVER, WATCHING
from opsroom.errors import Invalid

FAULT_AT: Final = 160
"""Row of a test file, counted from 0, at which its fault begins."""
IN_A_ROW: Final = 3
"""Detected readings one after the other from which a fault counts as found; the delay is to the first."""
HARD: Final = ("03", "09", "15")
"""Faults that leave hardly a trace in the data, by all published accounts."""
READINGS_A_WEEK: Final = 7 * 24 * 60 / 3
"""One every three minutes."""

COLUMNS: Final = ("fault", "detected %", "delay", "before the fault %", "alert's delay", "alerts before")

Rows = NDArray[np.float64]


def read(file: Path, size: int | None = None) -> Rows:
    """Read one run, float64 [readings, variables], from `file` or `file`.gz.

    A file that has its variables as rows is turned: `size` tells how many there are, else the shorter side
    is taken for them. Raises Invalid where it cannot be read.
    """
    packed = file.with_name(f"{file.name}.gz")
    try:
        text = (
            gzip.decompress(packed.read_bytes()).decode("ascii")
            if packed.exists()
            else file.read_text(encoding="ascii")
        )
        values = np.loadtxt(text.splitlines(), ndmin=2)
    except (OSError, ValueError) as error:
        raise Invalid(f"{file} is no run of the process: {error}") from error
    width = min(values.shape) if size is None else size
    if values.shape[1] != width:
        values = values.T
    if values.shape[1] != width:
        raise Invalid(f"{file} has {values.shape[::-1]} values, {width} variables were expected")
    return np.ascontiguousarray(values, np.float64)


def faults(folder: Path) -> list[str]:
    """Name the faults a folder holds, two digits each, in order."""
    found = (re.fullmatch(r"d(\d\d)_te\.dat(\.gz)?", file.name) for file in folder.iterdir())
    return sorted({match[1] for match in found if match} - {"00"})


def learn(folder: Path) -> whole.Model:
    """Give a watching model: learned from d00, limits from d00_te.

    Raises:
        Invalid: a run is missing, unreadable or too short.
    """
    clean, second = read(folder / "d00.dat"), read(folder / "d00_te.dat")
    if clean.shape[1] != second.shape[1]:
        raise Invalid(f"{folder}: d00 and d00_te have different numbers of variables")
    model = whole.blank(clean.shape[1], len(clean), len(second))
    watch(model, clean)
    whole.restart(model)
    watch(model, second)
    if whole.phase(model) != WATCHING:
        raise Invalid(f"{folder}: d00 and d00_te are too short to learn from")
    return model


def watch(
    model: whole.Model, rows: Rows, allowed: float = 0.0
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Move the model through rows [n, size]; gives what stood above a limit [n] and what was decided [n]."""
    ratios, verdicts, decided = (
        np.empty(len(rows)),
        np.empty(len(rows), np.int64),
        np.empty(len(rows), np.int64),
    )
    whole.run(model, rows, allowed, ratios, verdicts, decided)
    return verdicts == OVER, decided


def delay(detected: NDArray[np.bool_]) -> int | None:
    """Give the readings until the first of IN_A_ROW detected ones, bool [n]; None where there are none."""
    if len(detected) < IN_A_ROW:
        return None
    runs = np.lib.stride_tricks.sliding_window_view(detected, IN_A_ROW).all(axis=1)
    return int(runs.argmax()) if runs.any() else None


def judge(model: whole.Model, rows: Rows, allowed: float) -> dict[str, Any]:
    """Watch one test run with a copy of the model; rates as fractions, delays in readings."""
    own = model.copy()
    whole.restart(own)
    detected, decided = watch(own, rows, allowed)
    opened = np.flatnonzero(decided == OPENED)
    later = opened[opened >= FAULT_AT]
    return {
        "detection_rate": float(detected[FAULT_AT:].mean()),
        "delay_readings": delay(detected[FAULT_AT:]),
        "false_alarm_rate_before": float(detected[:FAULT_AT].mean()),
        "alert_delay_readings": int(later[0]) - FAULT_AT if len(later) else None,
        "alerts_before": len(opened) - len(later),
    }


def bench(folder: Path) -> dict[str, Any]:
    """Run every fault of `folder`; gives the settings hash, the faults and their means.

    Raises:
        Invalid: the folder is not laid out like the benchmark's.
    """
    if not folder.is_dir() or not faults(folder):
        raise Invalid(f"{folder} holds no test run of a fault (dNN_te.dat or dNN_te.dat.gz)")
    model = learn(folder)
    size = whole.size(model)
    budget = float(defaults()["budget_per_week"])
    found: dict[str, dict[str, Any]] = {}
    for fault in faults(folder):
        rows = read(folder / f"d{fault}_te.dat", size)
        if len(rows) <= FAULT_AT:
            raise Invalid(f"{folder}: d{fault}_te ends before its fault begins")
        found[fault] = judge(model, rows, budget / READINGS_A_WEEK)
    rates = {fault: one["detection_rate"] for fault, one in found.items()}
    plain = [rate for fault, rate in rates.items() if fault not in HARD]
    return {
        "bench": "tep",
        "settings_hash": settings_hash(),
        "limits": "d00_te, in-sample",
        "model": "d00",
        "delay_rule": f"readings from the fault to the first of {IN_A_ROW} detected in a row",
        "budget_per_week": budget,
        "faults": found,
        "mean": statistics.fmean(rates.values()),
        "mean_without_3_9_15": statistics.fmean(plain) if plain else None,
        "false_alarm_rate_before": statistics.fmean(one["false_alarm_rate_before"] for one in found.values()),
    }


def table(result: dict[str, Any]) -> list[list[object]]:
    """Give COLUMNS for each fault, and the means."""
    rows: list[list[object]] = [
        [
            fault,
            f"{100 * one['detection_rate']:.1f}",
            one["delay_readings"],
            f"{100 * one['false_alarm_rate_before']:.1f}",
            one["alert_delay_readings"],
            one["alerts_before"],
        ]
        for fault, one in result["faults"].items()
    ]
    before = f"{100 * result['false_alarm_rate_before']:.2f}"
    rows.append(["mean", f"{100 * result['mean']:.2f}", "", before, "", ""])
    if result["mean_without_3_9_15"] is not None:
        rows.append(["without 3, 9, 15", f"{100 * result['mean_without_3_9_15']:.2f}", "", "", "", ""])
    return rows


def write(result: dict[str, Any], out: Path) -> None:
    """Write the result as JSON, with its folder."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
