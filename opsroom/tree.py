"""Units, series, relations, flows and rules by id, who stands above whom, and what is found by path. Pure.

Nothing is ever deleted and no id is used twice; a unit or series is renamed by setting it again under its id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from opsroom.flow import Flow
from opsroom.model import Relation, Series, Unit
from opsroom.records import AnyConfig, FlowSet, RelationSet, RuleSet, SeriesSet, UnitSet
from opsroom.rule import Rule

PATHS_MAX: Final = 64
"""Paths that lead to one thing: former names of units multiply on the way down."""


class Tree:
    """Units and series of one economy. `revision` counts changes that altered something."""

    def __init__(
        self, units: Iterable[Unit] = (), series: Iterable[Series] = (), relations: Iterable[Relation] = (),
        rules: Iterable[Rule] = (), flows: Iterable[Flow] = (),
    ) -> None:  # fmt: skip
        """Start from stored rows (any order) or empty."""
        self.units: dict[int, Unit] = {}
        self.series: dict[int, Series] = {}
        self.relations: dict[int, Relation] = {}
        self.rules: dict[str, Rule] = {rule.id: rule for rule in rules}
        self.flows: dict[int, Flow] = {}
        self._flow_by_key: dict[tuple[int, int, str], int] = {}
        self.revision = 0
        self._last_unit_id = 0
        self._last_series_id = 0
        self._unit_by_path: dict[str, int] = {}
        self._children: dict[int, list[int]] = {}
        self._series_by_name: dict[tuple[int, str], int] = {}
        self._series_of: dict[int, list[int]] = {}
        self._unadopted: Counter[int] = Counter()
        self._former_units: dict[tuple[int | None, str], int] = {}
        self._former_series: dict[tuple[int, str], int] = {}
        for unit in sorted(units, key=lambda u: (u.depth, u.id)):
            self.apply(UnitSet(unit))
        for one in sorted(series, key=lambda s: s.id):
            self.apply(SeriesSet(one))
        for relation in sorted(relations, key=lambda r: r.id):
            self.apply(RelationSet(relation))
        for flow in sorted(flows, key=lambda f: f.id):
            self.apply(FlowSet(flow))

    def apply(self, change: AnyConfig) -> None:
        """Take one change; applying it again alters nothing. A moved unit takes the paths below it along."""
        if isinstance(change, UnitSet):
            altered = self._set_unit(change.unit)
        elif isinstance(change, SeriesSet):
            altered = self._set_series(change.series)
        elif isinstance(change, RelationSet):
            altered = self.relations.get(change.relation.id) != change.relation
            self.relations[change.relation.id] = change.relation
        elif isinstance(change, FlowSet):
            altered = self.flows.get(change.flow.id) != change.flow
            self.flows[change.flow.id] = change.flow
            self._flow_by_key[change.flow.key] = change.flow.id
        elif isinstance(change, RuleSet):
            altered = self.rules.get(change.rule.id) != change.rule
            self.rules[change.rule.id] = change.rule
        else:
            altered = False  # rotas, classes and causes are the alert book's
        if altered:
            self.revision += 1

    def root(self) -> Unit | None:
        """Give the top of the tree, or None while the catalog is empty."""
        unit_id = self._unit_by_path.get("")
        return None if unit_id is None else self.units[unit_id]

    @property
    def next_unit_id(self) -> int:
        """The id that the next new unit takes (1, 2, ...)."""
        return self._last_unit_id + 1

    @property
    def next_series_id(self) -> int:
        """The id that the next new series takes (1, 2, ...)."""
        return self._last_series_id + 1

    @property
    def next_relation_id(self) -> int:
        """The id that the next new relation takes (1, 2, ...)."""
        return max(self.relations, default=0) + 1

    @property
    def next_flow_id(self) -> int:
        """The id that the next new flow takes (1, 2, ...)."""
        return len(self.flows) + 1  # none is ever deleted

    def flow_between(self, source_id: int, target_id: int, name: str) -> Flow | None:
        """Give the flow from one unit to another that is called `name`, or None."""
        flow_id = self._flow_by_key.get((source_id, target_id, name))
        return None if flow_id is None else self.flows[flow_id]

    def unit_at(self, path: str) -> Unit | None:
        """Give the unit at `path` (`""` is the root), which may be one of before, or None."""
        unit_id = self._unit_by_path.get(path)
        if unit_id is None and self._former_units and (root := self.root()) is not None:
            unit_id = self.walked(root.id, path)
        return None if unit_id is None else self.units[unit_id]

    def child(self, unit_id: int, part: str) -> int | None:
        """Give the id of the unit that `part` leads to from the one above: its name, or one of before."""
        found = self._unit_by_path.get(joined(self.units[unit_id].path, part)) if part else None
        return self._former_units.get((unit_id, part)) if found is None else found

    def walked(self, unit_id: int, path: str) -> int | None:
        """Follow a path from a unit downwards, by present and former names; None where it leads nowhere."""
        at: int | None = unit_id
        for part in path.split("/"):
            at = None if at is None else self.child(at, part)
        return at

    def parent(self, unit_id: int) -> Unit | None:
        """Give the unit above, or None at the top."""
        parent_id = self.units[unit_id].parent_id
        return None if parent_id is None else self.units[parent_id]

    def children(self, unit_id: int) -> list[Unit]:
        """Give the units directly below, in the order in which they were made."""
        return [self.units[child] for child in self._children.get(unit_id, ())]

    def ancestors(self, unit_id: int) -> list[Unit]:
        """Give the way up: the unit itself first, the root last."""
        return list(self._up(unit_id))

    def contains(self, unit_id: int, other_id: int) -> bool:
        """Say whether `other_id` is `unit_id` itself or stands below it."""
        return any(unit.id == unit_id for unit in self._up(other_id))

    def active(self, unit_id: int) -> list[Unit]:
        """Give the units directly below that are not retired."""
        return [unit for unit in self.children(unit_id) if not unit.retired]

    def below(self, unit_id: int) -> list[Unit]:
        """Give the unit and everything below it, parents before children."""
        found = [self.units[unit_id]]
        for unit in found:
            found.extend(self.children(unit.id))
        return found

    def own_series(self, unit_id: int, name: str) -> Series | None:
        """Give the series of exactly this unit and name, which may be one of before, or None."""
        series_id = self._series_by_name.get((unit_id, name))
        if series_id is None:
            series_id = self._former_series.get((unit_id, name))
        return None if series_id is None else self.series[series_id]

    def series_path(self, series_id: int) -> str:
        """Give the absolute path, e.g. `energy/la-haute-borne/R80711/P_avg`."""
        series = self.series[series_id]
        path = self.units[series.unit_id].path
        return f"{path}/{series.name}" if path else series.name

    def paths_of(self, series_id: int) -> list[str]:
        """Give every path that leads to a series, its own first, then those of before."""
        series = self.series[series_id]
        names = (series.name, *series.formerly)
        return [joined(path, name) for path in self.unit_paths(series.unit_id) for name in names][:PATHS_MAX]

    def unit_paths(self, unit_id: int) -> list[str]:
        """Give every path that leads to a unit, its own first, then those of before."""
        unit = self.units[unit_id]
        if not self._former_units or unit.parent_id is None:
            return [unit.path]
        parts = (unit.path.rpartition("/")[2], *unit.formerly)
        return [joined(path, part) for path in self.unit_paths(unit.parent_id) for part in parts][:PATHS_MAX]

    def every_path(self) -> dict[str, int]:
        """Give the ids of all series by every path that leads to them."""
        own = {self.series_path(one): one for one in sorted(self.series)}
        if not self._former_units and not self._former_series:
            return own
        return {path: one for one in sorted(self.series) for path in self.paths_of(one)} | own

    def series_of(self, unit_id: int) -> list[Series]:
        """Give the unit's own series, in the order in which they were made."""
        return [self.series[series_id] for series_id in self._series_of.get(unit_id, ())]

    def unadopted(self, unit_id: int) -> int:
        """Count the series of the unit and of all below it that nobody has adopted."""
        return self._unadopted[unit_id]

    def _up(self, unit_id: int) -> Iterator[Unit]:
        at: int | None = unit_id
        while at is not None:
            unit = self.units[at]
            yield unit
            at = unit.parent_id

    def _set_unit(self, unit: Unit) -> bool:
        old = self.units.get(unit.id)
        moved = False
        if old == unit:
            return False
        if old is not None:
            self._forget_path(old)
            _give_up(self._former_units, old.parent_id, old.formerly)
        self._former_units |= {(unit.parent_id, name): unit.id for name in unit.formerly}
        if old is None or old.parent_id != unit.parent_id:
            if old is not None and old.parent_id is not None:
                self._children[old.parent_id].remove(unit.id)
                moved = True
            if unit.parent_id is not None:
                self._children.setdefault(unit.parent_id, []).append(unit.id)
        self.units[unit.id] = unit
        self._last_unit_id = max(self._last_unit_id, unit.id)
        self._unit_by_path[unit.path] = unit.id
        if moved:
            self._unadopted.clear()
            for series in self.series.values():
                self._count(series, 1)
        if old is not None and (old.path, old.depth) != (unit.path, unit.depth):
            self._repath(unit)
        return True

    def _repath(self, unit: Unit) -> None:
        for child in self.children(unit.id):
            self._forget_path(child)
            moved = msgspec.structs.replace(
                child, path=joined(unit.path, child.path.rpartition("/")[2]), depth=unit.depth + 1
            )
            self.units[child.id] = moved
            self._unit_by_path[moved.path] = moved.id
            self._repath(moved)

    def _forget_path(self, unit: Unit) -> None:
        if self._unit_by_path.get(unit.path) == unit.id:
            del self._unit_by_path[unit.path]

    def _set_series(self, series: Series) -> bool:
        old = self.series.get(series.id)
        if old == series:
            return False
        if old is not None:
            self._count(old, -1)
            _give_up(self._former_series, old.unit_id, old.formerly)
            key = (old.unit_id, old.name)
            if self._series_by_name.get(key) == old.id:
                del self._series_by_name[key]
            if old.unit_id != series.unit_id:
                self._series_of[old.unit_id].remove(old.id)
        if old is None or old.unit_id != series.unit_id:
            self._series_of.setdefault(series.unit_id, []).append(series.id)
        self.series[series.id] = series
        self._last_series_id = max(self._last_series_id, series.id)
        self._series_by_name[series.unit_id, series.name] = series.id
        self._former_series |= {(series.unit_id, name): series.id for name in series.formerly}
        self._count(series, 1)
        return True

    def _count(self, series: Series, by: int) -> None:
        if not series.adopted and not series.aside:
            for unit in self._up(series.unit_id):
                self._unadopted[unit.id] += by


def _give_up(index: dict[tuple[Any, str], int], below: int | None, names: tuple[str, ...]) -> None:
    for name in names:
        index.pop((below, name), None)


def joined(path: str, name: str) -> str:
    """Give the path of what is called `name` below `path`."""
    return f"{path}/{name}" if path else name
