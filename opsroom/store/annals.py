"""What is asked of the store about all that ever happened: alerts page by page, their edges, the minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from opsroom.model import Micros

if TYPE_CHECKING:
    from opsroom.minutes import Minute
    from opsroom.model import Alert, Transition

AlertOrder = Literal["raised", "priority", "series", "unit", "kind", "ended"]


class Audited(msgspec.Struct, frozen=True):
    """What an audit in force opens: alerts of a unit, or on one series of it (0: all)."""

    unit_id: int
    series_id: int = 0


class Matching(msgspec.Struct, frozen=True):
    """What a text was found in: any of these series or kinds, or a person whose name holds `person`."""

    series: tuple[int, ...]
    kinds: tuple[str, ...]
    person: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts (or edges of which alerts) are asked for: those that concern a unit, or an audit opens.

    `t_from <= raised < t_to` for alerts, the same of the edge's own time for edges; empty tuples and None
    ask for all.
    """

    unit_id: int
    audited: tuple[Audited, ...] = ()
    t_from: Micros = 0
    t_to: Micros = 1 << 62
    standing: bool | None = None
    priorities: tuple[int, ...] = ()
    matching: Matching | None = None
    verbs: tuple[str, ...] = ()


class Annals(Protocol):
    """Pages of the journal, and the council's minutes; both are written with the journal's commit."""

    def count(self, wanted: Wanted) -> int:
        """Count alerts."""
        ...

    def page(
        self, wanted: Wanted, order: AlertOrder, offset: int, limit: int, *, falling: bool = True
    ) -> list[Alert]:
        """Give alerts in an order, from a place on; what is equal in it comes by raise and id."""
        ...

    def count_edges(self, wanted: Wanted) -> int:
        """Count edges."""
        ...

    def edges(self, wanted: Wanted, offset: int, limit: int, *, falling: bool = True) -> list[Transition]:
        """Give edges in the order of the journal, newest first or (not `falling`) oldest first."""
        ...

    def minutes(self, unit_id: int, limit: int = 1000) -> list[Minute]:
        """Give the decisions of a unit and those addressed to it, newest first."""
        ...

    def minute(self, minute_id: str) -> Minute | None:
        """Give one decision."""
        ...
