"""What every act has in common; acts of a council (its decisions, what its chairs press); annotations."""

from __future__ import annotations

from typing import Literal

import msgspec

from opsroom.minutes import Effect

Micros = int


class Act(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="act", tag=str.lower):
    """Something a person or a plant did.

    `key` makes it idempotent: a second act with the same key changes nothing.
    """

    person: str = ""
    seat_id: int = 0
    unit_id: int = 0
    key: str = ""


class Resolve(Act, frozen=True, kw_only=True):
    """A decision of a unit's council that answers no alert; a series, where named, is followed up."""

    text: str
    addressee_id: int
    followup: Micros
    series_id: int = 0


class Assess(Act, frozen=True, kw_only=True):
    """What the council says, after the follow-up time, of what came of its decision."""

    minute_id: str
    effect: Effect
    note: str = ""


class Shows(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What stands in a pane: the index with a mark at one entry, or (`opened`) the entry itself.

    An entry is a series, an alert or a unit, by its id; an empty `kind` marks none.
    """

    kind: Literal["", "series", "alert", "unit"] = ""
    id: str = ""
    opened: bool = False


class Armrest(Act, frozen=True, kw_only=True):
    """A press on an armrest: which of the nine buttons, and what its pane shows after it (4-8)."""

    button: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8"]
    shows: Shows = Shows()


class TakeFloor(Act, frozen=True, kw_only=True):
    """A seat begins to speak, or has ended."""

    speaks: bool


class Annotate(Act, frozen=True, kw_only=True):
    """Something written at a span of time (ends equal: an instant) of a unit or of a series of it."""

    on_unit: int
    t_from: Micros
    t_to: Micros
    text: str
    series_id: int = 0


class Unannotate(Act, frozen=True, kw_only=True):
    """An annotation is taken away."""

    annotation_id: str
