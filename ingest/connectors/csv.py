"""CSV files as plants write them: wide (a column a series) or long (a row a reading), plain or `.gz`.

Stands a byte order mark, `;` or tab separators with decimal commas, blanks around names, empty rows, rows
that come twice, day-first dates and clocks that are set back. A value that does not change is passed on as
it is: to judge that is the room's.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec

from ingest.connectors._growing import ROW_BYTES_MAX, GrowingFile, head_too_long
from ingest.connectors._rows import Instant, Report, Times, time_zone
from ingest.connectors._source import Asked, Outlet
from opsroom.errors import Invalid

CAN_WAIT = True
"""A file waits for a slow room: it is read no faster than the room takes it."""
NO_VALUE: Final = frozenset({"", "na", "nan", "null", "none", "-", "n/a", "#n/a"})
SHARE_EVERY: Final = 256


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to read a file. `time` names its column (default: the first).

    Long files: `path` columns joined by `/` make the series name, `value`, `unit` and `period_s` name
    theirs (the last two may be absent). `rename` gives names in the room by the file's, `""` leaves a
    series out. `units` by the file's names.
    """

    file: Path
    time: str = ""
    tz: str = "UTC"
    is_long: bool = False
    day_first: bool = False
    path: tuple[str, ...] = ("series",)
    value: str = "value"
    unit: str = "unit"
    period_s: str = "period_s"
    rename: dict[str, str] = {}
    units: dict[str, str] = {}


