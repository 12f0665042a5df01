"""The settings file of `opsroom connect`: where the room is, one connector, and what its series are called.

Every fault names file and key.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import msgspec

from ingest.connectors._source import Source
from opsroom.errors import Invalid, SettingsError
from opsroom.registry import survey

PACKAGE: Final = "ingest.connectors"
VERB: Final = "sources"
DEFAULT_ROOM: Final = "ws://127.0.0.1:8040"
_AT: Final = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"(?:unknown|missing required) field `(?P<key>[^`]+)`")
_LINE: Final = re.compile(r"at line (\d+)")


class Room(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[room]`: where readings go, as whom, and what happens to them meanwhile.

    `outbox` is the file that keeps what is not stored; `lateness_s` how far sources may lag behind one
    another before their readings count as late.
    """

    url: str = DEFAULT_ROOM
    source: str = ""
    token: str = ""
    token_env: str = "OPSROOM_TOKEN"  # noqa: S105 - the name of a variable
    outbox: str = ""
    cacert: str = ""
    lateness_s: float = 2.0
    stop_s: float = 10.0


class SeriesRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table `[series."NAME"]`: what becomes of the series that the connector calls NAME.

    Values are multiplied by `scale`, then `offset` is added. `leave_out` drops it.
    """

    name: str = ""
    unit: str | None = None
    period_s: float | None = None
    scale: float = 1.0
    offset: float = 0.0
    leave_out: bool = False


class SourceFile(NamedTuple):
    """A settings file that was read: the connector's name, its module's options and sources."""

    file: Path
    room: Room
    connector: str
    module: ModuleType
    sources: Sequence[Source]
    series: dict[str, SeriesRule]

    @property
    def source_name(self) -> str:
        """The name of this sender: `[room] source`, else the file's."""
        return self.room.source or self.file.stem

    @property
    def token(self) -> str:
        """The credential, from the environment before the file."""
        return os.environ.get(self.room.token_env, "") or self.room.token

    @property
    def outbox(self) -> Path | None:
        """The file of the outbox."""
        return self.file.parent / self.room.outbox if self.room.outbox else None


def read_source_file(file: Path) -> SourceFile:
    """Read and check a settings file as far as can be without a network.

    Raises:
        SettingsError: it cannot be used; `file` and `key` are in `params`.
        PluginError: a connector cannot be loaded.
    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _fault(file, "", error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _fault(file, "", "it is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        raise _fault(file, "", str(error), line=int(line[1]) if line else 0) from error
    connector, module = _connector(file, tables)
    room = _convert(file, "room", tables.get("room", {}), Room)
    rules = _convert(file, "series", tables.get("series", {}), dict[str, SeriesRule])
    settings = _convert(file, connector, tables[connector], module.Settings)
    try:
        found = module.sources(settings, file.parent)
    except Invalid as error:
        key = ".".join(part for part in (connector, str(error.params.get("field", ""))) if part)
        raise _fault(file, key, error.message, remedy=error.remedy) from error
    return SourceFile(file, room, connector, module, found, rules)


def _connector(file: Path, tables: dict[str, Any]) -> tuple[str, ModuleType]:
    """Find the one connector that the file has a table for."""
    offered = survey(PACKAGE, having=VERB)
    missing = {one.name: one for one in offered.missing}
    names = [name for name in tables if name not in {"room", "series"}]
    known = ", ".join(sorted({*offered.modules, *missing}))
    for name in names:
        if name in missing:
            one = missing[name]
            raise SettingsError(
                f"{file}: {name}: the library {one.library} is not installed.",
                remedy=f"Install the extra: {one.command}.",
                code="connector_library_missing",
                file=str(file),
                key=name,
            )
        if name not in offered.modules:
            raise _fault(
                file, name, "no such table", remedy=f"Connectors: {known}; beside them: room, series."
            )
        if not isinstance(tables[name], dict):
            raise _fault(file, name, "a table is expected", remedy=f"Write [{name}].")
    if len(names) != 1:
        told = f"{len(names)} connectors" if names else "no connector"
        remedy = f"Give the table of one: {known}. Run a process for each."
        raise _fault(file, names[1] if names else "", told, remedy=remedy)
    return names[0], offered.modules[names[0]]


def _convert(file: Path, table: str, value: Any, kind: Any) -> Any:
    """Read one table.

    Raises:
        SettingsError: a key is unknown, missing or of the wrong kind.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        what, path = (found["what"], found["path"] or "") if found else (str(error), "")
        key = _UNKNOWN.search(what)
        parts = [table + path.removeprefix("$"), *([key["key"]] if key else [])]
        raise _fault(file, ".".join(parts), what.lower()) from error


def _fault(
    file: Path, key: str, what: str, *, remedy: str = "See docs/connectors.md.", line: int = 0
) -> SettingsError:
    place = ": ".join(part for part in (str(file), f"line {line}" if line else "", key) if part)
    return SettingsError(f"{place}: {what.rstrip('.')}.", remedy=remedy, file=str(file), key=key, line=line)
