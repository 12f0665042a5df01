"""From a sender's key to a series of the tree: the mapping file, and what holds without one.

`[[series]]` tables are tried in order and the first that fits decides. Where none fits, or there is no file:
measurement, tag values, field for line protocol; label values, metric for Prometheus; collectd's own names.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import translate
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import msgspec

from ingest.doors.readings import Door, Key
from opsroom.economy.file import fault_at
from opsroom.errors import SettingsError

REMEDY: Final = "See docs/doors.md for the tables and their keys."
SOURCE_LABELS: Final[Mapping[Door, str]] = {"influx": "host", "prometheus": "instance", "collectd": "host"}
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_NAMED: Final = frozenset({"name", "field", "labels"})
# Prometheus' naming conventions: the base unit is the end of the name, before `_total` where there is one.
_SUFFIXES: Final = {
    "seconds": "s",
    "milliseconds": "ms",
    "bytes": "By",
    "celsius": "Cel",
    "meters": "m",
    "volts": "V",
    "amperes": "A",
    "joules": "J",
    "watts": "W",
    "grams": "g",
    "hertz": "Hz",
    "pascals": "Pa",
    "kelvin": "K",
    "percent": "%",
    "ratio": "1",
}
# Types of collectd's types.db whose values have one unit.
_COLLECTD_TYPES: Final = {
    "percent": "%",
    "humidity": "%",
    "temperature": "Cel",
    "voltage": "V",
    "current": "A",
    "power": "W",
    "frequency": "Hz",
    "memory": "By",
}


class Target(msgspec.Struct, frozen=True):
    """Where readings of a key go: a name relative to the token's unit, and what is said of them.

    `sure`: the unit was stated and is held against the series' own; otherwise it is only proposed for a new
    series. `source` names the sender among those of one token: each has a clock of its own. `by_default`:
    no rule named it.
    """

    path: str
    unit: str = ""
    sure: bool = False
    period_s: float | None = None
    source: str = ""
    historical: bool = False
    by_default: bool = False


DROPPED: Final = Target("")


class SeriesTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[series]]` of the mapping file."""

    door: Door | None = None
    name: str = "*"
    field: str = "*"
    bucket: str = "*"
    labels: dict[str, str] = {}
    path: str = ""
    unit: str = ""
    period_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    source: str = ""
    historical: bool = False
    drop: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    series: list[SeriesTable] = []


class _Rule:
    """A table with its patterns compiled."""

    def __init__(self, table: SeriesTable) -> None:
        self._table = table
        self._patterns = [_glob(pattern) for pattern in (table.name, table.field, table.bucket)]
        self._labels = [(label, _glob(pattern)) for label, pattern in table.labels.items()]

    def target(self, door: Door, bucket: str, key: Key, labels: Mapping[str, str]) -> Target | None:
        """Give where the key goes; None where the rule does not fit."""
        table, told = self._table, (key.name, key.field, bucket)
        if table.door not in {None, door}:
            return None
        if not all(one.match(text) for one, text in zip(self._patterns, told, strict=True)):
            return None
        if not all(one.match(labels.get(label, "")) for label, one in self._labels):
            return None
        if table.drop:
            return DROPPED
        path = _filled(table.path, key, labels)
        if path is None:
            return None
        source = labels.get(table.source or SOURCE_LABELS[door], "")
        return Target(path, table.unit, bool(table.unit), table.period_s, source, table.historical)


class Naming:
    """What a sender's key means: the rules of a file, and the default behind them."""

    def __init__(self, tables: Sequence[SeriesTable] = ()) -> None:
        """Take the tables in the order in which they are tried."""
        self._rules = [_Rule(table) for table in tables]

    def target(self, door: Door, bucket: str, key: Key) -> Target:
        """Give where the readings of a key go; `bucket` is the bucket or database that the sender named."""
        labels = dict(key.labels)
        for rule in self._rules:
            found = rule.target(door, bucket, key, labels)
            if found is not None:
                return found
        source = labels.get(SOURCE_LABELS[door], "")
        return Target("/".join(_parts(door, key)), _unit(door, key), source=source, by_default=True)


def _parts(door: Door, key: Key) -> list[str]:
    """Name a key that no rule names.

    >>> _parts("influx", Key("cpu", (("cpu", "cpu0"), ("host", "web1")), "usage_idle"))
    ['cpu', 'cpu0', 'web1', 'usage_idle']
    >>> _parts("prometheus", Key("up", (("instance", "10.0.0.5:9100"), ("job", "node"))))
    ['node', '10.0.0.5:9100', 'up']
    """
    if door == "influx":
        return [part(text) for text in (key.name, *(value for _, value in key.labels), key.field)]
    if door == "prometheus":
        labels = dict(key.labels)
        first = [labels.pop(label) for label in ("job", "instance") if label in labels]
        return [part(text) for text in (*first, *labels.values(), key.name)]
    labels = dict(key.labels)
    plugin = "-".join(text for text in (key.name, labels.get("plugin_instance", "")) if text)
    kind = "-".join(text for text in (labels.get("type", ""), labels.get("type_instance", "")) if text)
    field = [] if key.field == "value" else [key.field]
    return [part(text) for text in (labels.get("host", ""), plugin, kind, *field) if text]


