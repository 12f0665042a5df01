"""A folder laid out like the benchmark's: series, label windows and profiles of costs."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.errors import Invalid

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class File:
    """One series: `t` microseconds UTC and `v`, both shape [n] in the order of the file's rows.

    `windows` are label windows as (first row, last row), both inside.
    """

    name: str
    t: Ints
    v: Floats
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Costs:
    """What a profile gives for a found window and takes for a missed one and for a false report."""

    found: float
    missed: float
    false: float


@dataclass(frozen=True)
class Corpus:
    """All files, in sorted order, and the profiles by name."""

    files: tuple[File, ...]
    profiles: dict[str, Costs]


def read_corpus(folder: Path) -> Corpus:
    """Read `windows.json`, `profiles.json` and `data/<group>/<file>.csv[.gz]` of `folder`.

    Raises:
        Invalid: something is missing or cannot be read.
    """
    try:
        windows = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
        profiles = json.loads((folder / "profiles.json").read_text(encoding="utf-8"))
        files = tuple(_read(folder, name, windows[name]) for name in sorted(windows))
        costs = {name: _costs(profile["CostMatrix"]) for name, profile in profiles.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{folder} is not laid out like the benchmark: {error}") from error
    return Corpus(files, costs)


def _costs(matrix: dict[str, float]) -> Costs:
    return Costs(float(matrix["tpWeight"]), float(matrix["fnWeight"]), float(matrix["fpWeight"]))


def _read(folder: Path, name: str, labels: list[tuple[str, str]]) -> File:
    """Read one file, compressed or not."""
    packed = folder / "data" / f"{name}.gz"
    content: Any = (
        gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / "data" / name).read_bytes()
    )
    rows = list(csv.DictReader(content.decode("utf-8").splitlines()))
    t = np.array([micros(row["timestamp"]) for row in rows], np.int64)
    v = np.array([float(row["value"] or "nan") for row in rows], np.float64)
    return File(name, t, v, tuple((_row(t, a, name), _row(t, b, name)) for a, b in labels))


def micros(text: str) -> int:
    """Read a time of the benchmark; without an offset it is UTC. Microseconds."""
    at = datetime.fromisoformat(text)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)


def _row(t: Ints, text: str, name: str) -> int:
    """Give the first row at an instant of a label.

    Raises:
        ValueError: no row has it.
    """
    there = np.nonzero(t == micros(text))[0]
    if not len(there):
        raise ValueError(f"{name} has no row at {text}, an end of a label window")
    return int(there[0])
