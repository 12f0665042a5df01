"""A folder into which files come."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SERIES, UNIT = "output", "t/h"
FORGETS = False


class Peer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder / "days"
        self._at = datetime(2026, 11, 26, tzinfo=UTC)
        self._number = 0
        self.table = '[parquet]\nfile = "days/*.parquet"\nfollow = true\npoll_s = 0.1\n'

    @staticmethod
    def why_not() -> str:
        return ""

    async def start(self) -> None:
        self._folder.mkdir()

    async def put(self, value: float) -> None:
        self._number += 1
        self._at += timedelta(minutes=1)
        fields = [
            pa.field("ts", pa.timestamp("us", "UTC")),
            pa.field(SERIES, pa.float64(), metadata={"unit": UNIT}),
        ]
        table = pa.Table.from_arrays([pa.array([self._at]), pa.array([value])], schema=pa.schema(fields))
        file = self._folder / f"{self._number}.parquet"
        pq.write_table(table, file)
        os.utime(file, (1, 1))

    async def stop(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
