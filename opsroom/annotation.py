"""Annotations: what people write at a time, or a span of time, of a unit or of one series of it.

Values only, with who may read, write and take them away. An annotation alters nothing: no detector, deadline
or figure knows of it. Times are int microseconds UTC on the room's clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from opsroom.model import Micros, Role
from opsroom.rights import at_least

if TYPE_CHECKING:
    from opsroom.acts import Annotate, Unannotate
    from opsroom.seats import Seat


class Annotation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One annotation of `t_from` to `t_to` (equal: of an instant), written `at` by a seat of `by_unit`.

    `series_id` is 0 where the unit as a whole is meant. `key` is that of the act. One that was taken away
    stays with the instant of it: the room as it was known before has it still.
    """

    id: str
    unit_id: int
    series_id: int
    t_from: Micros
    t_to: Micros
    text: str
    at: Micros
    person: str
    seat_id: int
    by_unit: int
    key: str
    removed: Micros | None = None
    removed_by: str = ""


def annotation_of(offset: int, at: Micros, act: Annotate) -> Annotation:
    """Give what an act at `offset` of the log, room time `at`, wrote."""
    return Annotation(
        id=f"n{offset:x}",
        unit_id=act.on_unit,
        series_id=act.series_id,
        t_from=act.t_from,
        t_to=act.t_to,
        text=act.text,
        at=at,
        person=act.person,
        seat_id=act.seat_id,
        by_unit=act.unit_id,
        key=act.key,
    )


def taken_away(one: Annotation, at: Micros, act: Unannotate) -> Annotation:
    """Give the annotation after the act; one that was taken away before stays as it is."""
    if one.removed is not None:
        return one
    return msgspec.structs.replace(one, removed=at, removed_by=act.person)


def stood(one: Annotation, at: Micros | None) -> bool:
    """Tell whether it stood at an instant of room time; None: whether it stands."""
    if at is None:
        return one.removed is None
    return one.at <= at and (one.removed is None or one.removed > at)


def may_annotate(seat: Seat) -> bool:
    """Tell whether the seat may write annotations on what it sees: who only observes does not."""
    return at_least(seat, Role.OPERATOR)


def may_unannotate(one: Annotation, seat: Seat) -> bool:
    """Tell whether the seat may take it away: who wrote it, or an admin of the unit it was written from."""
    return one.seat_id == seat.id or (at_least(seat, Role.ADMIN) and one.by_unit == seat.unit_id)


def knows_annotation(one: Annotation, seat_unit: int, *, opened: bool) -> bool:
    """Tell whether a unit is told of it: where it stands, who wrote it, to whom its series is `opened`."""
    return seat_unit in {one.unit_id, one.by_unit} or (one.series_id != 0 and opened)
