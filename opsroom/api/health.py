"""How the room is: alive, ready, and its figures in OpenMetrics."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from opsroom.api.answers import answer
from opsroom.api.ports import ApiRoom, RoomOf
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

health_router = APIRouter(tags=["health"])

LEVELS: Final = ("readings", "minutes", "hours")
LAG_READY_S: Final = 5.0
BUCKETS_S: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


class Meters:
    """The API's figures in a registry of its own, so that rooms in one process do not share them."""

    def __init__(self, room: ApiRoom, registry: CollectorRegistry | None = None) -> None:
        """Register; `registry` may hold the figures of other parts as well."""
        self.registry = registry or CollectorRegistry()
        self.requests = Counter(
            "opsroom_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "opsroom_http_request_seconds",
            "Time to the answer",
            ["route"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.viewers = Gauge("opsroom_viewers", "Open live feeds", registry=self.registry)
        self.frames = Counter("opsroom_feed_frames", "Frames sent to screens", registry=self.registry)
        self.frame_bytes = Counter("opsroom_feed_bytes", "Bytes sent to screens", registry=self.registry)
        lag = Gauge("opsroom_lag_seconds", "How far the room is behind its log", registry=self.registry)
        lag.set_function(lambda: room.lag_s)
        alerts = Gauge("opsroom_open_alerts", "Open alerts", registry=self.registry)
        alerts.set_function(lambda: len(room.view.alerts))
        series = Gauge("opsroom_series", "Series known", registry=self.registry)
        series.set_function(lambda: len(room.catalog.series))
        waiting = Gauge(
            "opsroom_waiting_readings", "Readings that wait for a watermark", registry=self.registry
        )
        waiting.set_function(lambda: room.reordering[0])
        early = Gauge(
            "opsroom_early_readings",
            "Readings scored before their watermark since the start, as too many waited",
            registry=self.registry,
        )
        early.set_function(lambda: room.reordering[1])
        damaged = Gauge("opsroom_log_damaged", "Damaged records found in the log", registry=self.registry)
        damaged.set_function(lambda: room.log.damaged)
        passed = Gauge(
            "opsroom_log_passed_over",
            "Records that met a mistake of the room since the start",
            registry=self.registry,
        )
        passed.set_function(lambda: room.passed_over)
        rows = Gauge("opsroom_store_rows", "Rows stored", ["level"], registry=self.registry)
        oldest = Gauge(
            "opsroom_store_oldest_seconds",
            "Time of the oldest row stored, seconds since 1970; NaN: none",
            ["level"],
            registry=self.registry,
        )
        for place, level in enumerate(LEVELS):
            rows.labels(level).set_function(partial(_rows, room, place))
            oldest.labels(level).set_function(partial(_oldest_s, room, place))
        ready = Gauge("opsroom_ready", "1 when the room is ready", registry=self.registry)
        ready.set_function(lambda: float(not unready(room)))


class Metered:
    """ASGI middleware that counts requests by route template, never by path: paths are unbounded."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        """Take the application behind it."""
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 500, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in {"GET", "POST", "DELETE"} else "other"
            self._meters.requests.labels(method, route, status).inc()
            self._meters.seconds.labels(route).observe(time.perf_counter() - begun)


def _rows(room: ApiRoom, place: int) -> float:
    return room.store.readings.levels()[place].rows


def _oldest_s(room: ApiRoom, place: int) -> float:
    oldest = room.store.readings.levels()[place].oldest
    return math.nan if oldest is None else oldest / MICROS_PER_S


def unready(room: ApiRoom) -> list[str]:
    """Give what keeps the room from being ready, as codes; empty when it is."""
    reasons = {
        "starting_or_stopping": not room.ready,
        "store_failing": room.store_failing,
        "storage_full": room.log.is_full,
        "behind_log": room.lag_s > LAG_READY_S,
    }
    return [code for code, holds in reasons.items() if holds]


@health_router.get("/-/healthy", summary="The process answers")
async def healthy() -> Response:
    """Answer; says nothing of the room's parts."""
    return answer({"status": "healthy"})


@health_router.get(
    "/-/ready", summary="The room consumes its log, stores, and is not behind; else 503 with the reasons"
)
async def ready(room: RoomOf) -> Response:
    """Answer honestly."""
    reasons = unready(room)
    body: dict[str, Any] = {"ready": not reasons, "reasons": reasons, "lag_s": round(room.lag_s, 3)}
    return answer(body, 503 if reasons else 200)


@health_router.get("/metrics", summary="Figures in OpenMetrics")
async def metrics(request: Request) -> Response:
    """Give counts only: no unit, series or person is named."""
    meters: Meters = request.app.state.meters
    text: bytes = generate_latest(meters.registry)  # type: ignore[no-untyped-call]
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
