"""What unit and parent agree on a series: recovery times by level, and whether it is essential.

One side proposes, the other confirms (DOMAIN 1.6, rules 2 and 7). Both read what concerns them: a unit its
own series, a parent those of the units directly below. No agreement moves a running deadline.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from pydantic import Field

from opsroom.agreement import DECLARED, Accord, Ended, Proposal, Signature, Terms, levels, terms_of
from opsroom.api.acts import Desk, DeskOf, Positive, Text
from opsroom.api.answers import answer
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.drill import rehearses
from opsroom.errors import AccessDenied, Invalid, NotFound
from opsroom.model import Series, Unit
from opsroom.records import ConfirmTerms, DeclineTerms, ProposeTerms
from opsroom.rights import may_bargain, party
from opsroom.seats import Seat
from opsroom.view.cards import ms

agreement_router = APIRouter(prefix="/api/v1", tags=["agreements"])

RECOVERIES_MAX: Final = 32


class ProposeBody(Body):
    """Terms, own level first; `version` and `answers` (a waiting proposal, 0: none) are what was read."""

    recovery_s: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=RECOVERIES_MAX)]
    essential: bool = False
    version: Annotated[int, Field(ge=1)]
    answers: Annotated[int, Field(ge=0)] = 0
    note: Text = ""


class ConfirmBody(Body):
    """The number of the proposal that is agreed to."""

    proposal: Annotated[int, Field(ge=1)]


class DeclineBody(ConfirmBody):
    """The number of the proposal that is turned down, or withdrawn, and why."""

    reason: Text = ""


@agreement_router.get("/agreements", summary="What is agreed with the unit above and the units below")
async def read_agreements(room: RoomOf, caller: CallerOf) -> Response:
    """Give a row for each series: what waits for this seat's unit first, then its own, then those below."""
    seat, catalog = caller.seat, room.catalog
    units = [catalog.units[seat.unit_id], *catalog.children(seat.unit_id)]
    every = (one for unit in units for one in catalog.series_of(unit.id))
    rows = [_row(room, seat, one) for one in every if one.adopted and not rehearses(one)]
    rows.sort(key=lambda row: (not row["waits_for_us"], not row["indicator"]))
    most = room.settings.limits.journal_page
    return answer({"unit": units[0].path, "rows": rows[:most], "left_out": max(0, len(rows) - most)})


@agreement_router.get("/agreements/{series_id}", summary="One agreement with all its versions")
async def read_agreement(series_id: int, room: RoomOf, caller: CallerOf) -> Response:
    """Give the row, its versions newest first, and the proposals that came to nothing."""
    series = _series(room, caller.seat, series_id)
    accord = _accord(room, series)
    versions = [
        {
            "version": one.version,
            **_terms(room, series, one.terms),
            "proposed": _signed(room, one.proposed),
            "confirmed": _signed(room, one.confirmed),
            "note": one.note,
        }
        for one in reversed(accord.versions)
    ]
    if not accord.versions or accord.versions[0].version == DECLARED + 1:
        declared = {"version": DECLARED, **_terms(room, series, terms_of(series))}
        versions.append({**declared, "proposed": None, "confirmed": None, "note": ""})
    ended = [_ended(room, series, one) for one in reversed(accord.ended)]
    return answer({**_row(room, caller.seat, series), "versions": versions, "ended": ended})


@agreement_router.post("/agreements/{series_id}/propose", summary="Lay terms before the other side")
async def propose(series_id: int, body: ProposeBody, desk: DeskOf) -> Response:
    """Propose recovery times and whether the indicator is essential; at the top they hold at once."""
    if (again := desk.replayed) is not None:
        return again
    series = _mine(desk, series_id)
    limits, deep = desk.room.settings.limits, levels(desk.room.catalog.units[series.unit_id].depth)
    if len(body.recovery_s) > deep:
        raise Invalid(
            f"There are {deep} levels to climb from.",
            remedy="Give at most one recovery time a level.",
            code="recovery_levels",
            field="recovery_s",
            limit=deep,
        )
    if not all(limits.recovery_s_min <= one <= limits.recovery_s_max for one in body.recovery_s):
        raise Invalid(
            "A recovery time is out of limits.",
            remedy=f"Choose between {limits.recovery_s_min:g} s and {limits.recovery_s_max:g} s.",
            code="recovery_limits",
            field="recovery_s",
            least_s=limits.recovery_s_min,
            most_s=limits.recovery_s_max,
        )
    act = ProposeTerms(
        series_id=series_id,
        recovery_s=body.recovery_s,
        essential=body.essential,
        version=body.version,
        answers=body.answers,
        note=desk.worded(body.note, "note"),
        **desk.by,
    )
    return await _done(desk, act, series)


