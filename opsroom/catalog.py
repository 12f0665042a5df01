"""The tree of units, its series and their relations, in memory: names to ids, who stands above whom.

Pure and deterministic: the same changes in the same order give the same ids. Nothing is ever deleted and no
id is used twice; a unit or series is renamed by setting it again under its id. A catalog holds one economy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from opsroom.errors import Conflict, Invalid, NotFound
from opsroom.model import Relation, Series, Unit
from opsroom.records import AnyConfig, RelationSet, RuleSet, SeriesSet, UnitSet
from opsroom.rule import Rule

UNNAMED_LEVEL: Final = "unit"
FULL_TURN_DEG: Final = 360.0
NAME_CHARS_MAX: Final = 200
NAME_PARTS_MAX: Final = 16
RESOLVED_MAX: Final = 100_000


class Catalog:
    """Units and series by id, with the look-ups that ingest, alerts and screens share.

    `revision` counts changes that altered something; `resolve` answers from memory until the next of them.
    """

    def __init__(
        self, units: Iterable[Unit] = (), series: Iterable[Series] = (), relations: Iterable[Relation] = (),
        rules: Iterable[Rule] = (),
    ) -> None:  # fmt: skip
        """Start from stored rows (any order) or empty."""
        self.units: dict[int, Unit] = {}
        self.series: dict[int, Series] = {}
        self.relations: dict[int, Relation] = {}
        self.rules: dict[str, Rule] = {rule.id: rule for rule in rules}
        self.revision = 0
        self._last_unit_id = 0
        self._last_series_id = 0
        self._unit_by_path: dict[str, int] = {}
        self._children: dict[int, list[int]] = {}
        self._series_by_name: dict[tuple[int, str], int] = {}
        self._series_of: dict[int, list[int]] = {}
        self._resolved: dict[tuple[int, str], Series | None] = {}
        self._groups: dict[str, list[int]] | None = None
        for unit in sorted(units, key=lambda u: (u.depth, u.id)):
            self.apply(UnitSet(unit))
        for one in sorted(series, key=lambda s: s.id):
            self.apply(SeriesSet(one))
        for relation in sorted(relations, key=lambda r: r.id):
            self.apply(RelationSet(relation))

    def apply(self, change: AnyConfig) -> None:
        """Take one change; applying it again alters nothing. A moved unit takes the paths below it along."""
        if isinstance(change, UnitSet):
            altered = self._set_unit(change.unit)
        elif isinstance(change, SeriesSet):
            altered = self._set_series(change.series)
        elif isinstance(change, RelationSet):
            altered = self.relations.get(change.relation.id) != change.relation
            self.relations[change.relation.id] = change.relation
        elif isinstance(change, RuleSet):
            altered = self.rules.get(change.rule.id) != change.rule
            self.rules[change.rule.id] = change.rule
        else:
            altered = False  # rotas, classes and causes are the alert book's
        if altered:
            self.revision += 1
            self._resolved.clear()
            self._groups = None

    def check(self, changes: Iterable[AnyConfig]) -> None:
        """Look, before `changes` go to the log, whether they fit.

        Raises:
            Conflict: a path or name is already held by another id.
            NotFound: a parent, unit or member that is neither here nor earlier in `changes`.
        """
        trial = self.copy()
        for change in changes:
            if isinstance(change, RelationSet):
                _check_relation(trial, change.relation)
                trial.apply(change)
                continue
            if not isinstance(change, UnitSet | SeriesSet):
                continue
            if isinstance(change, UnitSet):
                above, path, own = change.unit.parent_id, change.unit.path, change.unit.id
                holder: Unit | Series | None = trial.unit_at(path)
            else:
                above, path, own = change.series.unit_id, change.series.name, change.series.id
                holder = trial.own_series(above, path)
            if above is not None and above not in trial.units:
                raise NotFound(
                    f"{path}: no unit {above} to stand in.", remedy="Make that unit first.", path=path
                )
            if holder is not None and holder.id != own:
                raise Conflict(f"{path}: the name is taken.", remedy="Choose another name.", path=path)
            trial.apply(change)

    def copy(self) -> Catalog:
        """Give an independent catalog of the same content (revision starts anew)."""
        return Catalog(
            self.units.values(), self.series.values(), self.relations.values(), self.rules.values()
        )

    def propose_series(
        self,
        node_unit_id: int,
        name: str,
        unit: str,
        period_s: float | None,
        *,
        unit_verified: bool = False,
        literal: bool = False,
    ) -> list[AnyConfig]:
        """Make and apply at once a series that a plant brings undeclared, with the units missing above it.

        `name` is relative to the node: `/` separates, `.` is read as `/` beyond the units that exist, unless
        `literal`. The new series is not `adopted`; a unit of `deg` makes it circular (360). Gives the changes
        for the log, parents first, and nothing where the name resolves already.

        Raises:
            NotFound: no such node.
            Invalid: empty or overlong parts, too many of them, or control characters (`field` is "series").
        """
        if node_unit_id not in self.units:
            raise NotFound(
                f"Unit {node_unit_id} does not exist.",
                remedy="Name a unit of the tree.",
                unit_id=node_unit_id,
            )
        if self.resolve(node_unit_id, name) is not None:
            return []
        owner, rest = self._descend(node_unit_id, name, literal=literal)
        changes: list[AnyConfig] = []
        for part in rest[:-1]:
            made = UnitSet(self._new_unit(owner, part))
            self.apply(made)
            changes.append(made)
            owner = made.unit.id
        series = Series(
            id=self.next_series_id,
            root_id=self.units[owner].root_id,
            unit_id=owner,
            name=rest[-1],
            unit=unit,
            unit_verified=unit_verified,
            period_s=period_s,
            circular=FULL_TURN_DEG if unit == "deg" else None,
            adopted=False,
        )
        changes.append(SeriesSet(series))
        self.apply(changes[-1])
        return changes

    def root(self) -> Unit | None:
        """Give the top of the tree, or None while the catalog is empty."""
        return self.unit_at("")

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

    def relation_named(self, name: str) -> Relation | None:
        """Give the relation called `name`, or None; names are unique in an economy."""
        return next((relation for relation in self.relations.values() if relation.name == name), None)

    def unit_at(self, path: str) -> Unit | None:
        """Give the unit at `path` (`""` is the root), or None."""
        unit_id = self._unit_by_path.get(path)
        return None if unit_id is None else self.units[unit_id]

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

    def below(self, unit_id: int) -> list[Unit]:
        """Give the unit and everything below it, parents before children."""
        found = [self.units[unit_id]]
        for unit in found:
            found.extend(self.children(unit.id))
        return found

    def resolve(self, node_unit_id: int, name: str) -> Series | None:
        """Find the series that a sender bound to a node calls `name`, or None.

        `name` is relative to the node: the last parts are the series' own name, before them a path of units.
        `/` separates; a `.` is read as `/` where no series has that literal name. The deepest unit wins.
        """
        key = (node_unit_id, name)
        try:
            return self._resolved[key]
        except KeyError:
            pass
        found = self._look_up(node_unit_id, name)
        if len(self._resolved) >= RESOLVED_MAX:
            self._resolved.clear()
        self._resolved[key] = found
        return found

    def own_series(self, unit_id: int, name: str) -> Series | None:
        """Give the series of exactly this unit and name, or None."""
        series_id = self._series_by_name.get((unit_id, name))
        return None if series_id is None else self.series[series_id]

    def series_path(self, series_id: int) -> str:
        """Give the absolute path, e.g. `energy/la-haute-borne/R80711/P_avg`."""
        series = self.series[series_id]
        path = self.units[series.unit_id].path
        return f"{path}/{series.name}" if path else series.name

    def series_of(self, unit_id: int) -> list[Series]:
        """Give the unit's own series, in the order in which they were made."""
        return [self.series[series_id] for series_id in self._series_of.get(unit_id, ())]

    def siblings(self, series_id: int) -> list[int]:
        """Give the other series of its sibling group, ids ascending."""
        group = self._group_index().get(self.sibling_key(series_id), [])
        return [other for other in group if other != series_id]

    def sibling_key(self, series_id: int) -> str:
        """Name the sibling group: `like`, or else the unit's parent, the name and the unit of measurement."""
        series = self.series[series_id]
        if series.like is not None:
            return f"like:{series.like}"
        return f"{self.units[series.unit_id].parent_id}:{series.name}:{series.unit}"

    def _up(self, unit_id: int) -> Iterator[Unit]:
        at: int | None = unit_id
        while at is not None:
            unit = self.units[at]
            yield unit
            at = unit.parent_id

    def _set_unit(self, unit: Unit) -> bool:
        old = self.units.get(unit.id)
        if old == unit:
            return False
        if old is not None:
            self._forget_path(old)
        if old is None or old.parent_id != unit.parent_id:
            if old is not None and old.parent_id is not None:
                self._children[old.parent_id].remove(unit.id)
            if unit.parent_id is not None:
                self._children.setdefault(unit.parent_id, []).append(unit.id)
        self.units[unit.id] = unit
        self._last_unit_id = max(self._last_unit_id, unit.id)
        self._unit_by_path[unit.path] = unit.id
        if old is not None and (old.path, old.depth) != (unit.path, unit.depth):
            self._repath(unit)
        return True

    def _repath(self, unit: Unit) -> None:
        for child in self.children(unit.id):
            self._forget_path(child)
            moved = msgspec.structs.replace(
                child, path=_join(unit.path, child.path.rpartition("/")[2]), depth=unit.depth + 1
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
        return True

    def _group_index(self) -> dict[str, list[int]]:
        if self._groups is None:
            self._groups = {}
            for series_id in sorted(self.series):
                self._groups.setdefault(self.sibling_key(series_id), []).append(series_id)
        return self._groups

    def _look_up(self, node_unit_id: int, name: str) -> Series | None:
        node = self.units.get(node_unit_id)
        if node is None:
            return None
        literal = [at for at, char in enumerate(name) if at and char == "/"]
        every = [at for at, char in enumerate(name) if at and char in "/."]
        for cuts, dotted in ((literal, False), (every, True)):
            for cut in (*reversed(cuts), -1):
                before, own = name[: max(cut, 0)], name[cut + 1 :]
                found = self._find_below(node.path, before, own, dotted=dotted)
                if found is not None:
                    return found
        return None

    def _find_below(self, node_path: str, before: str, own: str, *, dotted: bool) -> Series | None:
        if dotted:
            before = before.replace(".", "/")
        unit_id = self._unit_by_path.get(_join(node_path, before) if before else node_path)
        if unit_id is None:
            return None
        series_id = self._series_by_name.get((unit_id, own))
        if series_id is None and dotted:
            series_id = self._series_by_name.get((unit_id, own.replace(".", "/")))
        return None if series_id is None else self.series[series_id]

    def _descend(self, node_unit_id: int, name: str, *, literal: bool) -> tuple[int, list[str]]:
        """Give the deepest existing unit on the way and the parts still missing, the series' name last."""
        owner, parts = node_unit_id, name.split("/")
        for dotted in (False,) if literal else (False, True):
            parts = "/".join(parts).replace(".", "/").split("/") if dotted else parts
            while len(parts) > 1 and (child := self._child(owner, parts[0])) is not None:
                owner, parts = child, parts[1:]
        if len(parts) > NAME_PARTS_MAX or not all(
            0 < len(p) <= NAME_CHARS_MAX and p.isprintable() for p in parts
        ):
            raise Invalid(
                f"{name[:NAME_CHARS_MAX]!r} is no name of a series.",
                remedy=f"Use 1 to {NAME_PARTS_MAX} printable parts of at most {NAME_CHARS_MAX} characters.",
                code="series_name",
                field="series",
                series=name[:NAME_CHARS_MAX],
            )
        return owner, parts

    def _child(self, unit_id: int, name: str) -> int | None:
        return self._unit_by_path.get(_join(self.units[unit_id].path, name)) if name else None

    def _new_unit(self, parent_id: int, name: str) -> Unit:
        parent = self.units[parent_id]
        depth = parent.depth + 1
        return Unit(
            id=self.next_unit_id,
            root_id=parent.root_id,
            parent_id=parent_id,
            path=_join(parent.path, name),
            name=name,
            level_name=next((u.level_name for u in self.units.values() if u.depth == depth), UNNAMED_LEVEL),
            depth=depth,
            time_zone=parent.time_zone,
        )


def _check_relation(trial: Catalog, relation: Relation) -> None:
    """Refuse a name that another relation holds, and members that are not there."""
    for member in relation.members:
        if member not in trial.series:
            raise NotFound(
                f"{relation.name}: no series {member} to relate.",
                remedy="Make that series first.",
                path=relation.name,
            )
    holder = trial.relation_named(relation.name)
    if holder is not None and holder.id != relation.id:
        raise Conflict(
            f"{relation.name}: the name is taken.", remedy="Choose another name.", path=relation.name
        )


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
