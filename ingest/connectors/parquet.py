"""Parquet files, wide or long: one, or all of a folder by a pattern, and those that are added later."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.connectors._rows import EPOCH_S_MAX, Instant, Times, time_zone
from ingest.connectors._source import Asked, Outlet, SourceLost, tidy
from opsroom.errors import Invalid
from opsroom.model import MICROS_PER_S

NEEDS = {"pyarrow": "pip install 'cybersyn-opsroom[parquet]'"}
CAN_WAIT = True

ROWS_AT_ONCE: Final = 4_096
_SETTLED_S: Final = 0.5
"""A file that was written less than this ago may still be growing."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[parquet]`: as `[csv]`, with `file` a pattern (`days/*.parquet`), read in order of name.

    `time_unit` is that of times that are integers. `unit` of a wide file's columns is read from their
    metadata `unit`. `follow` waits for more files.
    """

    file: str
    time: str = ""
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = "auto"
    tz: str = "UTC"
    long: bool = False
    path: tuple[str, ...] = ("series",)
    value: str = "value"
    unit: str = "unit"
    period_s: str = "period_s"
    follow: bool = False
    poll_s: float = 1.0
    historical: bool = False


def sources(settings: Settings, folder: Path) -> list[ParquetFiles]:
    """Give the files, looked for in `folder`, as the one source.

    Raises:
        Invalid: there is none, one is no Parquet or lacks a column, or the zone is unknown.
    """
    time_zone(settings.tz)
    source = ParquetFiles(settings, folder)
    files = source.files()
    if not files and not settings.follow:
        raise Invalid(f"No file {folder / settings.file}.", remedy="Name one, or follow.", field="file")
    for file in files[:1]:
        source.columns(file)
    return [source]


class _Columns(NamedTuple):
    """What a file's columns are: its time, and of each series column name and unit; or the long form's."""

    time: str
    series: dict[str, str]
    wanted: list[str]


class ParquetFiles:
    """Files that are read once each, in order of their names."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Look for `settings.file` in `folder`."""
        self.label = f"parquet {settings.file}"
        self._settings = settings
        self._folder = folder
        self._timeless = 0

    def files(self) -> list[Path]:
        """Give the files that are there, by name."""
        pattern = Path(self._settings.file)
        if pattern.is_absolute():
            return sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
        return sorted(self._folder.glob(self._settings.file))

    def asked(self) -> Sequence[Asked]:
        """Give the columns of the first file."""
        files = self.files()
        if not files:
            return [Asked(f"{self._settings.file} (not there yet)", "{column}")]
        found = self.columns(files[0])
        if self._settings.long:
            series = "/".join(f"{{{one}}}" for one in self._settings.path)
            return [Asked(f"{len(files)} files: {self._settings.value}", series)]
        return [Asked(f"{len(files)} files: {name}", name, unit) for name, unit in found.series.items()]

    def columns(self, file: Path) -> _Columns:
        """Read the schema of a file.

        Raises:
            Invalid: it is no Parquet, or a column is missing; the key is named.
        """
        settings = self._settings
        try:
            schema = pq.read_schema(file)
        except (pa.ArrowException, OSError) as error:
            raise Invalid(f"{file}: {error}", remedy="Name a Parquet file.", field="file") from error
        time = settings.time or (schema.names[0] if schema.names else "")
        keys = [("time", time)]
        if settings.long:
            keys += [("value", settings.value), *(("path", one) for one in settings.path)]
        for key, name in keys:
            if name not in schema.names:
                told = f"{file} has no column {name!r}."
                raise Invalid(told, remedy=f"It has: {', '.join(schema.names) or 'none'}.", field=key)
        if settings.long:
            more = [name for name in (settings.unit, settings.period_s) if name in schema.names]
            return _Columns(time, {}, [time, settings.value, *settings.path, *more])
        series = {
            field.name: (field.metadata or {}).get(b"unit", b"").decode("utf-8", "replace")
            for field in schema
            if field.name != time and _is_number(field.type)
        }
        return _Columns(time, series, [time, *series])

    async def session(self, out: Outlet) -> None:
        """Read the files that no earlier run has finished, then those that come."""
        done = await self._done(out)
        while True:
            # A mark is of before the reading: a file that is written meanwhile is read again.
            fresh = [(file, mark) for file in self.files() if (mark := self._mark(file)) not in done]
            for file, mark in fresh:
                if self._settings.follow and out.now() / MICROS_PER_S - file.stat().st_mtime < _SETTLED_S:
                    break
                self._timeless = 0
                try:
                    for instant in self._instants(file):
                        await out.give(instant)
                except pa.ArrowException as error:
                    raise SourceLost(f"{file}: {error}") from error
                out.tell("read", str(file))
                if self._timeless:
                    out.tell("time_invalid", f"{file}: {self._timeless} rows without a time")
                done.add(mark)
                await out.remember("read", "\n".join(sorted(done)))
            if not self._settings.follow:
                return
            await out.sleep(self._settings.poll_s)

    async def _done(self, out: Outlet) -> set[str]:
        """Give the marks of files that are finished, those of earlier releases too.

        These were of name and size alone. Where one fits several files nobody knows which of them was read:
        then all are read.
        """
        done = set(filter(None, out.recall("read").split("\n")))
        former = out.recall("done").split("\n")
        if any(former):
            by_former: dict[str, list[Path]] = {}
            for file in self.files():
                by_former.setdefault(f"{file.name} {file.stat().st_size}", []).append(file)
            for mark, files in by_former.items():
                if mark not in former:
                    continue
                if len(files) == 1:
                    done.add(self._mark(files[0]))
                else:
                    names = ", ".join(str(file) for file in files)
                    out.tell("read_again", f"which of these was read before is not known: {names}")
            await out.remember("read", "\n".join(sorted(done)))
            await out.remember("done", "")
        return done

    def _mark(self, file: Path) -> str:
        """Give what tells a file from others, and from what was written in its place."""
        name = file.relative_to(self._folder) if file.is_relative_to(self._folder) else file
        stat = file.stat()
        return f"{name} {stat.st_size} {stat.st_mtime_ns}"

    # -- rows ------------------------------------------------------------------------------------------------

    def _instants(self, file: Path) -> Iterator[Instant]:
        found = self.columns(file)
        times = Times(time_zone(self._settings.tz))
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=ROWS_AT_ONCE, columns=found.wanted):
                stamps = self._times(batch.column(found.time), times)
                self._timeless += stamps.count(None)
                rows = self._long(batch) if self._settings.long else _wide(batch, found)
                yield from _joined(stamps, rows, historical=self._settings.historical)

    def _times(self, column: Any, times: Times) -> list[int | None]:
        """Give times as int us UTC; one without zone is read in the setting's, None where there is none."""
        kind = column.type
        if pa.types.is_timestamp(kind) and kind.tz is not None:
            moments: list[int | None] = (
                pc.cast(column, pa.timestamp("us", "UTC"), safe=False).cast(pa.int64()).to_pylist()
            )
            return moments
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return [self._number(one) for one in column.to_pylist()]
        if pa.types.is_timestamp(kind):
            column = pc.cast(column, pa.timestamp("us"), safe=False)  # Python's own moments have no ns
        return [_read(one, times) for one in _told(column)]

    def _number(self, told: float | None) -> int | None:
        if told is None or not math.isfinite(told):
            return None
        per_s = {"s": 1, "ms": 1_000, "us": MICROS_PER_S, "ns": 1_000_000_000}.get(self._settings.time_unit)
        if per_s is None:
            # Every step of a thousand is beyond what the one before can mean.
            size = abs(told)
            per_s = next((10 ** (3 * n) for n in range(3) if size < EPOCH_S_MAX * 10 ** (3 * n)), 10**9)
        return (
            round(told * MICROS_PER_S / per_s)
            if per_s <= MICROS_PER_S
            else int(told) // (per_s // MICROS_PER_S)
        )

    def _long(self, batch: Any) -> Iterator[list[_Cell]]:
        settings = self._settings
        paths = [batch.column(name).to_pylist() for name in settings.path]
        values = batch.column(settings.value).to_pylist()
        units = _optional(batch, settings.unit)
        periods = _optional(batch, settings.period_s)
        for at, told in enumerate(values):
            value = _finite(told)
            name = tidy("/".join(str(column[at]) for column in paths if column[at] is not None))
            if value is None or not name:
                yield []
                continue
            period = _finite(periods[at]) if periods else None
            unit = str(units[at] or "") if units else ""
            yield [_Cell(name, value, unit, period if period and period > 0 else None)]