def _unit(door: Door, key: Key) -> str:
    """Read a unit off a name where the sender's system has a convention for it; "" where not."""
    if door == "prometheus":
        name = key.name.removesuffix("_total").removesuffix("_sum")
        return _SUFFIXES.get(name.rpartition("_")[2], "")
    return _COLLECTD_TYPES.get(dict(key.labels).get("type", ""), "") if door == "collectd" else ""


def part(text: str) -> str:
    """Give text as one part of a path, so that different texts give different parts (RFC 3986's escapes).

    >>> part("/dev/sda1"), part("100%"), part(".."), part("web1.example.com")
    ('%2Fdev%2Fsda1', '100%25', '%2E%2E', 'web1.example.com')
    """
    if text in {".", ".."}:
        return text.replace(".", "%2E")
    if text.isprintable() and "/" not in text and "%" not in text and text.strip() == text:
        return text
    kept = [
        char
        if char.isprintable() and char not in "/%" and (char != " " or 0 < at < len(text) - 1)
        else quote(char, "")
        for at, char in enumerate(text)
    ]
    return "".join(kept)


def _filled(path: str, key: Key, labels: Mapping[str, str]) -> str | None:
    """Fill a path's placeholders; None where one has no value, so that the rule does not fit."""
    named = {name for name in _PLACEHOLDER.findall(path) if name not in _NAMED}
    if not all(labels.get(name) for name in named):
        return None
    values = {name: part(labels[name]) for name in named}
    values["name"], values["field"] = part(key.name), part(key.field)
    values["labels"] = "/".join(part(value) for name, value in key.labels if name not in named)
    if "{field}" in path and not key.field:
        return None
    filled = _PLACEHOLDER.sub(lambda found: values[found.group(1)], path)
    return "/".join(one for one in filled.split("/") if one)


def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def load_naming(file: str | Path) -> Naming:
    """Read the mapping file; one that is not there leaves the default.

    Raises:
        SettingsError: the first fault, with file, line and key in `params`.
    """
    where = Path(file)
    try:
        text = where.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Naming()
    except (OSError, UnicodeDecodeError) as error:
        raise fault_at(str(file), "", ("", 0, ""), f"cannot be read: {error}", REMEDY) from error
    return Naming(parse_mapping(text, str(file)))


def parse_mapping(text: str, where: str = "doors.toml") -> list[SeriesTable]:
    """Read and check the text of a mapping file called `where`.

    Raises:
        SettingsError: as `load_naming`.
    """
    try:
        tables = msgspec.convert(tomllib.loads(text), _File).series
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else max(1, text.count("\n"))
        raise SettingsError(
            f"{where}:{line}: not TOML: {error}", remedy="Mend that line.", file=where, line=line, key=""
        ) from error
    except msgspec.ValidationError as error:
        raise fault_at(where, text, _place(str(error)), str(error), REMEDY) from error
    for index, table in enumerate(tables):
        for key, says in _faults(table):
            raise fault_at(where, text, ("series", index, key), says, REMEDY)
    return tables


def _faults(table: SeriesTable) -> Iterator[tuple[str, str]]:
    """Give (key, what is wrong with it)."""
    if table.drop:
        if table.path:
            yield "path", "a table that drops has no path"
        return
    if not table.path:
        yield "path", "a path, or drop = true, is missing"
    if table.path.startswith("/"):
        yield "path", "paths are relative to the unit of the sender's token"
    bare = _PLACEHOLDER.sub("x", table.path)
    if "{" in bare or "}" in bare or "{}" in table.path:
        yield "path", "a brace without its partner, or without a name"
    if any(one in {"", ".", ".."} for one in bare.split("/")):
        yield "path", "an empty or dotted part"


def _place(message: str) -> tuple[str, int, str]:
    """Read (table, index, key) out of msgspec's words, e.g. `at $.series[2].path`."""
    found = re.search(r"\$\.(\w+)\[(\d+)\](?:\.(\w+))?", message)
    unknown = re.search(r"unknown field `(\w+)`", message)
    if found is None:
        return "", 0, unknown.group(1) if unknown else ""
    return found.group(1), int(found.group(2)), found.group(3) or (unknown.group(1) if unknown else "")
