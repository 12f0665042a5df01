"""Declared flows between units: the lines of the quantified flow chart, read and declared.

A flow is a matter of the lowest unit that holds both its ends; the council there, or above, declares it.
Every declaration is a record of the log, signed by the seat.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import Field

from opsroom.agreement import Signature
from opsroom.api.acts import Desk, DeskOf, Positive
from opsroom.api.answers import answer
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.errors import AccessDenied, Invalid, NotFound
from opsroom.flow import STARVED, Flow, fits, holder_of
from opsroom.model import Series, Unit
from opsroom.records import FlowSet
from opsroom.rights import may_link, may_see_unit
from opsroom.seats import Seat
from opsroom.units import read_unit
from opsroom.view.cards import ms

flow_router = APIRouter(prefix="/api/v1", tags=["flows"])

Path = Annotated[str, Field(max_length=4_000)]


class FlowBody(Body):
    """A flow by the paths of its ends; the same ends and name again alter it.

    `usual` and `capacity` are in the unit of `series`, the path of what measures it, or else in `unit`.
    """

    source: Annotated[Path, Field(alias="from")]
    target: Annotated[Path, Field(alias="to")]
    name: Annotated[str, Field(max_length=200)] = ""
    series: Path | None = None
    unit: Annotated[str, Field(max_length=64)] = ""
    usual: Positive | None = None
    starved: Annotated[float, Field(gt=0, lt=1)] = STARVED
    coefficient: Positive = 1.0
    capacity: Positive | None = None


@flow_router.get("/flows", summary="Links of a unit's flow chart, and the flows declared behind them")
async def flows(room: RoomOf, caller: CallerOf, unit: str | None = None) -> Response:
    """Give `links` as the feed has them for that unit in focus, and flows of which the seat sees an end."""
    seat, catalog = caller.seat, room.catalog
    focus = catalog.units[seat.unit_id] if unit is None else catalog.unit_at(unit)
    if focus is None:
        raise NotFound("No such unit.", remedy="List them.", code="unit_unknown", unit=unit)
    links = room.view.glance(seat, focus.id).links()
    most = room.settings.limits.journal_page
    rows = [
        _row(room, seat, flow)
        for flow in catalog.flows.values()
        if any(
            catalog.contains(focus.id, end) and may_see_unit(end, seat.unit_id, catalog)
            for end in (flow.source_id, flow.target_id)
        )
    ]
    told = {"unit": focus.path, "links": links.rows(), "links_left_out": links.left_out}
    return answer({**told, "flows": rows[:most], "left_out": max(0, len(rows) - most)})


@flow_router.post("/flows", summary="Declare a flow, or alter the one between the same ends")
async def declare_flow(body: FlowBody, desk: DeskOf) -> Response:
    """Declare it; screens draw it at once."""
    if (again := desk.replayed) is not None:
        return again
    catalog = desk.room.catalog
    source, target = _end(desk, "from", body.source), _end(desk, "to", body.target)
    series = _measuring(desk, body.series)
    wrong = fits(source.id, target.id, 0 if series is None else series.id, catalog)
    if wrong == "ends":
        raise Invalid(
            "One end of the flow holds the other.",
            remedy="Name two units beside one another.",
            code="flow_ends",
            field="to",
        )
    if wrong:
        raise Invalid(
            "The series measures nothing at either end.",
            remedy="Name a series of one end, or of a unit above or below it.",
            code="flow_series",
            field="series",
        )
    holder = _holder(desk, source.id, target.id)
    code = series.unit if series is not None else read_unit(body.unit).code if body.unit else ""
    before = catalog.flow_between(source.id, target.id, body.name)
    flow = Flow(
        id=before.id if before else catalog.next_flow_id,
        root_id=holder.root_id,
        source_id=source.id,
        target_id=target.id,
        name=body.name,
        series_id=series.id if series else 0,
        unit=code,
        usual=body.usual,
        starved=body.starved,
        coefficient=body.coefficient,
        capacity=body.capacity,
        signed=_signature(desk),
    )
    await desk.room.change([FlowSet(flow)])
    return desk.done({"flow": _row(desk.room, desk.caller.seat, flow)})


@flow_router.post("/flows/{flow_id}/retire", summary="Draw a flow no more")
async def retire_flow(flow_id: int, desk: DeskOf) -> Response:
    """Retire it; declared again between the same ends it comes back."""
    if (again := desk.replayed) is not None:
        return again
    flow = desk.room.catalog.flows.get(flow_id)
    ends = () if flow is None else (flow.source_id, flow.target_id)
    seen = [end for end in ends if may_see_unit(end, desk.caller.seat.unit_id, desk.room.catalog)]
    if flow is None or not seen:
        raise NotFound("There is no such flow.", remedy="List the flows.", code="flow_unknown")
    _holder(desk, flow.source_id, flow.target_id)
    gone = msgspec.structs.replace(flow, retired=True, signed=_signature(desk))
    await desk.room.change([FlowSet(gone)])
    return desk.done({"flow": _row(desk.room, desk.caller.seat, gone)})


def _end(desk: Desk, field: str, path: str) -> Unit:
    """Give the unit at an end.

    Raises:
        NotFound: there is none, or not for this seat.
    """
    unit, catalog = desk.room.catalog.unit_at(path), desk.room.catalog
    if unit is None or not may_see_unit(unit.id, desk.caller.seat.unit_id, catalog):
        raise NotFound("No such unit.", remedy="List them.", code="unit_unknown", field=field, unit=path)
    return unit


def _measuring(desk: Desk, path: str | None) -> Series | None:
    """Give the series at a path below the seat's unit; None where nothing measures.

    Raises:
        NotFound: there is none, or not for this seat.
    """
    if path is None:
        return None
    place, _, name = path.rpartition("/")
    series = desk.room.catalog.own_series(_end(desk, "series", place).id, name)
    if series is None:
        raise NotFound("No such series.", remedy="List them.", code="series_unknown", series=path)
    return series


def _holder(desk: Desk, source_id: int, target_id: int) -> Unit:
    """Give the unit whose matter the flow is.

    Raises:
        AccessDenied: its flows are not the seat's to declare.
    """
    catalog = desk.room.catalog
    holder = holder_of(source_id, target_id, catalog)
    if not may_link(holder, desk.caller.seat, catalog):
        raise AccessDenied(
            "A flow is declared by the council of a unit that holds both its ends.",
            remedy="Ask its seat.",
            code="flow_refused",
        )
    return catalog.units[holder]


def _signature(desk: Desk) -> Signature:
    seat = desk.caller.seat
    return Signature(person=seat.person, seat_id=seat.id, unit_id=seat.unit_id, at=desk.room.view.at)


def _row(room: ApiRoom, seat: Seat, flow: Flow) -> dict[str, Any]:
    """Give what is declared; a unit that the seat may not see is told as null."""
    catalog = room.catalog

    def told(unit_id: int) -> str | None:
        seen = may_see_unit(unit_id, seat.unit_id, catalog)
        return catalog.units[unit_id].path if seen else None

    series = catalog.series.get(flow.series_id)
    seen = series is not None and may_see_unit(series.unit_id, seat.unit_id, catalog)
    return {
        "id": flow.id,
        "name": flow.name,
        "from": told(flow.source_id),
        "to": told(flow.target_id),
        "series": catalog.series_path(flow.series_id) if seen else None,
        "measured": series is not None,
        "unit": flow.unit,
        "usual": flow.usual,
        "starved": flow.starved,
        "coefficient": flow.coefficient,
        "capacity": flow.capacity,
        "retired": flow.retired,
        "may_declare": may_link(holder_of(flow.source_id, flow.target_id, catalog), seat, catalog),
        "declared": None if flow.signed is None else {"person": flow.signed.person, "at": ms(flow.signed.at)},
    }
