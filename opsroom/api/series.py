"""What is agreed on units and series: adoption of what plants bring, names, and all versions of it.

Every change is a record of the log, signed by the seat. None moves a running deadline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import Field

from opsroom.agreement import Accord, Signature, terms_of
from opsroom.api.acts import Desk, DeskOf, Positive, Span, Text
from opsroom.api.answers import answer
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.aside import Aside
from opsroom.drill import rehearses
from opsroom.errors import AccessDenied, Conflict, Invalid
from opsroom.history import altered
from opsroom.measuring import between, remeasured
from opsroom.model import Indicator, Orientation, Series, Unit
from opsroom.records import MetaKind, SeriesSet, UnitSet
from opsroom.renaming import give_up, rename_series, rename_unit
from opsroom.rights import may_adopt, may_rename
from opsroom.rules.binding import watches
from opsroom.seats import Seat
from opsroom.view.cards import ms

series_router = APIRouter(prefix="/api/v1", tags=["series"])

ADOPTED_AT_ONCE: Final = 1_000
VERSIONS_MAX: Final = 1_000
RECOVERIES_MAX: Final = 32

Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=200)]


class IndicatorBody(Body):
    """What makes the series an indicator."""

    orientation: Orientation
    capability: Positive | None = None
    potentiality: Positive | None = None


class AdoptBody(Body):
    """What the unit says of the series, figures in its unit; what is left out stays as it is.

    Recovery times are declared when it is adopted; later they, and what is essential, are agreed with the
    parent (`/agreements`).
    """

    unit: Annotated[str, Field(max_length=64)] | None = None
    description: Text | None = None
    period_s: Span | None = None
    circular: Positive | None = None
    like: Name | None = None
    band: tuple[Finite | None, Finite | None] | None = None
    indicator: IndicatorBody | None = None
    recovery_s: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=RECOVERIES_MAX)] | None = None
    consequence: Annotated[str, Field(max_length=32)] | None = None
    response_s: Span | None = None


class ManyBody(Body):
    """Series that are adopted as they are."""

    ids: Annotated[list[int], Field(min_length=1, max_length=ADOPTED_AT_ONCE)]


class NameBody(Body):
    """A name within the unit."""

    name: Name


class UnitNameBody(Body):
    """What the unit is called, and the last part of its path; what is left out stays."""

    name: Name | None = None
    part: Name | None = None


@series_router.get("/series/unadopted", summary="Series that plants brought and nobody has adopted yet")
async def read_unadopted(room: RoomOf, caller: CallerOf) -> Response:
    """Give those that the seat may adopt, oldest first, with the last value where the seat may see it."""
    found = _waiting(room, caller.seat)
    most = room.settings.limits.journal_page
    rows = [_row(room, caller.seat, one) for one in found[:most]]
    return answer({"waiting": len(found), "rows": rows, "left_out": max(0, len(found) - most)})


@series_router.get("/series/own", summary="All series of the seat's own unit with what is agreed on them")
async def read_own(room: RoomOf, caller: CallerOf) -> Response:
    """Give the unit and its adopted series by name, and what the seat may do about each."""
    seat, catalog = caller.seat, room.catalog
    unit, most = catalog.units[seat.unit_id], room.settings.limits.journal_page
    own = (one for one in catalog.series_of(unit.id) if not rehearses(one))
    found = sorted((one for one in own if one.adopted and not one.aside), key=lambda one: one.name)
    told = {
        "id": unit.id,
        "path": unit.path,
        "name": unit.name,
        "formerly": unit.formerly,
        "may_rename": may_rename(unit.id, seat, catalog),
    }
    rows = [_row(room, seat, room.agreed.as_agreed(one)) for one in found[:most]]
    return answer({"unit": told, "rows": rows, "left_out": max(0, len(found) - most)})


@series_router.post("/series/adopt", summary="Adopt series as they are")
async def adopt_many(body: ManyBody, desk: DeskOf) -> Response:
    """Adopt all of them in one record; those that are adopted already stay as they are."""
    if (again := desk.replayed) is not None:
        return again
    found = [_mine(desk, one) for one in dict.fromkeys(body.ids)]
    changes = [
        SeriesSet(msgspec.structs.replace(one, adopted=True, aside=Aside.NO))
        for one in found
        if not one.adopted
    ]
    await desk.agree(changes)
    return desk.done({"adopted": len(changes)})


@series_router.get("/series/at", summary="The same by path, which may be one of before")
async def read_series_at(path: Annotated[str, Query(max_length=2_000)], desk: DeskOf) -> Response:
    """Find a series of the seat's unit or below by its path."""
    catalog = desk.room.catalog
    unit_path, _, name = path.strip("/").rpartition("/")
    unit = catalog.unit_at(unit_path)
    found = None if unit is None else catalog.own_series(unit.id, name)
    return await read_series(0 if found is None else found.id, desk)