@agreement_router.post("/agreements/{series_id}/confirm", summary="Agree to what the other side proposes")
async def confirm(series_id: int, body: ConfirmBody, desk: DeskOf) -> Response:
    """Confirm; the terms hold from the next annunciation on."""
    if (again := desk.replayed) is not None:
        return again
    series = _mine(desk, series_id)
    return await _done(desk, ConfirmTerms(series_id=series_id, proposal=body.proposal, **desk.by), series)


@agreement_router.post("/agreements/{series_id}/decline", summary="Turn a proposal down, or withdraw one")
async def decline(series_id: int, body: DeclineBody, desk: DeskOf) -> Response:
    """Decline with a reason; the side that proposed withdraws."""
    if (again := desk.replayed) is not None:
        return again
    series = _mine(desk, series_id)
    reason = desk.worded(body.reason, "reason")
    act = DeclineTerms(series_id=series_id, proposal=body.proposal, reason=reason, **desk.by)
    return await _done(desk, act, series)


async def _done(desk: Desk, act: ProposeTerms | ConfirmTerms | DeclineTerms, series: Series) -> Response:
    await desk.room.act(act)
    return desk.done({"agreement": _row(desk.room, desk.caller.seat, series)})


def _series(room: ApiRoom, seat: Seat, series_id: int) -> Series:
    """Give a series whose agreement the seat's unit is a party of.

    Raises:
        NotFound: there is none, or it is another unit's affair.
    """
    series = room.catalog.series.get(series_id)
    if series is None or not series.adopted or party(series, seat.unit_id, room.catalog) is None:
        raise NotFound(
            "No such series here.", remedy="List the agreements.", code="series_unknown", series=series_id
        )
    return series


def _mine(desk: Desk, series_id: int) -> Series:
    series = _series(desk.room, desk.caller.seat, series_id)
    if not may_bargain(series, desk.caller.seat, desk.room.catalog):
        raise AccessDenied(
            "This is agreed between the unit and the one above it.",
            remedy="Ask one of their councils.",
            code="agreement_not_yours",
            series=series_id,
        )
    return series


def _accord(room: ApiRoom, series: Series) -> Accord:
    return room.agreed.accords.get(series.id) or Accord()


def _row(room: ApiRoom, seat: Seat, series: Series) -> dict[str, Any]:
    accord, unit = _accord(room, series), room.catalog.units[series.unit_id]
    side, proposal = party(series, seat.unit_id, room.catalog), accord.proposal
    may = may_bargain(series, seat, room.catalog)
    held = accord.versions[-1] if accord.versions else None
    theirs = proposal is not None and proposal.side != side
    return {
        "series_id": series.id,
        "path": room.catalog.series_path(series.id),
        "name": series.name,
        "unit": unit.path,
        "unit_name": unit.name,
        "indicator": series.indicator is not None,
        "side": side,
        "version": accord.version,
        **_terms(room, series, held.terms if held else terms_of(series)),
        "agreed": None
        if held is None
        else {"proposed": _signed(room, held.proposed), "confirmed": _signed(room, held.confirmed)},
        "proposal": None if proposal is None else _proposal(room, series, proposal),
        "waits_for_us": theirs,
        "may_propose": may,
        "may_answer": may and theirs,
        "may_withdraw": may and proposal is not None and not theirs,
    }


def _terms(room: ApiRoom, series: Series, terms: Terms) -> dict[str, Any]:
    """Give the recovery time of every level that climbs, with the unit where the alert then stands."""
    default_s = room.settings.room.recovery_default_s
    above: list[Unit] = room.catalog.ancestors(series.unit_id)
    rows = []
    for level, unit in enumerate(above[: levels(above[0].depth)]):
        if terms.recovery_s:
            recovery_s = terms.recovery_s[min(level, len(terms.recovery_s) - 1)]
        else:
            recovery_s = series.recovery_at(level, default_s)
        rows.append(
            {"unit": unit.path, "name": unit.name, "level_name": unit.level_name, "recovery_s": recovery_s}
        )
    return {"levels": rows, "essential": terms.essential, "usual": not terms.recovery_s}


def _proposal(room: ApiRoom, series: Series, proposal: Proposal) -> dict[str, Any]:
    return {
        "number": proposal.number,
        "side": proposal.side,
        **_terms(room, series, proposal.terms),
        "proposed": _signed(room, proposal.proposed),
        "note": proposal.note,
    }


def _ended(room: ApiRoom, series: Series, one: Ended) -> dict[str, Any]:
    said = _proposal(room, series, one.proposal)
    return {**said, "how": one.how, "by": _signed(room, one.by), "reason": one.reason}


def _signed(room: ApiRoom, signature: Signature) -> dict[str, Any]:
    unit = room.catalog.units.get(signature.unit_id)
    return {
        "person": signature.person,
        "unit": "" if unit is None else unit.path,
        "unit_name": "" if unit is None else unit.name,
        "at": ms(signature.at),
    }
