"""Stored readings as a Parquet file."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from opsroom.model import Columns, Series, Unit
from opsroom.records import SeriesSet, UnitSet
from opsroom.store import open_store
from tests.cli.conftest import run

T0 = 1_767_225_600_000_000
S = 1_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a store of two series, of three and of ten readings."""
    urls = [f'[{part}]\nurl = "sqlite:///{tmp_path}/{part}.db"\n' for part in ("store", "log")]
    (tmp_path / "opsroom.toml").write_text("".join(urls), "utf-8")
    units = [
        Unit(id=1, root_id=1, parent_id=None, path="", name="E", level_name="root", depth=0),
        Unit(id=2, root_id=1, parent_id=1, path="mill", name="Mill", level_name="plant", depth=1),
    ]
    series = [
        Series(id=1, root_id=1, unit_id=1, name="demand", unit="MW"),
        Series(id=2, root_id=1, unit_id=2, name="output", unit="t/h"),
    ]
    with contextlib.closing(open_store(f"sqlite:///{tmp_path}/store.db")) as store:
        store.journal.commit(1, [], [*map(UnitSet, units), *map(SeriesSet, series)], [])
        for number, count in ((1, 3), (2, 10)):
            values = np.arange(count, dtype=np.float64)
            values[1] = np.nan
            columns = Columns(
                np.full(count, number, np.int32),
                T0 + S * np.arange(count),
                values,
                np.where(np.isnan(values), 0, 192).astype(np.uint8),
            )
            store.readings.take(columns, number)
        store.readings.flush(T0, force=True)
    return tmp_path


def test_a_file_holds_every_reading_with_path_unit_time_and_quality(folder: Path) -> None:
    ran = run(folder, "export", "parquet", "all.parquet", "--json")
    assert (ran.code, ran.json["readings"], ran.json["series"]) == (0, 13, 2)
    rows = pq.read_table(folder / "all.parquet").to_pylist()
    assert [row["series"] for row in rows] == ["demand"] * 3 + ["mill/output"] * 10
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert rows[5] == {
        "series": "mill/output", "unit": "t/h", "t": start + dt.timedelta(seconds=2), "v": 2.0, "q": 192,
    }  # fmt: skip
    assert (rows[1]["v"], rows[1]["q"]) == (None, 0)


def test_a_part_of_the_tree_and_of_the_time(folder: Path) -> None:
    span = ("--from", "2026-01-01T00:00:02", "--to", "2026-01-01T00:00:05")
    ran = run(folder, "export", "parquet", "mill.parquet", "--under", "mill", *span, "--json")
    assert (ran.code, ran.json["readings"], ran.json["series"]) == (0, 3, 1)
    assert pq.read_table(folder / "mill.parquet")["v"].to_pylist() == [2.0, 3.0, 4.0]


def test_a_file_that_is_there_is_left_alone_and_a_failed_one_leaves_nothing(folder: Path) -> None:
    (folder / "old.parquet").write_text("mine", "utf-8")
    ran = run(folder, "export", "parquet", "old.parquet")
    assert (ran.code, "export_exists" in ran.err) == (1, True)
    assert (folder / "old.parquet").read_text("utf-8") == "mine"
    ran = run(folder, "export", "parquet", "new.parquet", "--settings", "nowhere.toml")
    assert ran.code == 1
    assert not list(folder.glob("new.parquet*"))
