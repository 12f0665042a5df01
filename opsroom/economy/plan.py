"""From a checked file to the changes that a catalog needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from opsroom.catalog import FULL_TURN_DEG, UNNAMED_LEVEL, Catalog
from opsroom.economy.file import Economy, SeriesTable, Tables, UnitTable, band_of, depth_of, read_economy
from opsroom.economy.flows import declared_flow
from opsroom.economy.relations import AnyRelationTable
from opsroom.flow import Flow
from opsroom.measuring import between
from opsroom.model import Indicator, Relation, Series, Unit
from opsroom.records import AnyConfig, FlowSet, RelationSet, SeriesSet, TreeConfig, UnitSet
from opsroom.tree import joined
from opsroom.units import read_unit


def load_economy(file: str | Path, catalog: Catalog) -> list[AnyConfig]:
    """Read `file` and give what must change in `catalog`, units first; nothing where there is no such file.

    Raises:
        SettingsError: the file cannot be used; `params` name file, line and key.
    """
    path = Path(file)
    return differences(read_economy(path), catalog) if path.exists() else []


def differences(economy: Economy, catalog: Catalog) -> list[AnyConfig]:
    """Give the changes, in order, that make `catalog` hold what the file says, without touching it.

    A unit or series keeps its id by path. The file decides every key of a series it names, except that a
    silent `unit` or `period_s` keeps what the plant declared; a series found by a plant is adopted by being
    named.

    Raises:
        SettingsError: a series, flow or relation names what stands neither in the file nor in the catalog.
    """
    planned = catalog.copy()
    changes: list[AnyConfig] = []
    for unit in _units(economy, planned):
        changes += _set(planned, UnitSet(unit, via="file"), planned.units.get(unit.id))
    for index, table in enumerate(economy.tables.series):
        series = _series(economy, index, table, planned)
        changes += _set(planned, SeriesSet(series, via="file"), planned.series.get(series.id))
    for kind, index, declared in economy.relations():
        found = _relation(economy, kind, index, declared, planned)
        changes += _set(planned, RelationSet(found), planned.relations.get(found.id))
    for index, declared_as in enumerate(economy.flows):
        flow = declared_flow(economy, index, declared_as, planned)
        changes += _set(planned, FlowSet(flow), planned.flows.get(flow.id))
    return changes


def _set(
    planned: Catalog, change: TreeConfig, before: Unit | Series | Relation | Flow | None
) -> list[AnyConfig]:
    if isinstance(change, UnitSet):
        after: Unit | Series | Relation | Flow = change.unit
    elif isinstance(change, FlowSet):
        after = change.flow
    else:
        after = change.series if isinstance(change, SeriesSet) else change.relation
    if after == before:
        return []
    planned.apply(change)
    return [change]


def _units(economy: Economy, planned: Catalog) -> Iterator[Unit]:
    """Give the units of the file, parents first; each is planned before the next is asked for."""
    declared = {table.path: table for table in economy.tables.unit}
    wanted = dict.fromkeys(["", *declared])
    for path in declared:
        wanted |= dict.fromkeys(_above(path))
    for path in sorted(wanted, key=depth_of):
        yield _unit(economy.tables, path, declared.get(path), planned)


def _unit(tables: Tables, path: str, table: UnitTable | None, planned: Catalog) -> Unit:
    before, depth = planned.unit_at(path), depth_of(path)
    parent = planned.unit_at(path.rpartition("/")[0]) if path else None
    renamed = before is not None and before.path != path  # in the screen: the file's path leads to it still
    unit_id = before.id if before else planned.next_unit_id
    table = table or UnitTable(path=path)
    name = before.name if renamed and before else None
    name = name or table.name or (tables.root if not path else None) or (before.name if before else None)
    level = table.level or (tables.levels[depth] if depth < len(tables.levels) else None)
    zone = table.time_zone or (tables.time_zone if not path else None)
    if zone is None:
        zone = parent.time_zone if parent else before.time_zone if before else "UTC"
    return Unit(
        id=unit_id,
        root_id=parent.root_id if parent else unit_id,
        parent_id=parent.id if parent else None,
        path=before.path if before else joined(parent.path if parent else "", path.rpartition("/")[2]),
        name=name or path.rpartition("/")[2] or "economy",
        level_name=level or (before.level_name if before else UNNAMED_LEVEL),
        depth=depth,
        time_zone=zone,
        guidance=table.guidance if table.guidance is not None else before.guidance if before else "",
        procedure=table.procedure if table.procedure is not None else before.procedure if before else "",
        formerly=before.formerly if before else (),
    )


def _series(economy: Economy, index: int, table: SeriesTable, planned: Catalog) -> Series:
    unit_path, _, name = table.path.rpartition("/")
    unit = planned.unit_at(unit_path)
    if unit is None:
        raise economy.fault(
            "series", index, "path", f"no unit {unit_path!r}", f"Declare [[unit]] path = {unit_path!r}."
        )
    before = planned.own_series(unit.id, name)
    measure = read_unit(table.unit) if table.unit is not None else None
    code = measure.code if measure else before.unit if before else ""
    period_s = table.period_s if table.period_s is not None or before is None else before.period_s
    kept = _kept(before, code, measure is not None and measure.verified)
    turn = table.circular if table.circular is not None else FULL_TURN_DEG if code == "deg" else 0.0
    recovery = table.recovery_s if isinstance(table.recovery_s, list) else [table.recovery_s]
    return Series(
        id=before.id if before else planned.next_series_id,
        root_id=unit.root_id,
        unit_id=unit.id,
        name=before.name if before else name,
        unit=code,
        unit_verified=measure.verified if measure else before is not None and before.unit_verified,
        period_s=period_s,
        circular=turn or None,
        like=table.like,
        band=band_of(table),
        recovery_s=tuple(recovery),
        adopted=True,
        indicator=_indicator(table),
        consequence=table.consequence,
        response_s=table.response_s,
        kept=kept,
        description=table.description or (before.description if before else ""),
        formerly=before.formerly if before else (),
    )


def _kept(before: Series | None, code: str, verified: bool) -> str:  # noqa: FBT001
    """Give the unit in which values are kept that came before the file told another one.

    A file that tells another dimension corrects what the plant said.
    """
    if before is None or before.unit == code:
        return before.kept if before else ""
    kept = before.kept or before.unit
    known = verified and before.unit_verified and between(kept, code) is not None
    return kept if known else ""


def _relation(
    economy: Economy, table: str, index: int, declared: AnyRelationTable, planned: Catalog
) -> Relation:
    """Find the members.

    The relation stands at the lowest unit that holds them all, and keeps its id by name.
    """
    members: list[int] = []
    for key, path in declared.paths():
        series = _series_at(planned, path)
        if series is None:
            raise economy.fault(table, index, key, f"no series {path!r}", "Declare it as [[series]].")
        members.append(series.id)
    before = planned.relation_named(declared.name)
    if before is not None and before.kind is not declared.kind:
        raise economy.fault(table, index, "name", f"{declared.name!r} is a {before.kind} already")
    holders = [planned.ancestors(planned.series[member].unit_id) for member in members]
    unit = next(u for u in holders[0] if all(u in above for above in holders))
    return Relation(
        id=before.id if before else planned.next_relation_id,
        root_id=unit.root_id,
        unit_id=unit.id,
        name=declared.name,
        kind=declared.kind,
        members=tuple(members) if declared.watched else (),
        weights=declared.weighed(),
        clean_readings=declared.learns(),
        clean=declared.period(),
        lag=declared.lags(),
    )


def _series_at(planned: Catalog, path: str) -> Series | None:
    unit = planned.unit_at(path.rpartition("/")[0])
    return planned.own_series(unit.id, path.rpartition("/")[2]) if unit else None


def _indicator(table: SeriesTable) -> Indicator | None:
    declared = table.indicator
    if declared is not None:
        return Indicator(
            orientation=declared.orientation,
            capability=declared.capability,
            potentiality=declared.potentiality,
            essential=declared.essential,
        )
    if table.orientation is None:
        return None
    return Indicator(
        orientation=table.orientation,
        capability=table.capability,
        potentiality=table.potentiality,
        essential=table.essential,
    )


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
