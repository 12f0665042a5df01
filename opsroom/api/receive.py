"""Alerts of other systems, posted with a plant's token: Prometheus' Alertmanager."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, Request, Response

from opsroom.api.answers import answer
from opsroom.api.ports import ApiRoom, RoomOf
from opsroom.errors import NotSignedIn, OpsroomError
from opsroom.notify import alertmanager
from opsroom.records import Reported
from opsroom.reports import Place, series_for

if TYPE_CHECKING:
    from opsroom.model import Unit
    from opsroom.notify.alertmanager import Standing

receive_router = APIRouter(prefix="/api/v1/receive", tags=["receive"])

_logger = structlog.get_logger("opsroom.api")


class Receiving:
    """Who fires, as far as it was told since the start; one post after another."""

    def __init__(self) -> None:
        """Start empty: Alertmanager repeats what still fires."""
        self.standing: Standing = {}
        self.lock = asyncio.Lock()


@receive_router.post(
    "/alertmanager",
    summary="Webhook of Prometheus' Alertmanager (payload version 4), with a plant's token as bearer",
)
async def from_alertmanager(request: Request, room: RoomOf) -> Response:
    """Take a group of alerts; each becomes a finding on a series of its unit."""
    node = await _node(request, room)
    payload = alertmanager.parse(await _body(request, room.settings.limits.frame_bytes_max))
    reports = alertmanager.placed(payload, node, room.catalog, room.settings.notify.alertmanager)
    if payload.truncated_alerts:
        _logger.warning("alertmanager_truncated", left_out=payload.truncated_alerts)
    receiving: Receiving = request.app.state.receiving
    async with receiving.lock:
        ids = await series_for(room, [Place(report.unit_id, report.name) for report in reports])
        places = {report.place: ids[report.unit_id, report.name] for report in reports}
        findings, standing = alertmanager.found(reports, places, receiving.standing)
        if findings:
            await room.act(Reported(source=alertmanager.DETECTOR, findings=tuple(findings)))
        receiving.standing = standing
    body: dict[str, Any] = {"alerts": len(reports), "series": len(findings)}
    return answer(body)


async def _node(request: Request, room: ApiRoom) -> Unit:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    unit_id = await room.access.find(token.strip()) if scheme.lower() == "bearer" else None
    if unit_id is None or unit_id not in room.catalog.units:
        raise NotSignedIn(
            "The token is unknown or revoked.",
            remedy="Make one: opsroom token new UNIT; send it as Authorization: Bearer.",
            code="token_unknown",
        )
    return room.catalog.units[unit_id]


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            error = OpsroomError(
                "The request is too large.", remedy=f"Keep it below {most} bytes.", code="body_too_large"
            )
            error.status = 413
            raise error
    return bytes(body)