class Reading(msgspec.Struct, frozen=True):
    """One reading of a file, before readings of one instant are joined."""

    t: int
    name: str
    value: float
    unit: str
    period_s: float | None
    line: int


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[csv]`: the options of a file, and whether it goes on growing (looked at every `poll_s`).

    `historical` stores everything as history.
    """

    file: str
    time: str = ""
    tz: str = "UTC"
    day_first: bool = False
    long: bool = False
    path: tuple[str, ...] = ("series",)
    value: str = "value"
    unit: str = "unit"
    period_s: str = "period_s"
    follow: bool = False
    poll_s: float = 1.0
    historical: bool = False


def sources(settings: Settings, folder: Path) -> list[CsvFile]:
    """Give the file, looked for in `folder`, as the one source.

    Raises:
        Invalid: it is not there or lacks a column, the zone is unknown, or a compressed file is followed.
    """
    file = folder / settings.file
    if settings.follow and file.suffix == ".gz":
        raise Invalid("A compressed file does not grow.", remedy="Leave out follow.", field="follow")
    options = Options(
        file=file,
        time=settings.time,
        tz=settings.tz,
        is_long=settings.long,
        day_first=settings.day_first,
        path=settings.path,
        value=settings.value,
        unit=settings.unit,
        period_s=settings.period_s,
    )
    time_zone(settings.tz)
    try:
        if file.exists() or not settings.follow:
            next(readings(options, Report()), None)
    except Invalid as error:
        if error.code != "column_missing":
            raise
        key = {settings.time: "time", settings.value: "value"}.get(error.params["field"], "path")
        raise Invalid(error.message, remedy=error.remedy, field=key) from error
    return [CsvFile(options, settings)]


class CsvFile:
    """A file that is read to its end, and further where it is followed."""

    def __init__(self, options: Options, settings: Settings) -> None:
        """Read the file of `options`."""
        self.label = f"csv {options.file.name}"
        self._options = options
        self._settings = settings

    def asked(self) -> Sequence[Asked]:
        """Give the columns that are there, or in words what makes a series."""
        options = self._options
        if options.is_long:
            return [Asked(f"{options.file}: {options.value}", "/".join(f"{{{one}}}" for one in options.path))]
        if not options.file.exists():
            return [Asked(f"{options.file} (not there yet)", "{column}")]
        with _opened(options.file) as stream:
            table = Table(options, _head(options, stream), Report())
        return [Asked(f"{options.file}: {name}", name) for name in table.series]

    async def session(self, out: Outlet) -> None:
        """Give the rows that an earlier run has not handed over, and then what comes."""
        options = self._options
        if options.file.suffix == ".gz":
            report = Report()
            for instant in samples(options, report):
                await out.give(instant._replace(historical=self._settings.historical))
            _tell(report, out)
            return
        with closing(GrowingFile(options.file, out.recall("mark"))) as file:
            await self._read(file, out)

    async def _read(self, file: GrowingFile, out: Outlet) -> None:
        options, is_followed = self._options, self._settings.follow
        table: Table | None = None
        report = Report()
        while True:
            try:
                lines, anew = file.lines(to_the_end=not is_followed)
            except FileNotFoundError:
                if not is_followed:
                    raise
                out.tell("absent", f"{options.file} is not there")
                lines, anew = [], False
            while file.notes:
                out.tell(*file.notes.pop(0))
            if anew or table is None:
                table = Table(options, file.head, report) if file.head else None
            if table is not None and (lines or anew):
                for instant in joined(table.readings(lines), report):
                    await out.give(instant._replace(historical=self._settings.historical))
                await out.remember("mark", file.mark)
                _tell(report, out)
            elif not is_followed:
                return
            await out.sleep(0.0 if lines or anew else self._settings.poll_s)


def _tell(report: Report, out: Outlet) -> None:
    """Tell the defects found since the last time."""
    for defect in report.defects:
        out.tell(defect.code, f"line {defect.line}: {defect.text}")
    report.defects.clear()


def samples(options: Options, report: Report | None = None) -> Iterator[Instant]:
    """Give the instants of a file in its own order.

    Neighbouring rows of one instant are one, the last of a repeated reading counts.

    What cannot be read is passed over and noted in `report`.

    Raises:
        Invalid: no such file, column or time zone.
    """
    found = report or Report()
    yield from joined(readings(options, found), found)


def joined(readings: Iterable[Reading], report: Report) -> Iterator[Instant]:
    """Join neighbouring readings of one instant."""
    at: int | None = None
    held: dict[str, Reading] = {}
    for one in readings:
        if at is not None and one.t != at:
            yield _instant(at, held)
            if one.t < at:
                report.note(one.line, "time_backwards", one.name)
            held = {}
        at = one.t
        if one.name in held:
            report.note(one.line, "repeated", one.name)
        held[one.name] = one
    if at is not None:
        yield _instant(at, held)


def _instant(t: int, held: dict[str, Reading]) -> Instant:
    rows = held.values()
    return Instant(
        t,
        list(held),
        [r.value for r in rows],
        [r.unit for r in rows],
        [r.period_s for r in rows],
        lines=[r.line for r in rows],
    )


def readings(options: Options, report: Report) -> Iterator[Reading]:
    """Read a file row by row."""
    with _opened(options.file) as stream:
        table = Table(options, _head(options, stream), report)
        for number, one in enumerate(table.readings(stream)):
            if number % SHARE_EVERY == 0:
                report.share = _share(options.file, stream)
            yield one


class Table:
    """A file by its head line: reads the rows below it, as many at a time as there are."""

    def __init__(self, options: Options, head: str, report: Report) -> None:
        """Read the names of columns in `head`.

        Raises:
            Invalid: no such column or time zone.
        """
        self._times = Times(time_zone(options.tz), day_first=options.day_first)
        self._separator = max(";,\t", key=head.count)
        cells = next(csv.reader([head], delimiter=self._separator, skipinitialspace=True), [])
        self._columns = [name.strip() for name in cells]
        time = options.time or (self._columns[0] if self._columns else "")
        self._at = _columns(options, self._columns, [time])[0]
        number = _decimal_comma if self._separator == ";" else float
        self._read = (_long if options.is_long else _wide)(options, self._columns, self._at, number, report)
        self._report = report
        self.series = [name for place, name in enumerate(self._columns) if place != self._at]
        self._line = 1

    def readings(self, lines: Iterable[str]) -> Iterator[Reading]:
        """Read the next rows of the file."""
        report, begun = self._report, self._line
        rows = csv.reader(lines, delimiter=self._separator, skipinitialspace=True)
        while (row := self._next(rows)) is not None:
            self._line = line = begun + rows.line_num
            if not any(cell.strip() for cell in row):
                report.note(line, "row_empty")
                continue
            report.rows += 1
            if len(row) < len(self._columns):
                report.note(line, "row_short", f"{len(row)} of {len(self._columns)} columns")
                row = row + [""] * (len(self._columns) - len(row))
            try:
                t = self._times.read(row[self._at])
            except (ValueError, OverflowError):
                report.note(line, "time_invalid", row[self._at])
                continue
            yield from self._read(t, row, line)

    def _next(self, rows: Iterator[list[str]]) -> list[str] | None:
        """Give the next row that can be read, None behind the last."""
        while True:
            try:
                return next(rows, None)
            except csv.Error as error:
                self._report.note(self._line + 1, "row_unreadable", str(error))


_Read = Callable[[int, Sequence[str], int], Iterator[Reading]]


def _wide(
    options: Options, columns: list[str], at: int, number: Callable[[str], float], report: Report
) -> _Read:
    """Give the reader of a row with a column a series."""
    series = [
        (place, options.rename.get(name, name), options.units.get(name, ""))
        for place, name in enumerate(columns)
        if place != at and options.rename.get(name, name)
    ]

    def read(t: int, row: Sequence[str], line: int) -> Iterator[Reading]:
        for place, name, unit in series:
            value = _value(row[place], number, line, report)
            if value is not None:
                yield Reading(t, name, value, unit, None, line)

    return read


def _long(
    options: Options, columns: list[str], at: int, number: Callable[[str], float], report: Report
) -> _Read:
    """Give the reader of a row with one reading."""
    del at
    *path, value_at = _columns(options, columns, [*options.path, options.value])
    unit_at = columns.index(options.unit) if options.unit in columns else None
    period_at = columns.index(options.period_s) if options.period_s in columns else None

    def read(t: int, row: Sequence[str], line: int) -> Iterator[Reading]:
        plain = "/".join(row[place].strip() for place in path)
        name = options.rename.get(plain, plain)
        value = _value(row[value_at], number, line, report) if name else None
        if value is None:
            return
        unit = options.units.get(plain) or (row[unit_at].strip() if unit_at is not None else "")
        period = _value(row[period_at], number, line, report) if period_at is not None else None
        yield Reading(t, name, value, unit, period if period and period > 0 else None, line)

    return read


def _value(text: str, number: Callable[[str], float], line: int, report: Report) -> float | None:
    """Read a value; one that is missing or no number is no reading, and noted."""
    plain = text.strip()
    if plain.lower() in NO_VALUE:
        report.note(line, "value_missing")
        return None
    try:
        value = number(plain)
    except ValueError:
        report.note(line, "value_not_number", plain)
        return None
    if not math.isfinite(value):
        report.note(line, "value_not_finite", plain)
        return None
    return value


def _decimal_comma(text: str) -> float:
    """Read a number as it is written where `;` separates columns: 1.234,5 or 1234.5."""
    return float(text.replace(".", "").replace(",", ".") if "," in text else text)


def _columns(options: Options, columns: list[str], wanted: Sequence[str]) -> list[int]:
    absent = [name for name in wanted if name not in columns]
    if absent:
        raise Invalid(
            f"{options.file} has no column {absent[0]!r}.",
            remedy=f"It has: {', '.join(columns) or 'none'}.",
            code="column_missing",
            field=absent[0],
        )
    return [columns.index(name) for name in wanted]


def _head(options: Options, stream: TextIO) -> str:
    head = stream.readline(ROW_BYTES_MAX)
    if len(head) == ROW_BYTES_MAX:
        raise head_too_long(options.file)
    return head


def _share(file: Path, stream: TextIO) -> float:
    """Give how much of the file was handed out by the system, 0 to 1; of a compressed one as it lies."""
    below: Any = stream.buffer
    raw = below.fileobj if file.suffix == ".gz" else below.raw
    return min(1.0, int(raw.tell()) / max(1, file.stat().st_size))


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    """Open a file, gzip by its name, without its byte order mark."""
    try:
        if file.suffix == ".gz":
            stream: TextIO = gzip.open(  # noqa: SIM115 - closed below
                file, "rt", encoding="utf-8-sig", errors="replace", newline=""
            )
        else:
            stream = file.open(encoding="utf-8-sig", errors="replace", newline="")
    except OSError as error:
        raise Invalid(
            f"{file}: {error.strerror}.", remedy="Name a readable file.", code="file_unreadable", field="file"
        ) from error
    with stream:
        yield stream
