"""Units that are made and retired by hand, and series that are set aside: changes for the log, nothing more.

Nothing is deleted: what is retired or set aside keeps its id, its name and its history, is judged by nobody
and stands on no screen until it is brought back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from opsroom.aside import Aside
from opsroom.errors import Conflict, Invalid
from opsroom.model import ChangeKind, Finding, FindingVerb, Series, Unit
from opsroom.records import AnyConfig, SeriesSet, UnitSet
from opsroom.renaming import checked
from opsroom.tree import joined

if TYPE_CHECKING:
    from opsroom.catalog import Catalog
    from opsroom.model import Micros

DEPTH_MAX: Final = 12


def part_of(name: str) -> str:
    """Give the part of a path that goes with a name: small letters, hyphens for spaces.

    >>> part_of("Wire Mill 2"), part_of(" A/B ")
    ('wire-mill-2', 'a-b')
    """
    return "-".join(name.replace("/", " ").casefold().split())


def found(catalog: Catalog, parent: Unit, name: str, part: str = "", level_name: str = "") -> UnitSet:
    """Give a new unit below `parent`; the level is called as its siblings' where nothing is said.

    Raises:
        Invalid: `name_invalid`, `units_too_deep`.
        Conflict: the path leads to another unit already; `unit_retired`: nothing grows below a retired one.
    """
    if parent.retired:
        raise Conflict(
            f"{parent.name} is retired.", remedy="Bring it back first.", code="unit_retired", unit=parent.path
        )
    depth = parent.depth + 1
    if depth > DEPTH_MAX:
        raise Invalid(
            f"There are {DEPTH_MAX} levels already.",
            remedy="Make it further up.",
            code="units_too_deep",
            field="parent",
            limit=DEPTH_MAX,
        )
    name = checked(name)
    path = joined(parent.path, checked(part or part_of(name)))
    if catalog.unit_at(path) is not None:
        raise Conflict(
            f"{path}: the name is taken.", remedy="Choose another name.", code="conflict", path=path
        )
    alike = (unit.level_name for unit in catalog.units.values() if unit.depth == depth)
    unit = Unit(
        id=catalog.next_unit_id,
        root_id=parent.root_id,
        parent_id=parent.id,
        path=path,
        name=name,
        level_name=level_name.strip() or next(alike, "unit"),
        depth=depth,
        time_zone=parent.time_zone,
    )
    return UnitSet(unit)


def retire(catalog: Catalog, unit: Unit) -> list[AnyConfig]:
    """Retire a unit and all below it: their series are judged no more, their tokens let nobody in.

    Raises:
        Conflict: `root_stays`.
    """
    if unit.parent_id is None:
        raise Conflict("The root cannot be retired.", remedy="Retire units below it.", code="root_stays")
    changes: list[AnyConfig] = []
    for one in catalog.below(unit.id):
        if not one.retired:
            changes.append(UnitSet(replace(one, retired=True)))
        changes += [
            SeriesSet(replace(series, aside=Aside.RETIRED))
            for series in catalog.series_of(one.id)
            if series.aside is Aside.NO
        ]
    return changes


def revive(catalog: Catalog, unit: Unit) -> list[AnyConfig]:
    """Bring a retired unit and all below it back; what was set aside by hand stays so.

    Raises:
        Conflict: `unit_retired`: the unit above is retired still.
    """
    above = catalog.parent(unit.id)
    if above is not None and above.retired:
        raise Conflict(
            f"{above.name} is retired.", remedy="Bring it back first.", code="unit_retired", unit=above.path
        )
    changes: list[AnyConfig] = []
    for one in catalog.below(unit.id):
        if one.retired:
            changes.append(UnitSet(replace(one, retired=False)))
        changes += [
            SeriesSet(replace(series, aside=Aside.NO))
            for series in catalog.series_of(one.id)
            if series.aside is Aside.RETIRED
        ]
    return changes


def set_aside(series: Series) -> list[AnyConfig]:
    """Dismiss a series that nobody wants: it waits for nobody and raises nothing. Nothing where it is so.

    Raises:
        Conflict: `series_adopted`: what is agreed is not junk.
    """
    if series.adopted:
        raise Conflict(
            f"{series.name} is adopted.",
            remedy="Only series that nobody adopted are dismissed.",
            code="series_adopted",
        )
    return [] if series.aside is not Aside.NO else [SeriesSet(replace(series, aside=Aside.DISMISSED))]


def no_more(series_id: int, now: Micros) -> Finding:
    """Give what ends the alert of a series that was set aside or retired."""
    return Finding(
        series_id=series_id, verb=FindingVerb.BACK, detector="opsroom", kind=ChangeKind.NONE, at=now
    )


def bring_back(series: Series) -> list[AnyConfig]:
    """Let a dismissed series wait for adoption again."""
    return [SeriesSet(replace(series, aside=Aside.NO))] if series.aside is Aside.DISMISSED else []
