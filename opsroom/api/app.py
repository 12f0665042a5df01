"""The API as one FastAPI application, on which the Dash room and the ingest socket are mounted later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException

from opsroom.api.acts import Replays, act_router
from opsroom.api.agreements import agreement_router
from opsroom.api.alarms import alarm_router
from opsroom.api.analysis import analysis_router
from opsroom.api.annotations import annotation_router
from opsroom.api.answers import handle_errors
from opsroom.api.audits import audit_router
from opsroom.api.chairs import chair_router
from opsroom.api.decisions import decision_router
from opsroom.api.drills import drill_router
from opsroom.api.duty import duty_router
from opsroom.api.feeds import FeedTable, feeds_router
from opsroom.api.figures import figures_router
from opsroom.api.flows import flow_router
from opsroom.api.guard import Guard
from opsroom.api.health import Metered, Meters, health_router
from opsroom.api.history import history_router
from opsroom.api.journal import journal_router
from opsroom.api.kiosks import kiosk_router
from opsroom.api.live import live_router
from opsroom.api.many import many_router
from opsroom.api.pages import page_router
from opsroom.api.pleasures import pleasure_router
from opsroom.api.queries import query_router
from opsroom.api.receive import Receiving, receive_router
from opsroom.api.replay import replay_router
from opsroom.api.rota import rota_router
from opsroom.api.rules import rule_router
from opsroom.api.series import series_router
from opsroom.api.session import session_router
from opsroom.api.settings import settings_router
from opsroom.api.trend_marks import mark_router
from opsroom.feeds import FeedBook
from opsroom.rulefolder import RuleFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client import CollectorRegistry

    from opsroom.api.ports import ApiRoom, Rewinding

ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
ROUTERS = (
    session_router,
    kiosk_router,
    query_router,
    history_router,
    figures_router,
    drill_router,
    feeds_router,
    act_router,
    series_router,
    settings_router,
    alarm_router,
    many_router,
    agreement_router,
    rule_router,
    duty_router,
    rota_router,
    replay_router,
    audit_router,
    flow_router,
    pleasure_router,
    decision_router,
    analysis_router,
    annotation_router,
    mark_router,
    chair_router,
    journal_router,
    live_router,
    health_router,
    page_router,
    receive_router,
)
ABOUT = "What a seat may read and do. Errors have one shape: error.code, message, remedy, params."


def create_api(
    room: ApiRoom,
    *,
    further: Sequence[APIRouter] = (),
    registry: CollectorRegistry | None = None,
    folder: RuleFolder | None = None,
    rewinds: Rewinding | None = None,
    feeds: FeedBook | None = None,
) -> FastAPI:
    """Make the application.

    `further` are routers with HTTP paths under `/api` of other rims: they must be known here, since unknown
    paths under `/api` are answered 404 before the catch-all that Dash adds. WebSocket routes may be added
    later. `folder` are the rule files beside the room, `feeds` is where the gateway counts its sources.
    `state.script_hashes` takes the CSP hashes of inline scripts of pages mounted later.
    """
    api = FastAPI(title="Operations room", description=ABOUT, docs_url=None, redoc_url=None, openapi_url=None)
    api.state.room = room
    api.state.rewinds = rewinds
    api.state.replays = Replays()
    api.state.folder = folder or _no_folder(room)
    api.state.receiving = Receiving()
    api.state.feeds = FeedTable(feeds or FeedBook())
    api.state.meters = Meters(room, registry)
    api.state.script_hashes = ()
    for router in (*ROUTERS, *further):
        api.include_router(router)
    for prefix in ("/api", "/-"):
        api.add_api_route(prefix + "/{rest:path}", _nowhere, methods=ALL_METHODS, include_in_schema=False)
    handle_errors(api)
    api.add_middleware(Guard, room=room)
    api.add_middleware(Metered, meters=api.state.meters)
    return api


def _no_folder(room: ApiRoom) -> RuleFolder:
    """Give a room without files of rules what puts rules in force."""
    folder = RuleFolder(None, room.catalog)
    folder.join(room.change)
    return folder


async def _nowhere(rest: str) -> None:
    """Answer for paths that nobody serves."""
    raise HTTPException(404, f"There is nothing at {rest[:200]!r}.")
