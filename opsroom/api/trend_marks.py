"""Marks on trends: what people wrote, and what was changed, decided or rehearsed while the trend ran.

Nothing is kept for them: versions of series, units and rules, the minutes and the journal have it all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from opsroom.api.annotations import PATH_CHARS_MAX, known, place_of
from opsroom.api.answers import answer
from opsroom.api.history import MICROS_PER_MS, SeriesAsked, Since, Until, range_us
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.rules import folder_of
from opsroom.api.series import terms_of_series, versions_told
from opsroom.drill import SERIES as EXERCISE
from opsroom.model import MICROS_PER_S
from opsroom.rules.binding import may_mean
from opsroom.rules.text import altered
from opsroom.store.annals import Audited, Wanted
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opsroom.model import Series, Unit
    from opsroom.rule import Rule
    from opsroom.rulefolder import RuleFolder
    from opsroom.seats import Seat

mark_router = APIRouter(prefix="/api/v1", tags=["annotations"])

MARKS_MAX: Final = 200
LONGEST_EXERCISE_US: Final = 7 * 86_400 * MICROS_PER_S


@mark_router.get("/marks", summary="What is marked on the trend of a series or unit")
async def marks(
    request: Request,
    room: RoomOf,
    caller: CallerOf,
    unit: Annotated[str | None, Query(max_length=PATH_CHARS_MAX)] = None,
    series: SeriesAsked | None = None,
    since: Since = None,
    until: Until = None,
) -> Response:
    """Give annotations, changes of series, unit and rules, decisions and exercises of a span, by beginning.

    The latest 200 where there are more; the default span is the day up to now.
    """
    t_from, t_to = range_us(room, since, until)
    seat = caller.seat
    where, of = place_of(room, seat, unit, series)
    written = await known(room, seat, where, 0 if of is None else of.id, t_from, t_to)
    found = [{"kind": "annotation", **one} for one in written]
    for one in await _changes(room, folder_of(request), seat, where, of):
        ended = one["to"] if one["to"] is not None else one["from"]
        if one["from"] * MICROS_PER_MS < min(t_to, room.view.at + 1) and ended * MICROS_PER_MS >= t_from:
            found.append(one)
    found += await _exercises(room, where, t_from, t_to)
    found.sort(key=lambda one: (one["from"], one["kind"], one["id"]))
    return answer({"marks": found[-MARKS_MAX:], "left_out": max(0, len(found) - MARKS_MAX)})


async def _changes(
    room: ApiRoom, folder: RuleFolder, seat: Seat, unit: Unit, series: Series | None
) -> list[dict[str, Any]]:
    """Give every change that is marked: of the series, its unit and the rules that watch it; decisions."""
    found: list[dict[str, Any]] = []
    if series is not None:
        rows = [*await versions_told(room, "series", series.id), *terms_of_series(room, series)]
        found += _altered("series", series.id, series.name, rows)
        for rule in _rules(room, folder, series):
            found += _ruled(await room.read(room.store.rulings.versions, rule.id))
    found += _altered("unit", unit.id, unit.name, await versions_told(room, "unit", unit.id))
    return [*found, *await _decisions(room, seat, unit, series)]


def _altered(kind: str, of_id: int, name: str, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Mark what people and files altered; the first version is no change, nor is what a plant brought."""
    for row in rows:
        if row["at"] is None or row["version"] == 1 or row["via"] in {"", "plant"} or not row["changes"]:
            continue
        fields = [one["field"] if isinstance(one, dict) else one.field for one in row["changes"]]
        yield _mark(kind, f"{kind}-{of_id}-{row['at']}", row["at"], row["person"], name, what=fields)


def _rules(room: ApiRoom, folder: RuleFolder, series: Series) -> Iterator[Rule]:
    """Give the rules that watch a series, and those that may have until they were retired."""
    watched, paths = folder.watched(), room.catalog.paths_of(series.id)
    for rule in room.catalog.rules.values():
        if not rule.retired:
            if series.id in watched.get(rule.id, ()):
                yield rule
        elif rule.like in {"", series.like} and any(may_mean(rule, path) for path in paths):
            yield rule


def _ruled(versions: list[Rule]) -> Iterator[dict[str, Any]]:
    """Mark every version of a rule; `what` names the keys that it says otherwise than the one before."""
    for one, before in zip(versions, [*versions[1:], None], strict=True):
        if one.approved is None:
            continue
        if one.retired:
            what = ["retired"]
        elif before is None or before.retired:
            what = ["begun"]
        else:
            what = sorted(altered(before, one))
        yield _mark(
            "rule",
            f"rule-{one.id}-{one.version}",
            ms(one.approved),
            one.approved_by,
            one.title or one.id,
            what=what,
        )


async def _decisions(room: ApiRoom, seat: Seat, unit: Unit, series: Series | None) -> list[dict[str, Any]]:
    """Mark decisions that the seat is told of: on this series, or, where they name none, on this unit."""
    limit = room.settings.limits.journal_page
    found = []
    for one in await room.read(room.store.annals.minutes, seat.unit_id, limit):
        of_unit = unit.id in {one.addressee_id, one.unit_id} and (series is None or not one.series_id)
        if of_unit or (series is not None and one.series_id == series.id):
            found.append(_mark("decision", f"decision-{one.id}", ms(one.at), one.person, "", text=one.text))
    return found


async def _exercises(room: ApiRoom, unit: Unit, t_from: int, t_to: int) -> list[dict[str, Any]]:
    """Mark the exercises of a unit, from their beginning to their end, or up to now."""
    series = room.catalog.own_series(unit.id, EXERCISE)
    if series is None:
        return []
    # As an audit would open it: of this one series, whoever asks; that one is on is told on every screen.
    wanted = Wanted(
        unit_id=0, audited=(Audited(unit.id, series.id),), t_from=t_from - LONGEST_EXERCISE_US, t_to=t_to
    )
    found = []
    for one in await room.read(room.store.annals.page, wanted, "raised", 0, MARKS_MAX):
        until = room.view.at if one.recovered is None else one.recovered
        if until >= t_from:
            found.append(_mark("exercise", f"exercise-{one.id}", ms(one.raised), "", "", until=ms(until)))
    return found


def _mark(
    kind: str,
    key: str,
    since: int | None,
    person: str,
    title: str,
    *,
    until: int | None = None,
    text: str = "",
    what: list[str] | None = None,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "id": key,
        "from": since,
        "to": since if until is None else until,
        "person": person,
        "title": title,
        "text": text,
        "what": what or [],
        "may_remove": False,
    }
