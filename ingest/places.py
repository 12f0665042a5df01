"""From the names of a connection to series: what is declared, what is new, how its values are converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from ingest.wire import SeriesDeclared
from opsroom.errors import Invalid
from opsroom.model import Series, Unit
from opsroom.records import AnyConfig
from opsroom.settings import Limits
from opsroom.units import Conversion, conversion, read_unit

NAME_CHARS_MAX: Final = 400
PART_CHARS_MAX: Final = 100
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Tree(Protocol):
    """What admission needs of the catalog."""

    units: dict[int, Unit]
    series: dict[int, Series]
    revision: int

    def resolve(self, node_unit_id: int, name: str, *, literal: bool = False) -> Series | None:
        """Find a series by its name relative to a node; with `literal` a dot is a dot."""
        ...

    def propose_series(
        self, node_unit_id: int, name: str, unit: str, period_s: float | None, *, unit_verified: bool = False,
        literal: bool = False,
    ) -> list[AnyConfig]:  # fmt: skip
        """Make a plain series of that name, and the units above it that are missing."""
        ...

    def unadopted(self, unit_id: int) -> int:
        """Count the series of the unit and of all below it that nobody has adopted."""
        ...


class Place(NamedTuple):
    """A resolved name: series id and how its values are converted; or -1, then the code and its params."""

    id: int
    code: str = ""
    params: Mapping[str, Any] = _NOTHING
    conversion: Conversion | None = None


class Places:
    """What the names of one connection resolve to, with the units that its sender says.

    `literal`: a dot in a new name is a dot.
    """

    def __init__(self, tree: Tree, node_id: int, limits: Limits, *, literal: bool = False) -> None:
        """Resolve names below the unit `node_id` of `tree`."""
        self._tree = tree
        self._node_id = node_id
        self._limits = limits
        self._declared: dict[int, SeriesDeclared] = {}
        self._told: dict[str, SeriesDeclared] = {}
        self.known: dict[tuple[str, str | None], Place] = {}
        self.revision = -1
        self._literal = literal

    def fresh(self) -> None:
        """Forget what the tree has outgrown; `revision` is that of the tree which `known` is of."""
        if self.revision != self._tree.revision:
            self.known.clear()
            self.revision = self._tree.revision

    def declare(self, series: Sequence[SeriesDeclared]) -> list[AnyConfig]:
        """Take numbers, units and periods; gives the changes for series that are new, as declared."""
        for one in series:
            if one.id is not None:
                self._declared[one.id] = one
            self._told[one.name] = one
        self.revision = -1
        self.fresh()
        changes: list[AnyConfig] = []
        for one in series:
            self.named(one.name, one.unit, changes)
        return changes

    def label(self, label: str | int) -> str:
        """Give the name that a label of a batch stands for."""
        declared = self._declared.get(label) if isinstance(label, int) else None
        return declared.name if declared is not None else str(label)

    def of(self, label: str | int, changes: list[AnyConfig]) -> Place:
        """Resolve a name, or a number declared before."""
        if isinstance(label, str):
            return self.named(label, None, changes)
        declared = self._declared.get(label)
        if declared is None:
            return Place(-1, "series_undeclared", {"id": label})
        return self.named(declared.name, declared.unit, changes)

    def named(self, name: str, unit: str | None, changes: list[AnyConfig]) -> Place:
        """Resolve one name with the unit its sender says (None: the declared one, or none)."""
        known = self.known.get((name, unit))
        if known is None:
            known = self._look_up(name, unit, changes)
            self.fresh()
            if len(self.known) > 4 * self._limits.series_per_source + 4096:
                self.known.clear()
            self.known[name, unit] = known
        return known

    def _look_up(self, name: str, unit: str | None, changes: list[AnyConfig]) -> Place:
        declared = self._told.get(name)
        text = unit if unit is not None else (declared.unit if declared is not None else "")
        relative = self._relative(name)
        if relative is None:
            return Place(-1, "series_forbidden", {"name": name[:NAME_CHARS_MAX]})
        if not _plain(relative):
            return Place(-1, "series_name_invalid", {"name": name[:PART_CHARS_MAX]})
        code, verified = read_unit(text)
        series = self._tree.resolve(self._node_id, relative, literal=self._literal)
        if series is None:
            limit = self._limits.series_per_source
            if self._tree.unadopted(self._node_id) >= limit:
                return Place(-1, "series_limit", {"limit": limit})
            period_s = declared.period_s if declared is not None else None
            try:
                made = self._tree.propose_series(
                    self._node_id, relative, code, period_s, unit_verified=verified, literal=self._literal
                )
            except Invalid:
                return Place(-1, "series_name_invalid", {"name": name[:PART_CHARS_MAX]})
            changes.extend(made)
            series = self._tree.resolve(self._node_id, relative, literal=self._literal)
            assert series is not None, "a proposed series resolves"
        kept = series.kept or series.unit
        if not code or not kept:
            return Place(series.id)
        try:
            return Place(series.id, conversion=conversion(code, kept))
        except Invalid as mismatch:
            told = {name: value for name, value in mismatch.params.items() if name != "field"}
            return Place(-1, mismatch.code, told | {"got": text})

    def _relative(self, name: str) -> str | None:
        """Give `name` relative to the node; a leading `/` means from the root, None that it leads outside."""
        if not name.startswith("/"):
            return name
        node = self._tree.units[self._node_id].path
        if not node:
            return name[1:]
        return name[len(node) + 2 :] if name.startswith(f"/{node}/") else None


def _plain(name: str) -> bool:
    """Tell whether a relative name can stand in the tree."""
    if not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable():
        return False
    parts = name.split("/")
    return all(0 < len(part.strip()) <= PART_CHARS_MAX and part not in {".", ".."} for part in parts)
