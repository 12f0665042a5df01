"""`economy.toml` as tables, and everything that can be wrong with the file by itself."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from opsroom.economy.relations import (
    AnyRelationTable,
    BalanceTable,
    ClaimTable,
    OrdersTable,
    WholeTable,
    relation_faults,
    relation_tables,
)
from opsroom.errors import SettingsError
from opsroom.flow import STARVED
from opsroom.model import Orientation
from opsroom.spans import SPAN_S_MAX

REMEDY: Final = "See docs/economy.md for the tables and their keys."

Positive = Annotated[float, msgspec.Meta(gt=0)]
Span = Annotated[float, msgspec.Meta(gt=0, le=SPAN_S_MAX)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Told = Annotated[str, msgspec.Meta(max_length=2_000)]


class UnitTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[unit]]`; units above it that are not declared are made with it."""

    path: str
    name: Name | None = None
    level: Name | None = None
    time_zone: str | None = None
    guidance: Told | None = None
    procedure: Told | None = None


class IndicatorTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[series.indicator]`."""

    orientation: Orientation
    capability: Positive | None = None
    potentiality: Positive | None = None
    essential: bool = False


class SeriesTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[series]]`; the keys of an indicator may stand in it directly."""

    path: Name
    unit: str | None = None
    period_s: Span | None = None
    band: tuple[float, float] | None = None
    low: float | None = None
    high: float | None = None
    circular: Annotated[float, msgspec.Meta(ge=0)] | None = None
    like: Name | None = None
    recovery_s: Span | list[Span] = []
    consequence: Literal["minor", "major", "severe"] = "minor"
    response_s: Span | None = None
    indicator: IndicatorTable | None = None
    orientation: Orientation | None = None
    capability: Positive | None = None
    potentiality: Positive | None = None
    essential: bool = False
    description: str = ""


class FlowTable(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"source": "from", "target": "to"},
):
    """One `[[flow]]` between two units, by path; a series as an end stands for its unit and measures it.

    `series` measures the flow, `usual` is what is expected of it, below `starved` of that it is starved.
    `coefficient` is input of `target` for one unit of its output, `capacity` what the link can carry.
    """

    source: str
    target: str
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    series: Name | None = None
    usual: Positive | None = None
    starved: Annotated[float, msgspec.Meta(gt=0, lt=1)] = STARVED
    coefficient: Positive = 1.0
    capacity: Positive | None = None
    unit: str = ""
    retired: bool = False


class Tables(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file as it stands."""

    root: Name | None = None
    levels: list[Name] = []
    time_zone: str | None = None
    unit: list[UnitTable] = []
    series: list[SeriesTable] = []
    flow: list[FlowTable] = []
    claim: list[ClaimTable] = []
    balance: list[BalanceTable] = []
    orders: list[OrdersTable] = []
    whole: list[WholeTable] = []


class Economy(msgspec.Struct, frozen=True):
    """A checked file, with its text for the lines of later faults."""

    tables: Tables
    where: str = "economy"
    text: str = ""

    @property
    def flows(self) -> list[FlowTable]:
        """The flows between units, by path."""
        return self.tables.flow

    def relations(self) -> Iterator[tuple[str, int, AnyRelationTable]]:
        """Give (table, index, what stands there) of all relations."""
        tables = self.tables
        return relation_tables(tables.claim, tables.balance, tables.orders, tables.whole)

    def fault(self, table: str, index: int, key: str, says: str, remedy: str = REMEDY) -> SettingsError:
        """Make the error for `key` of the `index`-th `[[table]]` (from 0); `table` "" is the head."""
        return fault_at(self.where, self.text, (table, index, key), says, remedy)


