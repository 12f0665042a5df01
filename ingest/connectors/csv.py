"""CSV files as plants write them: wide (a column a series) or long (a row a reading), plain or `.gz`.

Stands a byte order mark, `;` or tab separators with decimal commas, blanks around names, empty rows, rows
that come twice, day-first dates and clocks that are set back. A value that does not change is passed on as
it is: to judge that is the room's.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec

from ingest.connectors._rows import Instant, Report, Times, time_zone
from opsroom.errors import Invalid

NO_VALUE: Final = frozenset({"", "na", "nan", "null", "none", "-", "n/a", "#n/a"})
ECONOMY_FILE: Final = "economy.csv.gz"
HIERARCHY_FILE: Final = "hierarchy.json"
SHARE_EVERY: Final = 256
_HEAD_CHARS: Final = 8192


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


class _Reading(msgspec.Struct, frozen=True):
    """One reading of a file, before readings of one instant are joined."""

    t: int
    name: str
    value: float
    unit: str
    period_s: float | None
    line: int


def samples(options: Options, report: Report | None = None) -> Iterator[Instant]:
    """Give the instants of a file in its own order.

    Neighbouring rows of one instant are one, the last of a repeated reading counts.

    What cannot be read is passed over and noted in `report`.

    Raises:
        Invalid: no such file, column or time zone.
    """
    found = report or Report()
    yield from _joined(_readings(options, found), found)


def economy(folder: Path, report: Report | None = None) -> Iterator[Instant]:
    """Give the readings of a folder with `economy.csv.gz` and `hierarchy.json`.

    All plants merged by event time.

    Names are paths from the root: levels of the hierarchy, enterprise, plant, series. Ties keep the file's
    order.

    Raises:
        Invalid: a file or column is missing.
    """
    places = read_hierarchy(folder / HIERARCHY_FILE)
    options = Options(
        file=folder / ECONOMY_FILE, time="ts", is_long=True, path=("enterprise", "plant", "series")
    )
    found = report or Report()

    def placed() -> Iterator[_Reading]:
        for one in _readings(options, found):
            plant, _, series = one.name.rpartition("/")
            if plant not in places:
                found.note(one.line, "plant_unknown", plant)
                continue
            yield msgspec.structs.replace(one, name=f"{places[plant]}/{series}")

    yield from _joined(sorted(placed(), key=lambda one: one.t), found)


def read_hierarchy(file: Path) -> dict[str, str]:
    """Give the path below the root of each plant by `enterprise/plant`.

    `{"economy": {"energy": {"la-haute-borne": ["R80711"]}}}` gives `{"la-haute-borne/R80711": "energy/la-
    haute-borne/R80711"}`.

    Raises:
        Invalid: the file cannot be read, or is no nest of objects with lists of names inside.
    """
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(
            f"{file}: {error}", remedy="Name a folder with a hierarchy.", field="hierarchy"
        ) from error
    places: dict[str, str] = {}

    def walk(node: Any, path: tuple[str, ...]) -> None:
        if isinstance(node, dict):
            for name, below in node.items():
                walk(below, (*path, name))
        elif isinstance(node, list) and path and all(isinstance(name, str) for name in node):
            places.update({f"{path[-1]}/{name}": "/".join((*path[1:], name)) for name in node})
        else:
            raise Invalid(
                f"{file}: {'/'.join(path)} is no list of names.",
                remedy="Nest objects, lists inside.",
                field="hierarchy",
            )

    walk(tree, ())
    return places


def _joined(readings: Iterable[_Reading], report: Report) -> Iterator[Instant]:
    """Join neighbouring readings of one instant."""
    at: int | None = None
    held: dict[str, _Reading] = {}
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


def _instant(t: int, held: dict[str, _Reading]) -> Instant:
    rows = held.values()
    return Instant(
        t,
        list(held),
        [r.value for r in rows],
        [r.unit for r in rows],
        [r.period_s for r in rows],
        lines=[r.line for r in rows],
    )


def _readings(options: Options, report: Report) -> Iterator[_Reading]:
    """Read a file row by row."""
    times = Times(time_zone(options.tz), day_first=options.day_first)
    with _opened(options.file) as stream:
        head = stream.readline(_HEAD_CHARS)
        separator = max(";\t,", key=head.count)
        columns = [
            name.strip() for name in next(csv.reader([head], delimiter=separator, skipinitialspace=True), [])
        ]
        time = options.time or (columns[0] if columns else "")
        at = _columns(options, columns, [time])[0]
        number = _decimal_comma if separator == ";" else float
        read = (_long if options.is_long else _wide)(options, columns, at, number, report)
        rows = csv.reader(stream, delimiter=separator, skipinitialspace=True)
        for cells in rows:
            row, line = cells, rows.line_num + 1
            if not any(cell.strip() for cell in row):
                report.note(line, "row_empty")
                continue
            report.rows += 1
            if report.rows % SHARE_EVERY == 1:
                report.share = _share(options.file, stream)
            if len(row) < len(columns):
                report.note(line, "row_short", f"{len(row)} of {len(columns)} columns")
                row = row + [""] * (len(columns) - len(row))
            try:
                t = times.read(row[at])
            except (ValueError, OverflowError):
                report.note(line, "time_invalid", row[at])
                continue
            yield from read(t, row, line)


_Read = Callable[[int, Sequence[str], int], Iterator[_Reading]]


def _wide(
    options: Options, columns: list[str], at: int, number: Callable[[str], float], report: Report
) -> _Read:
    """Give the reader of a row with a column a series."""
    series = [
        (place, options.rename.get(name, name), options.units.get(name, ""))
        for place, name in enumerate(columns)
        if place != at and options.rename.get(name, name)
    ]

    def read(t: int, row: Sequence[str], line: int) -> Iterator[_Reading]:
        for place, name, unit in series:
            value = _value(row[place], number, line, report)
            if value is not None:
                yield _Reading(t, name, value, unit, None, line)

    return read


def _long(
    options: Options, columns: list[str], at: int, number: Callable[[str], float], report: Report
) -> _Read:
    """Give the reader of a row with one reading."""
    del at
    *path, value_at = _columns(options, columns, [*options.path, options.value])
    unit_at = columns.index(options.unit) if options.unit in columns else None
    period_at = columns.index(options.period_s) if options.period_s in columns else None

    def read(t: int, row: Sequence[str], line: int) -> Iterator[_Reading]:
        plain = "/".join(row[place].strip() for place in path)
        name = options.rename.get(plain, plain)
        value = _value(row[value_at], number, line, report) if name else None
        if value is None:
            return
        unit = options.units.get(plain) or (row[unit_at].strip() if unit_at is not None else "")
        period = _value(row[period_at], number, line, report) if period_at is not None else None
        yield _Reading(t, name, value, unit, period if period and period > 0 else None, line)

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
