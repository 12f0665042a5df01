"""The doors as HTTP routes: bodies in, answers in each protocol's own words out.

InfluxDB's write API of version 1 and 2, and what its clients ask before they write; Prometheus' remote write
1.0; collectd's write_http. An answer of 2xx is given once the log has made the readings durable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Request, Response

from ingest.codes import DoorError
from ingest.doors import collectd, influx, remote_write
from ingest.doors.answers import plain_refused, plain_written
from ingest.doors.bodies import read_body, unpacked
from ingest.doors.desk import Desk
from ingest.doors.line_protocol import read_lines
from ingest.doors.times import precision_of
from ingest.handshake import credential
from opsroom.errors import OpsroomError

TRUE: Final = frozenset({"1", "true"})


def door_router(desk: Desk) -> APIRouter:
    """Give the router with all doors."""
    router = APIRouter(tags=["doors"])
    routes = InfluxRoutes(desk)
    for path, words in (
        ("/api/v2/write", "Line protocol, InfluxDB 2"),
        ("/write", "Line protocol, InfluxDB 1"),
    ):
        router.add_api_route(path, _answering(routes.write, influx.refused), methods=["POST"], summary=words)
    more = OtherRoutes(desk)
    for path, work, words in (
        ("/api/v1/write", more.prometheus, "Prometheus' remote write 1.0"),
        ("/api/v1/collectd", more.collectd, "JSON of collectd's write_http"),
    ):
        router.add_api_route(path, _answering(work, plain_refused), methods=["POST"], summary=words)
    ping = "What InfluxDB's clients ask before they write"
    router.add_api_route("/ping", routes.ping, methods=["GET", "HEAD"], summary=ping)
    router.add_api_route("/health", routes.health, methods=["GET"], summary=ping)
    router.add_api_route(
        "/query", _answering(routes.query, influx.refused), methods=["GET", "POST"], summary=ping
    )
    return router


Answer = Callable[[Request], Awaitable[Response]]


def _answering(work: Answer, refused: Callable[[OpsroomError], Response]) -> Answer:
    """Give refusals the shape that a door's clients read."""

    async def answer(request: Request) -> Response:
        try:
            return await work(request)
        except OpsroomError as error:
            return refused(error)

    return answer


def token_of(request: Request) -> str | None:
    """Give the token of a request: Authorization, or the password of version 1 in the query."""
    told = credential(request.headers.get("authorization"))
    return told or request.query_params.get("p")


class InfluxRoutes:
    """What InfluxDB's clients call."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def write(self, request: Request) -> Response:
        """Take lines; 204 once all are durable, 400 naming the first refused once the others are."""
        desk, asked = self._desk, request.query_params
        unit_id = await desk.unit_of(token_of(request))
        precision = precision_of(asked.get("precision", ""))
        if precision is None:
            raise DoorError("precision_unknown", precision=asked["precision"][:20])
        gate = desk.gate(unit_id, "influx", (asked.get("bucket") or asked.get("db") or "")[:200])
        most = desk.hub.limits.body_bytes_max
        with desk.budget.held() as share:
            packed = await read_body(request.stream(), most, share)
            body = unpacked(packed, request.headers.get("content-encoding", "").lower(), most, share)
            verdict = await desk.take(gate, read_lines(body, gate.known, gate.place), precision)
        return influx.written(verdict)

    async def ping(self, request: Request) -> Response:
        """Answer that the door is open; clients read the version's header."""
        if request.query_params.get("verbose", "") in TRUE:
            return influx.told({"version": influx.VERSION})
        return Response(status_code=204, headers=influx.HEADERS)

    async def health(self) -> Response:
        """Answer in the shape of InfluxDB 2."""
        room = self._desk.hub.room
        full = room.log.is_full
        status, said = ("fail", "storage is full") if full else ("pass", "ready for writes")
        body = {"name": "opsroom", "message": said, "status": status, "checks": [], "version": influx.VERSION}
        return influx.told(body, 503 if full else 200)

    async def query(self, request: Request) -> Response:
        """Answer what clients ask before they write; there is nothing else to ask here."""
        unit_id = await self._desk.unit_of(token_of(request))
        asked = request.query_params.get("q")
        if asked is None:
            with self._desk.budget.held() as share:
                asked = influx.form_q(await read_body(request.stream(), influx.QUERY_BYTES_MAX, share))
        return influx.told(influx.answers(asked, self._desk.buckets(unit_id)))


class OtherRoutes:
    """What Prometheus and collectd call."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def prometheus(self, request: Request) -> Response:
        """Take a WriteRequest; 204 once all is durable, 400 once all but what is refused is."""
        desk, headers = self._desk, request.headers
        gate = desk.gate(await desk.unit_of(token_of(request)), "prometheus")
        if "io.prometheus.write.v2" in headers.get("content-type", ""):
            raise DoorError("remote_write_version", 415)
        if (encoding := headers.get("content-encoding", "").lower()) != "snappy":
            raise DoorError("encoding_unknown", 415, encoding=encoding[:40])
        most = desk.hub.limits.body_bytes_max
        with desk.budget.held() as share:
            body = remote_write.unpacked(await read_body(request.stream(), most, share), most, share)
            verdict = await desk.take(gate, remote_write.parse(body, gate.known, gate.place), "ms")
        return plain_written(verdict, "series")

    async def collectd(self, request: Request) -> Response:
        """Take values lists; 204 once all is durable, 400 once all but what is refused is."""
        desk = self._desk
        gate = desk.gate(await desk.unit_of(token_of(request)), "collectd")
        most = desk.hub.limits.body_bytes_max
        with desk.budget.held() as share:
            packed = await read_body(request.stream(), most, share)
            body = unpacked(packed, request.headers.get("content-encoding", "").lower(), most, share)
            verdict = await desk.take(gate, collectd.parse(body, gate.known, gate.place), "us")
        return plain_written(verdict, "values list")
