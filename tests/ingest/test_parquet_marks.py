"""Which Parquet files were read before: each once, none passed over for looking like another."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.bridge import Told
from ingest.connectors import parquet
from ingest.marks import Marks
from tests.ingest.test_live_sources import Kept, run

DAYS = "days/*/part-0.parquet"


def write(file: Path, *values: float, at_s: int = 1) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"ts": range(len(values)), "a": values}), file)
    os.utime(file, (at_s, at_s))
    return file


def read(folder: Path, pattern: str, readings: int) -> tuple[list[float | None], list[Told]]:
    """Follow the files until that many readings came, and ten looks more."""
    quiet = 0

    def until(bridge: object, kept: Kept) -> bool:
        nonlocal quiet
        quiet += len(kept.of("a")) >= readings
        return quiet > 10

    settings = parquet.Settings(file=pattern, follow=True)
    kept, told = run(parquet.sources(settings, folder), until, Marks(folder / "marks"))
    return [value for _, value in kept.of("a")], told


def test_files_of_one_name_and_size_in_two_folders_are_two(tmp_path: Path) -> None:
    first = write(tmp_path / "days/1/part-0.parquet", 1.0)
    assert read(tmp_path, DAYS, 1)[0] == [1.0]
    second = write(tmp_path / "days/2/part-0.parquet", 2.0)
    assert first.stat().st_size == second.stat().st_size
    assert read(tmp_path, DAYS, 1)[0] == [2.0]
    assert read(tmp_path, DAYS, 0)[0] == []


def test_a_file_that_is_written_anew_is_read_anew(tmp_path: Path) -> None:
    file = write(tmp_path / "f.parquet", 1.0)
    size = file.stat().st_size
    assert read(tmp_path, file.name, 1)[0] == [1.0]
    assert write(file, 2.0, at_s=2).stat().st_size == size
    assert read(tmp_path, file.name, 1)[0] == [2.0]
    assert write(file, 3.0, 4.0, at_s=2).stat().st_size != size
    assert read(tmp_path, file.name, 2)[0] == [3.0, 4.0]


def test_marks_of_an_earlier_release_are_understood(tmp_path: Path) -> None:
    one = write(tmp_path / "days/1/one.parquet", 1.0)
    some = [write(tmp_path / f"days/{n}/part-0.parquet", float(n)) for n in (1, 2)]
    former = sorted({f"{file.name} {file.stat().st_size}" for file in (one, *some)})
    pattern = "days/*/*.parquet"
    (tmp_path / "marks").write_text(json.dumps({f"parquet {pattern} done": "\n".join(former)}))
    values, told = read(tmp_path, pattern, 2)
    assert values == [1.0, 2.0], "which of two was read is not known"
    assert next(one.code for one in told) == "read_again"
    write(one, 3.0, at_s=2)
    assert read(tmp_path, pattern, 1)[0] == [3.0], "the earlier mark is not asked again"
