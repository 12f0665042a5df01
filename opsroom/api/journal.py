"""The journal page by page: all alerts that a seat may see, open and ended, and what happened to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from msgspec.structs import replace

from opsroom import words
from opsroom.api.answers import answer
from opsroom.api.files import CSV_TYPE, attached, csv_of, rfc3339
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.errors import Invalid, NotFound
from opsroom.model import Alert, ChangeKind, Transition
from opsroom.rights import concerns
from opsroom.store.annals import AlertOrder, Audited, Matching, Wanted
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from opsroom.seats import Seat

journal_router = APIRouter(prefix="/api/v1/journal", tags=["journal"])

MICROS_PER_MS: Final = 1_000
MS_MAX: Final = 253_402_300_799_999
ROWS_DEFAULT: Final = 100
ROWS_MAX: Final = 500
OFFSET_MAX: Final = 10_000_000
TEXT_CHARS_MAX: Final = 200
MATCHING_MAX: Final = 20_000
"""Series that a text may name: what a database takes as one list."""
FILE_ROWS: Final = 500
PICKS_MAX: Final = 20_000
ALERT_COLUMNS: Final = (
    "id", "raised", "recovered", "priority", "series", "unit", "kind", "state", "outcome", "level",
    "standing", "acknowledged_by", "acknowledged_at", "note",
)  # fmt: skip
EDGE_COLUMNS: Final = ("at", "alert", "series", "unit", "verb", "actor", "level", "kind", "priority")

T = TypeVar("T")
Ms = Annotated[int, Query(ge=0, le=MS_MAX)]
Form = Annotated[Literal["json", "csv"], Query(alias="format")]
AlertForm = Annotated[Literal["json", "csv", "picks"], Query(alias="format")]
Verbs = Annotated[str, Query(pattern=r"^[a-z_]{1,40}(,[a-z_]{1,40}){0,40}$")]


class Asked:
    """What both lists are asked by; filled by FastAPI for each request."""

    def __init__(
        self,
        room: RoomOf,
        caller: CallerOf,
        since: Annotated[Ms, Query(alias="from")] = 0,
        until: Annotated[Ms, Query(alias="to")] = MS_MAX,
        state: Literal["all", "open", "ended"] = "all",
        priority: Annotated[str, Query(pattern=r"^[123](,[123]){0,2}$")] = "1,2,3",
        text: Annotated[str, Query(max_length=TEXT_CHARS_MAX)] = "",
        lang: str = "en",
        *,
        rising: bool = False,
        offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0,
        limit: Annotated[int, Query(ge=1, le=ROWS_MAX)] = ROWS_DEFAULT,
    ) -> None:
        """Put together what to ask the store for.

        Raises:
            Invalid: the range is empty, or the text names too many series.
            NotFound: the room does not speak that language.
        """
        if since >= until:
            raise Invalid(
                "The range is empty.", remedy="Give from before to.", code="range_empty", field="from"
            )
        seat = caller.seat
        self.room, self.seat, self.falling, self.offset, self.limit = room, seat, not rising, offset, limit
        audits = room.view.audits.of(seat.unit_id)
        every = {1, 2, 3} == (priorities := {int(one) for one in priority.split(",")})
        self.wanted = Wanted(
            unit_id=seat.unit_id,
            audited=tuple(Audited(one.unit_id, one.series_id) for one in audits),
            t_from=since * MICROS_PER_MS,
            t_to=until * MICROS_PER_MS,
            standing=None if state == "all" else state == "open",
            priorities=() if every else tuple(sorted(priorities)),
            matching=_matching(room, seat, text.strip(), lang),
        )


AskedOf = Annotated[Asked, Depends()]


def _matching(room: ApiRoom, seat: Seat, text: str, lang: str) -> Matching | None:
    """Find a text in names of series and units below the seat, and in kinds as they read in a language."""
    if lang not in words.languages():
        raise NotFound(
            f"No words in {lang!r}.", remedy="Use one of those offered.", code="language_unknown", lang=lang
        )
    if not text:
        return None
    sought, catalog, worded = text.casefold(), room.catalog, words.catalogue(lang)
    units = {one.id for one in catalog.below(seat.unit_id)}
    named = {one for one in units if _holds(sought, catalog.units[one].name, catalog.units[one].path)}
    series = tuple(
        one.id
        for one in catalog.series.values()
        if one.unit_id in units and (one.unit_id in named or _holds(sought, one.name))
    )
    if len(series) > MATCHING_MAX:
        raise Invalid(
            f"The text names {len(series)} series.",
            remedy="Say more of the name.",
            code="answer_too_large",
            field="text",
            limit=MATCHING_MAX,
        )
    kinds = tuple(str(k) for k in ChangeKind if _holds(sought, worded.get(f"room.kind.{k}", ""), str(k)))
    return Matching(series=series, kinds=kinds, person=text)


def _holds(sought: str, *texts: str) -> bool:
    return any(sought in text.casefold() for text in texts)


# -- alerts ------------------------------------------------------------------------------------------


@journal_router.get("/alerts", summary="Alerts that the seat may see, open and ended, page by page")
async def alerts(asked: AskedOf, order: AlertOrder = "raised", form: AlertForm = "json") -> Response:
    """Give `total` and AlertViews from `offset` on; text is found in series, units, kinds and people.

    `from` and `to` bound the raise. As CSV all of them, whatever `offset` and `limit` say; as picks those
    that stand on the wall, with what the seat may do.
    """
    room, annals = asked.room, asked.room.store.annals

    async def page(offset: int, limit: int) -> list[Alert]:
        found = await room.read(annals.page, asked.wanted, order, offset, limit, falling=asked.falling)
        current = [room.view.alerts.get(one.id, one) for one in found]
        _looked(asked, current)
        return current

    if form == "csv":
        return _file("alerts.csv", ALERT_COLUMNS, page, lambda one: _alert_cells(one, room))
    total = await room.read(annals.count, asked.wanted)
    if form == "picks":
        return answer({"total": total, "alerts": await _picks(asked, total, page)})
    scope = room.view.glance(asked.seat)
    rows = [scope.alert_view(one) for one in await page(asked.offset, asked.limit)]
    return answer({"total": total, "alerts": rows})


async def _picks(
    asked: Asked, total: int, page: Callable[[int, int], Awaitable[list[Alert]]]
) -> list[dict[str, Any]]:
    """Give what stands on the wall, a page at a time, between what else the room does.

    Raises:
        Invalid: more is asked for than can be acted on at once.
    """
    if total > PICKS_MAX:
        raise Invalid(
            f"{total} alerts are too many at once.",
            remedy="Ask for fewer, by time, priority or text.",
            code="answer_too_large",
            limit=PICKS_MAX,
        )
    view = asked.room.view
    picks: dict[str, dict[str, Any]] = {}
    for offset in range(0, total, FILE_ROWS):
        for one in await page(offset, FILE_ROWS):
            if one.id in view.alerts:
                needed = view.class_of(one).note_required
                picks[one.id] = view.cards.pick(one, asked.seat, note_required=needed)
    return list(picks.values())


def _looked(asked: Asked, alerts: list[Alert]) -> None:
    """Note what only an audit opens: the unit looked at hears of it."""
    known = asked.room.catalog.series
    below = [one for one in alerts if not concerns(one, asked.seat.unit_id)]
    asked.room.view.looked(asked.seat, [known[one.series_id] for one in below if one.series_id in known])


def _alert_cells(alert: Alert, room: ApiRoom) -> list[Any]:
    seen = alert.acknowledgements[-1] if alert.acknowledgements else None
    return [
        alert.id,
        rfc3339(ms(alert.raised)),
        rfc3339(ms(alert.recovered)),
        int(alert.priority),
        room.catalog.series_path(alert.series_id) if alert.series_id in room.catalog.series else "",
        room.view.path_of(alert.unit_id),
        str(alert.kind),
        str(alert.state),
        str(alert.outcome),
        alert.level,
        room.view.path_of(alert.standing.unit_id),
        None if seen is None else seen.person,
        None if seen is None else rfc3339(ms(seen.at)),
        None if seen is None else seen.note,
    ]


# -- edges -------------------------------------------------------------------------------------------


@journal_router.get("/edges", summary="What happened to alerts that the seat may see, page by page")
async def edges(asked: AskedOf, verb: Verbs | None = None, form: Form = "json") -> Response:
    """Give `total` and edges in the order of the journal; `from` and `to` bound the edge's own time.

    `state` and `priority` are those of its alert now.
    """
    room, annals = asked.room, asked.room.store.annals
    wanted = replace(asked.wanted, verbs=tuple(verb.split(",")) if verb else ())

    async def page(offset: int, limit: int) -> list[Transition]:
        found = await room.read(annals.edges, wanted, offset, limit, falling=asked.falling)
        _looked(asked, [one.alert for one in found])
        return found

    if form == "csv":
        return _file("journal.csv", EDGE_COLUMNS, page, lambda one: _edge_cells(_edge(one, room)))
    total = await room.read(annals.count_edges, wanted)
    return answer(
        {"total": total, "edges": [_edge(one, room) for one in await page(asked.offset, asked.limit)]}
    )


def _edge(edge: Transition, room: ApiRoom) -> dict[str, Any]:
    alert = edge.alert
    series = room.catalog.series.get(alert.series_id)
    return {
        "at": ms(edge.at),
        "alert": alert.id,
        "series": "" if series is None else series.name,
        "unit": room.view.path_of(alert.unit_id),
        "verb": edge.verb,
        "actor": edge.actor,
        "level": alert.level,
        "kind": str(alert.kind),
        "priority": int(alert.priority),
        "unit_name": room.catalog.units[alert.unit_id].name if alert.unit_id in room.catalog.units else "",
        "params": edge.params,
    }


def _edge_cells(edge: dict[str, Any]) -> list[Any]:
    return [rfc3339(edge["at"]), *(edge[name] for name in EDGE_COLUMNS[1:])]


# -- files -------------------------------------------------------------------------------------------


def _file(
    name: str,
    columns: Sequence[str],
    page: Callable[[int, int], Awaitable[list[T]]],
    cells: Callable[[T], Sequence[Any]],
) -> Response:
    """Give a table of any length as it is read: a page at a time, between what else the room does."""

    async def lines() -> AsyncIterator[str]:
        yield csv_of([columns])
        offset = 0
        while rows := await page(offset, FILE_ROWS):
            yield csv_of(map(cells, rows))
            offset += len(rows)

    return StreamingResponse(lines(), 200, attached(name), media_type=CSV_TYPE)