@series_router.get("/series/{series_id}", summary="All that is agreed on one series")
async def read_series(series_id: int, desk: DeskOf) -> Response:
    """Give its metadata, and what the seat may do about it."""
    room, seat = desk.room, desk.caller.seat
    series = room.agreed.as_agreed(desk.series(series_id))
    return answer({"series": _row(room, seat, series)})


@series_router.post("/series/{series_id}/adopt", summary="Agree on a series: unit, period, band, indicator")
async def adopt(series_id: int, body: AdoptBody, desk: DeskOf) -> Response:
    """Adopt it, or alter what is agreed on it."""
    if (again := desk.replayed) is not None:
        return again
    series = _mine(desk, series_id)
    if body.band is not None and None not in body.band and body.band[0] >= body.band[1]:  # type: ignore[operator]
        raise Invalid(
            "The band is upside down.", remedy="Give low, then high.", code="band_invalid", field="band"
        )
    given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    for kept in ("unit", "consequence", "description", "recovery_s"):
        if given.get(kept, "") is None:
            del given[kept]
    if "description" in given:
        given["description"] = desk.worded(given["description"], "description")
    if "recovery_s" in given:
        _check_recovery(desk.room, series, given["recovery_s"])
    told = _remeasured(desk.room, series, given.pop("unit", None))
    if body.indicator is not None:
        aims = body.indicator.model_dump(exclude_unset=True)
        before = told.indicator
        given["indicator"] = Indicator(**aims) if before is None else msgspec.structs.replace(before, **aims)
    agreed = msgspec.structs.replace(told, adopted=True, aside=Aside.NO, **given)
    await desk.agree([SeriesSet(agreed)])
    return desk.done({"series": agreed})


@series_router.post("/series/{series_id}/rename", summary="Another name; id and history stay")
async def name_series(series_id: int, body: NameBody, desk: DeskOf) -> Response:
    """Rename it; the name of before leads to it until it is given up."""
    if (again := desk.replayed) is not None:
        return again
    await desk.agree(rename_series(desk.room.catalog, _mine(desk, series_id), body.name))
    return desk.done({"series": desk.room.catalog.series[series_id]})


@series_router.post("/series/{series_id}/give-up", summary="Let a former name lead here no more")
async def give_up_series_name(series_id: int, body: NameBody, desk: DeskOf) -> Response:
    """Free a former name: a plant that sends it on brings a series of its own."""
    if (again := desk.replayed) is not None:
        return again
    await desk.agree(give_up(_mine(desk, series_id), body.name))
    return desk.done({"series": desk.room.catalog.series[series_id]})


@series_router.post("/units/{unit_id}/rename", summary="Another name, another part of the path, or both")
async def name_unit(unit_id: int, body: UnitNameBody, desk: DeskOf) -> Response:
    """Rename it; what stands below moves along, and paths of before lead to it until they are given up."""
    if (again := desk.replayed) is not None:
        return again
    unit = _my_unit(desk, unit_id)
    await desk.agree(rename_unit(desk.room.catalog, unit, name=body.name, part=body.part))
    return desk.done({"unit": desk.room.catalog.units[unit_id]})


