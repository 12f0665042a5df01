"""What is asked of the store about tree and rules: as last committed, what rules found, all versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from opsroom.flow import Flow
    from opsroom.model import Micros, Relation, Series, Unit
    from opsroom.records import MetaKind, SeriesSet, UnitSet
    from opsroom.rule import Rule, Ruling


class CatalogRows(Protocol):
    """The tree as last committed."""

    def units(self) -> list[Unit]:
        """Give all units by id."""
        ...

    def series(self) -> list[Series]:
        """Give all series by id."""
        ...

    def versions(self, kind: MetaKind, of_id: int, limit: int = 1000) -> list[UnitSet | SeriesSet]:
        """Give every version of a unit or series that was agreed, with who agreed it, newest first."""
        ...

    def relations(self) -> list[Relation]:
        """Give all relations by id."""
        ...

    def flows(self) -> list[Flow]:
        """Give all flows by id, retired ones too."""
        ...

    def rules(self) -> list[Rule]:
        """Give all alarm rules by id, retired ones too."""
        ...


class Rulings(Protocol):
    """Findings of rules and versions of rules; both are written with the journal's commit."""

    def events(self, unit_ids: Collection[int], t_from: Micros, t_to: Micros, limit: int) -> list[Ruling]:
        """Give what rules filed as events on series of these units, t_from <= at < t_to, newest first."""
        ...

    def raises(self, t_from: Micros, t_to: Micros) -> list[tuple[str, int, bool, int]]:
        """Give how often each rule began to be met in a span: (rule, unit id, filed as event, times)."""
        ...

    def versions(self, rule_id: str) -> list[Rule]:
        """Give every version of a rule that was in force, newest first."""
        ...
