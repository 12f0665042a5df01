"""Parquet files with times and values that are none: that row is left out, the rest is read, once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.connectors import parquet
from tests.ingest.test_live_sources import run

AT_US: Final = 1_700_000_000_000_000
FAR: Final = 1 << 62
"""As microseconds or as days: beyond the year 9999."""


def read(
    folder: Path, stamps: pa.Array, values: Any = (1.0, 2.0), *, timeless: int = 0
) -> list[tuple[int, float | None]]:
    """Read two rows from a long file; `timeless` of them are told."""
    pq.write_table(pa.table({"ts": stamps, "value": values, "series": ["a", "a"]}), folder / "f.parquet")
    sources = parquet.sources(parquet.Settings(file="f.parquet", long=True), folder)
    kept, told = run(sources, lambda bridge, kept: bool(kept.of("a")) and bridge.counts["ended"] > 0)
    texts = [one.text for one in told if one.code == "time_invalid"]
    assert texts == [f"{folder / 'f.parquet'}: {timeless} rows without a time"] * (timeless > 0)
    return kept.of("a")


@pytest.mark.parametrize("none", [math.nan, math.inf, -math.inf, None])
def test_a_number_that_is_no_time_is_passed_over(tmp_path: Path, none: float | None) -> None:
    assert read(tmp_path, pa.array([none, AT_US / 1e6], pa.float64()), timeless=1) == [(AT_US, 2.0)]


@pytest.mark.parametrize("zone", [None, "UTC"])
@pytest.mark.parametrize("per_us", [1, 1_000])
def test_moments_finer_than_a_microsecond_are_cut(tmp_path: Path, zone: str | None, per_us: int) -> None:
    kind = pa.timestamp("us" if per_us == 1 else "ns", zone)
    stamps = pa.array([AT_US * per_us + per_us - 1, (AT_US + 1) * per_us], pa.int64()).cast(kind)
    assert read(tmp_path, stamps) == [(AT_US, 1.0), (AT_US + 1, 2.0)]


def test_a_moment_beyond_the_calendar_is_passed_over(tmp_path: Path) -> None:
    stamps = pa.array([FAR, AT_US], pa.int64()).cast(pa.timestamp("us"))
    assert read(tmp_path, stamps, timeless=1) == [(AT_US, 2.0)]


def test_a_value_that_is_no_number_is_passed_over(tmp_path: Path) -> None:
    stamps = pa.array([AT_US, AT_US + 1]).cast(pa.timestamp("us", "UTC"))
    assert read(tmp_path, stamps, ["broken", "2.5"]) == [(AT_US + 1, 2.5)]