@series_router.post("/units/{unit_id}/give-up", summary="Let a former path lead here no more")
async def give_up_unit_name(unit_id: int, body: NameBody, desk: DeskOf) -> Response:
    """Free a former part of the path."""
    if (again := desk.replayed) is not None:
        return again
    await desk.agree(give_up(_my_unit(desk, unit_id), body.name))
    return desk.done({"unit": desk.room.catalog.units[unit_id]})


@series_router.get("/series/{series_id}/versions", summary="Who agreed what on a series, and when")
async def series_versions(series_id: int, desk: DeskOf) -> Response:
    """Give every version, newest first, terms agreed with the parent among them."""
    series = desk.series(series_id)
    rows = await versions_told(desk.room, "series", series_id)
    rows += terms_of_series(desk.room, series)
    rows.sort(key=lambda row: row["at"] or 0, reverse=True)
    return answer({"series_id": series_id, "versions": rows})


@series_router.get("/units/{unit_id}/versions", summary="Who agreed what on a unit, and when")
async def unit_versions(unit_id: int, desk: DeskOf) -> Response:
    """Give every version, newest first."""
    desk.room.view.unit(unit_id, desk.caller.seat)
    return answer({"unit_id": unit_id, "versions": await versions_told(desk.room, "unit", unit_id)})


# -- what a seat may --------------------------------------------------------------------------------


def _waiting(room: ApiRoom, seat: Seat) -> list[Series]:
    units = [unit for unit in room.catalog.below(seat.unit_id) if room.catalog.unadopted(unit.id)]
    every = [one for unit in units for one in room.catalog.series_of(unit.id)]
    found = [one for one in every if not one.adopted and not one.aside]
    return sorted((one for one in found if may_adopt(one, seat, room.catalog)), key=lambda one: one.id)


def _mine(desk: Desk, series_id: int) -> Series:
    series = desk.series(series_id)
    if not may_adopt(series, desk.caller.seat, desk.room.catalog):
        raise AccessDenied(
            "Series are adopted by the unit's council.", remedy="Ask its seat.", code="adopt_refused"
        )
    return series


def _my_unit(desk: Desk, unit_id: int) -> Unit:
    unit = desk.room.view.unit(unit_id, desk.caller.seat)
    if not may_rename(unit_id, desk.caller.seat, desk.room.catalog):
        raise AccessDenied(
            "A unit is named by its council, or by an admin above.",
            remedy="Ask its seat.",
            code="rename_refused",
        )
    return unit


# -- what is agreed ---------------------------------------------------------------------------------


def _remeasured(room: ApiRoom, series: Series, unit: str | None) -> Series:
    """Give the series in another unit.

    Raises:
        Invalid: `unit_mismatch`: its values cannot be converted to that.
        Conflict: `unit_in_use`: rules or relations hold figures in the present one.
    """
    if unit is None:
        return series
    told = remeasured(series, unit)
    if between(series.unit, told.unit) is None:
        return told
    catalog = room.catalog
    rules = [rule for rule in catalog.rules.values() if not rule.retired]
    held = [one.rule for one in watches(catalog, rules) if series.id in (one.series, *one.members)]
    held += [one.name for one in catalog.relations.values() if series.id in one.members]
    if held:
        raise Conflict(
            f"{held[0]} holds figures in {series.unit}.",
            remedy="Retire it first and agree it anew in the other unit.",
            code="unit_in_use",
            unit=series.unit,
            by=held[0],
        )
    return told


