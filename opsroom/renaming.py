"""Other names for units and series: ids and histories stay, and what was called the old name is still found.

Each gives the changes for the log, or nothing where all is so already. Who fed a series, wrote a rule or kept
an address under the old name goes on with it until that name is given up.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from opsroom.catalog import Catalog
from opsroom.errors import Conflict, Invalid, NotFound
from opsroom.model import Series, Unit
from opsroom.records import AnyConfig, SeriesSet, UnitSet
from opsroom.tree import joined

NAME_CHARS_MAX: Final = 100
FORMER_MAX: Final = 8


def rename_series(catalog: Catalog, series: Series, name: str) -> list[AnyConfig]:
    """Give a series another name within its unit.

    Raises:
        Invalid: `name_invalid`: no name.
        Conflict: the name leads to another one, or too many former names are kept.
    """
    name = checked(name)
    if name == series.name:
        return []
    formerly = _former(series.formerly, series.name, name)
    changes: list[AnyConfig] = [SeriesSet(replace(series, name=name, formerly=formerly))]
    catalog.check(changes)
    return changes


def rename_unit(
    catalog: Catalog, unit: Unit, *, name: str | None = None, part: str | None = None
) -> list[AnyConfig]:
    """Give a unit another name to show, another last part of its path, or both; what is below moves along.

    Raises:
        Invalid: `name_invalid`: no name, or the root was given a path.
        Conflict: the path leads to another unit, or too many former names are kept.
    """
    before = unit.path.rpartition("/")[2]
    part = before if part is None else checked(part)
    if unit.parent_id is None and part != before:
        raise _invalid(part)
    formerly = unit.formerly if part == before else _former(unit.formerly, before, part)
    path = joined(unit.path.rpartition("/")[0], part)
    name = unit.name if name is None else checked(name)
    renamed = replace(unit, name=name, path=path, formerly=formerly)
    if renamed == unit:
        return []
    catalog.check([UnitSet(renamed)])
    moved = catalog.copy()
    moved.apply(UnitSet(renamed))
    along = moved.below(unit.id)[1:] if path != unit.path else []
    return [UnitSet(renamed), *(UnitSet(one, via="moved") for one in along)]


def give_up(of: Series | Unit, name: str) -> list[AnyConfig]:
    """Let a former name lead here no more.

    Raises:
        NotFound: `name_unknown`: it has no such former name.
    """
    if name not in of.formerly:
        raise NotFound(
            f"{name!r} is no former name of this.", remedy="Read its names.", code="name_unknown", name=name
        )
    formerly = tuple(one for one in of.formerly if one != name)
    if isinstance(of, Series):
        return [SeriesSet(replace(of, formerly=formerly))]
    return [UnitSet(replace(of, formerly=formerly))]


def _former(formerly: tuple[str, ...], before: str, name: str) -> tuple[str, ...]:
    found = tuple(one for one in dict.fromkeys((before, *formerly)) if one != name)
    if len(found) > FORMER_MAX:
        raise Conflict(
            f"{FORMER_MAX} former names are kept already.",
            remedy="Give one up first.",
            code="names_too_many",
            limit=FORMER_MAX,
        )
    return found


def checked(name: str) -> str:
    """Give a name as it is kept.

    Raises:
        Invalid: `name_invalid`.
    """
    name = name.strip()
    if not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable() or "/" in name or name in {".", ".."}:
        raise _invalid(name)
    return name


def _invalid(name: str) -> Invalid:
    return Invalid(
        f"{name[:NAME_CHARS_MAX]!r} cannot be a name here.",
        remedy=f"Use 1 to {NAME_CHARS_MAX} printable characters without '/'; the root has no path.",
        code="name_invalid",
        field="name",
        name=name[:NAME_CHARS_MAX],
    )
