"""Clean stretches of recorded series, into which faults are put."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Final

import numpy as np

from opsroom.bench.faults import Ints, Track, track
from opsroom.bench.nab.corpus import micros, read_corpus
from opsroom.bench.streams import Values
from opsroom.model import MICROS_PER_S

PAST_LEAST: Final = 500
PAST_MOST: Final = 3000
LEFT_LEAST: Final = 144
POINTS: Final = 5
"""Places in one stretch at which faults are put, each into a copy of its own."""
MARGIN_US: Final = 12 * 3600 * MICROS_PER_S
"""Kept clear before and after a label window: labels are not exact."""


def stretches(t: Ints, windows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give (first, past the last) reading of every stretch outside `windows` (microseconds, inclusive)."""
    clear = np.ones(len(t), bool)
    for a, b in windows:
        clear &= (t < a - MARGIN_US) | (t > b + MARGIN_US)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], clear.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def tracks(kind: str, t: Ints, v: Values, windows: list[tuple[int, int]]) -> list[Track]:
    """Give the places of one series at which faults can be put; times that do not advance are left out."""
    keep = np.isfinite(v) & (np.diff(t, prepend=np.iinfo(np.int64).min // 2) > 0)
    t, v = t[keep], v[keep]
    found = []
    for a, b in stretches(t, windows):
        if b - a < PAST_LEAST + LEFT_LEAST:
            continue
        for number, at in enumerate(np.linspace(a + PAST_LEAST, b - LEFT_LEAST, POINTS).astype(int).tolist()):
            first = max(a, at - PAST_MOST)
            found.append(track(kind, t[first:b], v[first:b], at - first, number))
    return [one for one in found if one is not None]


def benchmark(folder: Path) -> list[Track]:
    """Take the real series of a folder laid out like the Numenta benchmark, outside its label windows."""
    found = []
    for file in read_corpus(folder).files:
        group, _, _ = file.name.partition("/")
        if not group.startswith("artificial"):
            windows = [(int(file.t[a]), int(file.t[b])) for a, b in file.windows]
            found += tracks(group, file.t, file.v, windows)
    return found


def economy(folder: Path) -> list[Track]:
    """Take the series of a folder laid out like the recorded economy, outside its plants' label windows.

    Directions in degrees are left out: a deviation means nothing on a circle.
    """
    with gzip.open(folder / "economy.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        labels = [(row["plant"], micros(row["start"]), micros(row["end"])) for row in csv.DictReader(file)]
    by_series: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row in rows:
        if row["unit"] != "deg" and row["value"]:
            reading = (micros(row["ts"]), float(row["value"]))
            by_series.setdefault((row["plant"], row["series"]), []).append(reading)
    found = []
    for (plant, _), readings in sorted(by_series.items()):
        t = np.array([at for at, _ in readings], np.int64)
        v = np.array([value for _, value in readings])
        found += tracks("economy", t, v, [(a, b) for name, a, b in labels if name == plant])
    return found


def recorded(folder: Path) -> list[Track]:
    """Take both recordings below `folder` (`nab`, `economy`), as far as they are there."""
    found = []
    if (folder / "nab" / "windows.json").is_file():
        found += benchmark(folder / "nab")
    if (folder / "economy" / "economy.csv.gz").is_file():
        found += economy(folder / "economy")
    return found
