"""Annotations over REST: written at a time of a unit or series, listed, taken away by who wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field

from opsroom.acts import Annotate, Unannotate
from opsroom.annotation import knows_annotation, may_annotate, may_unannotate
from opsroom.api.acts import MICROS_PER_MS, NOTE_CHARS_MAX, DeskOf, Ms
from opsroom.api.answers import answer
from opsroom.api.history import SERIES_IDS, SeriesAsked, Since, Until, range_us
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.errors import AccessDenied, Invalid, NotFound
from opsroom.view.cards import ms
from opsroom.view.reading import readable

if TYPE_CHECKING:
    from opsroom.annotation import Annotation
    from opsroom.model import Series, Unit
    from opsroom.seats import Seat

annotation_router = APIRouter(prefix="/api/v1", tags=["annotations"])

ID_CHARS_MAX: Final = 64
PATH_CHARS_MAX: Final = 1_000

SeriesId = Annotated[int, Field(ge=1, lt=SERIES_IDS)]


class AnnotateBody(Body):
    """What is written, and where: at `from` (ms), or up to `to`; of a series, or of a unit (path)."""

    text: Annotated[str, Field(min_length=1, max_length=NOTE_CHARS_MAX)]
    since: Annotated[Ms, Field(alias="from")]
    until: Annotated[Ms | None, Field(alias="to")] = None
    unit: Annotated[str, Field(max_length=PATH_CHARS_MAX)] | None = None
    series_id: SeriesId | None = None


@annotation_router.post("/annotations", summary="Write something at a time of a unit or of a series")
async def annotate(body: AnnotateBody, desk: DeskOf) -> Response:
    """Write it; an operator or council does, on a series that the seat may read or a unit of its own tree."""
    if (again := desk.replayed) is not None:
        return again
    room, seat = desk.room, desk.caller.seat
    if not may_annotate(seat):
        raise AccessDenied(
            "Who only observes writes no annotations.", remedy="Ask an operator.", code="annotation_refused"
        )
    unit, series = place_of(room, seat, body.unit, body.series_id)
    until = body.since if body.until is None else body.until
    if until < body.since:
        raise Invalid("The range is empty.", remedy="Give from before to.", code="range_empty", field="from")
    text = desk.worded(body.text, "text")
    if not text:
        raise Invalid("An annotation needs a text.", remedy="Say what happened.", field="text")
    act = Annotate(
        on_unit=unit.id,
        series_id=0 if series is None else series.id,
        t_from=body.since * MICROS_PER_MS,
        t_to=until * MICROS_PER_MS,
        text=text,
        **desk.by,
    )
    await room.act(act)
    made = await room.read(room.store.annotations.written, seat.id, act.key)
    assert made is not None
    return desk.done({"annotation": told(room, seat, made)})


@annotation_router.get("/annotations", summary="What was written at times of a unit and its series")
async def listed(
    room: RoomOf,
    caller: CallerOf,
    unit: Annotated[str | None, Query(max_length=PATH_CHARS_MAX)] = None,
    series: SeriesAsked | None = None,
    since: Since = None,
    until: Until = None,
) -> Response:
    """Give those of the unit (the seat's, unless another is named) that a span touches, by beginning.

    With `series` those of it and of its unit as a whole. The default span is the day up to now.
    """
    t_from, t_to = range_us(room, since, until)
    where, of = place_of(room, caller.seat, unit, series)
    only = None if of is None else of.id
    return answer({"annotations": await known(room, caller.seat, where, only, t_from, t_to)})


@annotation_router.delete("/annotations/{annotation_id}", summary="Take an annotation away")
async def unannotate(annotation_id: str, desk: DeskOf) -> Response:
    """Take it away; who wrote it does, or an admin of the unit it was written from."""
    if (again := desk.replayed) is not None:
        return again
    room, seat = desk.room, desk.caller.seat
    one = await room.read(room.store.annotations.annotation, annotation_id[:ID_CHARS_MAX])
    if one is None or not _knows(room, seat, one):
        raise NotFound("No such annotation.", remedy="List them.", code="annotation_unknown")
    if not may_unannotate(one, seat):
        raise AccessDenied(
            f"{one.person} wrote it.",
            remedy="Who wrote it takes it away.",
            code="annotation_theirs",
            person=one.person,
        )
    if one.removed is None:
        await room.act(Unannotate(annotation_id=one.id, **desk.by))
    return desk.done({"removed": one.id})


def place_of(
    room: ApiRoom, seat: Seat, path: str | None, series_id: int | None
) -> tuple[Unit, Series | None]:
    """Give the unit and series that are meant; the seat's own unit where neither is named.

    Raises:
        NotFound: not in the seat's tree.
        AccessDenied: autonomy keeps the series.
    """
    catalog = room.catalog
    if series_id is not None:
        readable(room.view, seat, series_id)
        series = catalog.series[series_id]
        return catalog.units[series.unit_id], series
    found = catalog.units[seat.unit_id] if path is None else catalog.unit_at(path.strip("/"))
    return room.view.unit(0 if found is None else found.id, seat), None


async def known(
    room: ApiRoom, seat: Seat, unit: Unit, series_id: int | None, t_from: int, t_to: int
) -> list[dict[str, Any]]:
    """Give the annotations of a span that the seat is told of; with a series those of its unit too."""
    ask, most = room.store.annotations.of, room.settings.limits.journal_page
    found = await room.read(ask, unit.id, t_from, t_to, series_id=series_id, limit=most)
    return [told(room, seat, one) for one in found if _knows(room, seat, one)]


def told(room: ApiRoom, seat: Seat, one: Annotation) -> dict[str, Any]:
    """Give an annotation as the seat is told it, times in ms."""
    unit, series = room.catalog.units.get(one.unit_id), room.catalog.series.get(one.series_id)
    return {
        "id": one.id,
        "from": ms(one.t_from),
        "to": ms(one.t_to),
        "text": one.text,
        "person": one.person,
        "at": ms(one.at),
        "unit": "" if unit is None else unit.path,
        "unit_name": "" if unit is None else unit.name,
        "series_id": None if series is None else series.id,
        "series_name": None if series is None else series.name,
        "may_remove": one.removed is None and may_unannotate(one, seat),
    }


def _knows(room: ApiRoom, seat: Seat, one: Annotation) -> bool:
    series = room.catalog.series.get(one.series_id)
    opened = series is not None and room.view.opens(series, seat.unit_id)
    return knows_annotation(one, seat.unit_id, opened=opened)
