"""A file that grows, disappears and is replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

SERIES, UNIT = "output", "t/h"
FORGETS = False
"""A file that is away is waited for: nothing becomes stale."""


class Peer:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "day.csv"
        self._at = datetime(2026, 11, 26, tzinfo=UTC)
        self.table = (
            '[csv]\nfile = "day.csv"\nlong = true\nfollow = true\npoll_s = 0.1\ntime = "ts"\n'
            'path = ["name"]\n'
        )

    @staticmethod
    def why_not() -> str:
        return ""

    async def start(self) -> None:
        self._file.write_text("ts,name,value,unit\n")

    async def put(self, value: float) -> None:
        self._at += timedelta(minutes=1)
        with self._file.open("a") as file:
            file.write(f"{self._at.isoformat()},{SERIES},{value},{UNIT}\n")

    async def stop(self) -> None:
        self._file.unlink(missing_ok=True)
