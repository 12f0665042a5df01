"""The tree of units, its series and their relations, in memory: names to ids, who stands above whom.

Pure and deterministic: the same changes in the same order give the same ids. Nothing is ever deleted and no
id is used twice; a unit or series is renamed by setting it again under its id. A catalog holds one economy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from opsroom.errors import Conflict, Invalid, NotFound
from opsroom.flow import Flow
from opsroom.model import Relation, Series, Unit
from opsroom.records import AnyConfig, RelationSet, SeriesSet, UnitSet
from opsroom.rule import Rule
from opsroom.tree import Tree, joined

UNNAMED_LEVEL: Final = "unit"
FULL_TURN_DEG: Final = 360.0
NAME_CHARS_MAX: Final = 200
NAME_PARTS_MAX: Final = 16
RESOLVED_MAX: Final = 100_000


class Catalog(Tree):
    """Units and series by id, with the look-ups that ingest, alerts and screens share.

    `resolve` answers from memory until the next change.
    """

    def __init__(
        self, units: Iterable[Unit] = (), series: Iterable[Series] = (), relations: Iterable[Relation] = (),
        rules: Iterable[Rule] = (), flows: Iterable[Flow] = (),
    ) -> None:  # fmt: skip
        """Start from stored rows (any order) or empty."""
        self._resolved: dict[tuple[int, str, bool], Series | None] = {}
        self._groups: dict[str, list[int]] | None = None
        super().__init__(units, series, relations, rules, flows)

    def apply(self, change: AnyConfig) -> None:
        """Take one change; applying it again alters nothing. A moved unit takes the paths below it along."""
        before = self.revision
        super().apply(change)
        if self.revision != before:
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
            self.units.values(),
            self.series.values(),
            self.relations.values(),
            self.rules.values(),
            self.flows.values(),
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
        if self.resolve(node_unit_id, name, literal=literal) is not None:
            return []
        owner, rest = self._descend(node_unit_id, name, literal=literal)
        changes: list[AnyConfig] = []
        for part in rest[:-1]:
            made = UnitSet(self._new_unit(owner, part), via="plant")
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
        changes.append(SeriesSet(series, via="plant"))
        self.apply(changes[-1])
        return changes

    def relation_named(self, name: str) -> Relation | None:
        """Give the relation called `name`, or None; names are unique in an economy."""
        return next((relation for relation in self.relations.values() if relation.name == name), None)

    def resolve(self, node_unit_id: int, name: str, *, literal: bool = False) -> Series | None:
        """Find the series that a sender bound to a node calls `name`, or None.

        `name` is relative to the node: the last parts are the series' own name, before them a path of units.
        `/` separates; a `.` is read as `/` where no series has that literal name, unless `literal` makes it a
        dot. The deepest unit wins.
        """
        key = (node_unit_id, name, literal)
        try:
            return self._resolved[key]
        except KeyError:
            pass
        found = self._look_up(node_unit_id, name, literal=literal)
        if len(self._resolved) >= RESOLVED_MAX:
            self._resolved.clear()
        self._resolved[key] = found
        return found

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

    def _group_index(self) -> dict[str, list[int]]:
        if self._groups is None:
            self._groups = {}
            for series_id in sorted(self.series):
                self._groups.setdefault(self.sibling_key(series_id), []).append(series_id)
        return self._groups

    def _look_up(self, node_unit_id: int, name: str, *, literal: bool) -> Series | None:
        node = self.units.get(node_unit_id)
        if node is None:
            return None
        slashes = [at for at, char in enumerate(name) if at and char == "/"]
        every = [at for at, char in enumerate(name) if at and char in "/."]
        ways = [(slashes, False)] if literal else [(slashes, False), (every, True)]
        find = [self._find_below]
        if self._former_units or self._former_series:
            find.append(self._find_as_before)
        for found_by in find:
            for cuts, dotted in ways:
                for cut in (*reversed(cuts), -1):
                    before, own = name[: max(cut, 0)], name[cut + 1 :]
                    found = found_by(node, before.replace(".", "/") if dotted else before, own)
                    if found is None and dotted:
                        found = found_by(node, before.replace(".", "/"), own.replace(".", "/"))
                    if found is not None:
                        return found
        return None

    def _find_below(self, node: Unit, path: str, own: str) -> Series | None:
        unit_id = self._unit_by_path.get(joined(node.path, path) if path else node.path)
        series_id = None if unit_id is None else self._series_by_name.get((unit_id, own))
        return None if series_id is None else self.series[series_id]

    def _find_as_before(self, node: Unit, path: str, own: str) -> Series | None:
        """Find by names that units and series had before: a present name goes before any of these."""
        unit_id = self.walked(node.id, path) if path else node.id
        return None if unit_id is None else self.own_series(unit_id, own)

    def _descend(self, node_unit_id: int, name: str, *, literal: bool) -> tuple[int, list[str]]:
        """Give the deepest existing unit on the way and the parts still missing, the series' name last."""
        owner, parts = node_unit_id, name.split("/")
        for dotted in (False,) if literal else (False, True):
            parts = "/".join(parts).replace(".", "/").split("/") if dotted else parts
            while len(parts) > 1 and (child := self.child(owner, parts[0])) is not None:
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

    def _new_unit(self, parent_id: int, name: str) -> Unit:
        parent = self.units[parent_id]
        depth = parent.depth + 1
        return Unit(
            id=self.next_unit_id,
            root_id=parent.root_id,
            parent_id=parent_id,
            path=joined(parent.path, name),
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
