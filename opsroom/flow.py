"""A declared flow: what goes from one unit to another, and what measures it.

Flows are the lines of the quantified flow chart (Beer's QFC): a flow has an actual rate, measured by a
series, and a usual one; a flow below a share of its usual is starved. It is a matter between two units,
agreed by the unit that holds both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from opsroom.agreement import Signature
from opsroom.model import Series, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STARVED: Final = 0.5


class Tree(Protocol):
    """What is asked of the tree; the catalog answers."""

    @property
    def series(self) -> Mapping[int, Series]:
        """All series by id."""
        ...

    def ancestors(self, unit_id: int) -> Sequence[Unit]:
        """Give the way up: the unit itself first."""
        ...

    def contains(self, unit_id: int, other_id: int) -> bool:
        """Tell whether `other_id` is `unit_id` or below it."""
        ...


class Flow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One flow from `source_id` to `target_id`, units neither of which holds the other.

    `series_id` measures it (0: nothing does); `usual` is its expected rate in `unit`, the unit of that
    series. Below `starved` times the usual it is starved. `coefficient` is input of the target for one unit
    of its output, `capacity` what the link can carry. A retired flow is drawn no more.
    """

    id: int
    root_id: int
    source_id: int
    target_id: int
    name: str = ""
    series_id: int = 0
    unit: str = ""
    usual: float | None = None
    starved: float = STARVED
    coefficient: float = 1.0
    capacity: float | None = None
    retired: bool = False
    signed: Signature | None = None

    @property
    def key(self) -> tuple[int, int, str]:
        """What tells it from others: its ends and its name."""
        return (self.source_id, self.target_id, self.name)


def holder_of(source_id: int, target_id: int, tree: Tree) -> int:
    """Give the lowest unit that holds both ends: whose matter the flow is."""
    above = {unit.id for unit in tree.ancestors(source_id)}
    return next(unit.id for unit in tree.ancestors(target_id) if unit.id in above)


def fits(source_id: int, target_id: int, series_id: int, tree: Tree) -> str:
    """Tell what is wrong with the ends of a flow: `ends` or `series`; empty where all is well.

    A unit supplies nothing to what it is made of, and what measures a flow stands at, below or above an end.
    """
    if tree.contains(source_id, target_id) or tree.contains(target_id, source_id):
        return "ends"
    if not series_id:
        return ""
    place = tree.series[series_id].unit_id
    near = any(tree.contains(end, place) or tree.contains(place, end) for end in (source_id, target_id))
    return "" if near else "series"