def read_economy(file: Path) -> Economy:
    """Read and check a file by itself.

    Raises:
        SettingsError: as `load_economy`.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise fault_at(str(file), "", ("", 0, ""), f"cannot be read: {error}") from error
    return parse_economy(text, str(file))


def parse_economy(text: str, where: str = "economy.toml") -> Economy:
    """Read and check the text of a file called `where`.

    Raises:
        SettingsError: as `load_economy`.
    """
    try:
        tables = msgspec.convert(tomllib.loads(text), Tables)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else max(1, text.count("\n"))
        raise SettingsError(
            f"{where}:{line}: not TOML: {error}", remedy="Mend that line.", file=where, line=line, key=""
        ) from error
    except msgspec.ValidationError as error:
        says, _, at = str(error).partition(" - at `$")
        raise fault_at(where, text, _place(at.rstrip("`"), says), says) from error
    economy = Economy(tables, where, text)
    return check(economy)


def check(economy: Economy) -> Economy:
    """Give the economy back if nothing is wrong with it by itself.

    Raises:
        SettingsError: the first fault, with file, line and key in `params`.
    """
    for fault in _faults(economy):
        raise fault
    return economy


def band_of(table: SeriesTable) -> tuple[float | None, float | None] | None:
    """Give the declared band, an infinite or missing end as None; None without any end."""
    low, high = table.band or (table.low, table.high)
    ends = tuple(end if end is not None and math.isfinite(end) else None for end in (low, high))
    return None if ends == (None, None) else (ends[0], ends[1])


def _faults(economy: Economy) -> Iterator[SettingsError]:
    """Give what is wrong with the file by itself, in its order."""
    tables = economy.tables
    if not _is_zone(tables.time_zone):
        yield economy.fault("", 0, "time_zone", f"no time zone {tables.time_zone!r}", "Use an IANA name.")
    seen: set[str] = set()
    for index, unit in enumerate(tables.unit):
        if unit.path and not all(unit.path.split("/")):
            yield economy.fault("unit", index, "path", f"{unit.path!r} has an empty part")
        if unit.path in seen:
            yield economy.fault(
                "unit", index, "path", f"{unit.path!r} is declared twice", "Keep one of them."
            )
        if tables.levels and unit.level is None and depth_of(unit.path) >= len(tables.levels):
            yield economy.fault(
                "unit", index, "path", f"{unit.path!r} is deeper than the levels", "Name its level."
            )
        if not _is_zone(unit.time_zone):
            yield economy.fault(
                "unit", index, "time_zone", f"no time zone {unit.time_zone!r}", "Use an IANA name."
            )
        seen.add(unit.path)
    yield from _series_faults(economy)
    for table, index, key, says, remedy in relation_faults(economy.relations()):
        yield economy.fault(table, index, key, says, remedy)


def _series_faults(economy: Economy) -> Iterator[SettingsError]:
    seen: set[str] = set()
    for index, table in enumerate(economy.tables.series):
        if not all(table.path.split("/")):
            yield economy.fault("series", index, "path", f"{table.path!r} has an empty part")
        if table.path in seen:
            yield economy.fault(
                "series", index, "path", f"{table.path!r} is declared twice", "Keep one of them."
            )
        seen.add(table.path)
        if table.band is not None and (table.low, table.high) != (None, None):
            yield economy.fault(
                "series", index, "band", "band and low or high say the same", "Keep one of them."
            )
        band = band_of(table)
        if any(math.isnan(end) for end in table.band or ()):
            yield economy.fault(
                "series", index, "band", "an end of the band is no number", "Use inf for an open end."
            )
        if band is not None and band[0] is not None and band[1] is not None and not band[0] < band[1]:
            key = "band" if table.band else "low"
            yield economy.fault(
                "series", index, key, "the low end is not below the high one", "Write low first."
            )
        yield from _indicator_faults(economy, index, table)


def _indicator_faults(economy: Economy, index: int, table: SeriesTable) -> Iterator[SettingsError]:
    for key in ("orientation", "capability", "potentiality", "essential"):
        stands = getattr(table, key) not in {None, False}
        if stands and table.indicator is not None:
            yield economy.fault("series", index, key, f"{key} stands twice", "Keep it in [series.indicator].")
        if stands and table.indicator is None and table.orientation is None:
            yield economy.fault(
                "series", index, key, f"{key} needs an orientation", 'Add orientation = "more" or "less".'
            )


def depth_of(path: str) -> int:
    """Count the parts of a unit's path; 0 for the root."""
    return path.count("/") + 1 if path else 0


def _is_zone(name: str | None) -> bool:
    try:
        return name is None or bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False


def _place(at: str, says: str) -> tuple[str, int, str]:
    """Read table, index and key out of msgspec's path, e.g. `.series[2].indicator.capability`."""
    table, index, rest = "", 0, at.lstrip(".")
    found = re.match(r"(\w+)\[(\d+)\]\.?(.*)", rest)
    if found:
        table, index, rest = found.group(1), int(found.group(2)), found.group(3)
    unknown = re.search(r"unknown field `([^`]*)`", says)
    key = f"{rest}.{unknown.group(1)}".lstrip(".") if unknown else rest
    return table, index, re.sub(r"\[.*?\]", "", key)


def fault_at(
    where: str, text: str, place: tuple[str, int, str], says: str, remedy: str = REMEDY
) -> SettingsError:
    """Make the error for a place (table, index from 0, key) in `text`, with the line on which it stands."""
    table, index, key = place
    line = line_of(text, table, index, key)
    shown = f"{table}.{key}".strip(".")
    message = f"{where}:{line}: {shown}: {says}." if shown else f"{where}:{line}: {says}."
    return SettingsError(message, remedy=remedy, file=where, line=line, key=shown)


def line_of(text: str, table: str, index: int, key: str) -> int:
    """Find the line (from 1) of `key` in the `index`-th `[[table]]`; else of what holds it, else 1."""
    wanted = [part for part in key.split(".") if part]
    count, best, depth = -1, 1, -1
    inside = table == ""
    for number, raw in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([\w.-]+)", raw)
        if header:
            path = header.group(1).split(".")
            if raw.lstrip().startswith("[[") and path == [table]:
                count += 1
            inside = count == index and path[0] == table
            place = len(path) - 1 if inside and path[1:] == wanted[: len(path) - 1] else -1
        else:
            name = raw.partition("=")[0].strip().strip("\"'").rpartition(".")[2]
            place = wanted.index(name) + 1 if inside and "=" in raw and name in wanted else -1
        if place > depth:
            best, depth = number, place
    return best