def _check_recovery(room: ApiRoom, series: Series, recovery_s: Sequence[float]) -> None:
    """Refuse recovery times that are not declared here, or out of limits.

    Raises:
        Invalid: `recovery_agreed`, `recovery_limits`.
    """
    limits = room.settings.limits
    if series.adopted or series.id in room.agreed.accords:
        raise Invalid(
            "Recovery times of an adopted series are agreed with the unit above.",
            remedy="Propose them (/agreements).",
            code="recovery_agreed",
            field="recovery_s",
        )
    if not all(limits.recovery_s_min <= one <= limits.recovery_s_max for one in recovery_s):
        raise Invalid(
            "A recovery time is out of limits.",
            remedy=f"Choose between {limits.recovery_s_min:g} s and {limits.recovery_s_max:g} s.",
            code="recovery_limits",
            field="recovery_s",
            least_s=limits.recovery_s_min,
            most_s=limits.recovery_s_max,
        )


# -- what is told -----------------------------------------------------------------------------------


def _row(room: ApiRoom, seat: Seat, series: Series) -> dict[str, Any]:
    unit, board = room.catalog.units[series.unit_id], room.view.board
    slot = board.slot_of.get(series.id)
    told: tuple[Any, ...] = (None, None)
    if slot is not None and room.view.opens(series, seat.unit_id):
        told = board.values(board.slots(board.id[[slot]]))[str(series.id)]
    return {
        "id": series.id,
        "path": room.catalog.series_path(series.id),
        "name": series.name,
        "unit_path": unit.path,
        "unit_name": unit.name,
        "unit": series.unit,
        "unit_verified": series.unit_verified,
        "kept": series.kept or series.unit,
        "description": series.description,
        "period_s": series.period_s,
        "circular": series.circular,
        "like": series.like,
        "band": series.band,
        "indicator": series.indicator,
        "recovery_s": series.recovery_s,
        "consequence": series.consequence,
        "response_s": series.response_s,
        "adopted": series.adopted,
        "formerly": series.formerly,
        "may_adopt": may_adopt(series, seat, room.catalog),
        "t": told[0],
        "value": told[1],
    }


async def versions_told(room: ApiRoom, kind: MetaKind, of_id: int) -> list[dict[str, Any]]:
    """Give what the store has of a unit or series; at least what stands, of a store older than versions."""
    found = await room.read(room.store.catalog.versions, kind, of_id, VERSIONS_MAX)
    bodies = [one.unit if isinstance(one, UnitSet) else one.series for one in found]
    rows = []
    for place, (change, body) in enumerate(zip(found, bodies, strict=True)):
        before = bodies[place + 1] if place + 1 < len(bodies) else None
        rows.append(
            {
                "version": len(found) - place,
                "via": change.via,
                **_by(room, change.signed),
                "changes": altered(before, body),
            }
        )
    if not rows:
        stands: Series | Unit = (room.catalog.units if kind == "unit" else room.catalog.series)[of_id]
        rows.append({"version": 1, "via": "", **_by(room, None), "changes": altered(None, stands)})
    return rows


def terms_of_series(room: ApiRoom, series: Series) -> list[dict[str, Any]]:
    """Give the versions of what unit and parent agreed on the series, as changes of it."""
    before, rows = terms_of(series), []
    for one in (room.agreed.accords.get(series.id) or Accord()).versions:
        changes = [
            {"field": name, "before": getattr(before, name), "after": getattr(one.terms, name)}
            for name in ("recovery_s", "essential")
            if getattr(before, name) != getattr(one.terms, name)
        ]
        rows.append({"version": None, "via": "terms", **_by(room, one.confirmed), "changes": changes})
        before = one.terms
    return rows


def _by(room: ApiRoom, signed: Signature | None) -> dict[str, Any]:
    if signed is None:
        return {"at": None, "person": "", "unit": "", "unit_name": ""}
    unit = room.catalog.units.get(signed.unit_id)
    path, name = ("", "") if unit is None else (unit.path, unit.name)
    return {"at": ms(signed.at), "person": signed.person, "unit": path, "unit_name": name}
