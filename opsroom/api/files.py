"""Tables as files: CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CSV_TYPE: Final = "text/csv; charset=utf-8"
RISKY: Final = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: Any) -> Any:
    """Give a cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(RISKY) else value


def csv_of(rows: Iterable[Sequence[Any]]) -> str:
    """Give rows as CSV (RFC 4180); nothing is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([["" if cell is None else harmless(cell) for cell in row] for row in rows])
    return text.getvalue()


def attached(name: str) -> dict[str, str]:
    """Give the header that saves an answer under a name."""
    return {"content-disposition": f'attachment; filename="{name}"'}


def rfc3339(at: int | None) -> str | None:
    """Give milliseconds as RFC 3339 in UTC, which every spreadsheet reads the same way."""
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