class _Cell(NamedTuple):
    name: str
    value: float
    unit: str
    period_s: float | None


def _wide(batch: Any, found: _Columns) -> Iterator[list[_Cell]]:
    columns = [(name, unit, batch.column(name).to_pylist()) for name, unit in found.series.items()]
    for at in range(batch.num_rows):
        yield [
            _Cell(name, value, unit, None)
            for name, unit, column in columns
            if (value := _finite(column[at])) is not None
        ]


def _joined(
    stamps: Sequence[int | None], rows: Iterator[list[_Cell]], *, historical: bool
) -> Iterator[Instant]:
    """Join neighbouring rows of one instant; of one series' several values the last counts."""
    at: int | None = None
    held: dict[str, _Cell] = {}
    for t, cells in zip(stamps, rows, strict=True):
        if t is None or not cells:
            continue
        if t != at and at is not None and held:
            yield _instant(at, held, historical=historical)
            held = {}
        at = t
        held.update((cell.name, cell) for cell in cells)
    if at is not None and held:
        yield _instant(at, held, historical=historical)


def _instant(t: int, held: dict[str, _Cell], *, historical: bool) -> Instant:
    names, values, units, periods = (list(column) for column in zip(*held.values(), strict=True))
    return Instant(t, names, values, units, periods, None, historical)


def _optional(batch: Any, name: str) -> list[Any]:
    return batch.column(name).to_pylist() if name in batch.schema.names else []


def _is_number(kind: Any) -> bool:
    is_plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    return bool(is_plain or pa.types.is_decimal(kind))


def _finite(told: Any) -> float | None:
    if told is None:
        return None
    try:
        value = float(told)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _told(column: Any) -> Iterator[Any]:
    """Give a column's values; None for a moment beyond what Python's calendar knows."""
    for one in column:
        try:
            yield one.as_py()
        except (ValueError, OverflowError):
            yield None


def _read(told: Any, times: Times) -> int | None:
    """Read a naive moment, a date or text."""
    if told is None:
        return None
    if isinstance(told, datetime):
        return times.read(told.isoformat())
    if isinstance(told, date):
        return times.read(
            datetime(told.year, told.month, told.day, tzinfo=UTC).replace(tzinfo=None).isoformat()
        )
    try:
        return times.read(str(told))
    except (ValueError, OverflowError):
        return None
