"""A stand-in room: serves the page, the words, the feed and the acts with made-up but plausible numbers.

It speaks the contract of the live feed and of the REST acts, nothing more: no log, no detection, no climbing.
Tests of the screen use it where the real room would need minutes to show what is asked. Seats are named by
position.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import secrets
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Self

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

from dashboards import mount
from tests.dashboards import stand_in_figures as figures
from tests.dashboards.stand_in_state import CARRIED, UNITS, StandIn, words
from tests.dashboards.stand_in_unit import answers

PASSWORD = "seven chairs"


def refusal(status: int, code: str, message: str, remedy: str = "", **params: Any) -> JSONResponse:
    """Word an error as the room does."""
    error = {"code": code, "message": message, "remedy": remedy, "params": params}
    return JSONResponse({"error": error}, status_code=status)


def application(room: StandIn) -> FastAPI:
    """Put the screen and the stand-in's answers on one server."""

    @contextlib.asynccontextmanager
    async def beating(_api: FastAPI) -> Any:
        async def beat() -> None:
            while True:
                await asyncio.sleep(0.5)
                if not room.frozen:
                    room.beat()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(beat())
            yield
            task.cancel()

    api = FastAPI(lifespan=beating)
    _session_routes(api, room)
    _act_routes(api, room)
    _read_routes(api, room)
    for name in answers(0):
        api.add_api_route(f"/api/v1/{name}", _of_unit(room, name))

    @api.get("/api/{path:path}")
    async def nothing(path: str) -> Response:
        return refusal(404, "not_found", f"No /api/{path}.")

    mount(api)
    return api


def _person(room: StandIn, request: Request | WebSocket) -> str | None:
    return room.sessions.get(request.cookies.get("opsroom", ""))


def _session_routes(api: FastAPI, room: StandIn) -> None:
    @api.post("/api/v1/session")
    async def sign_in(request: Request) -> Response:
        body = await request.json()
        if body["password"] != PASSWORD:
            return refusal(401, "not_signed_in", "Person and password do not match.", "Try again.")
        token = secrets.token_hex(8)
        room.sessions[token] = body["person"]
        answer = JSONResponse({"person": body["person"], "role": "council", "unit": "", "csrf": "c"})
        answer.set_cookie("opsroom", token, httponly=True, samesite="strict")
        return answer

    @api.get("/api/v1/session")
    async def session(request: Request) -> Response:
        person = _person(room, request)
        if person is None:
            return refusal(401, "not_signed_in", "Nobody is signed in.", "Sign in.")
        return JSONResponse({"person": person, "role": "council", "unit": "", "csrf": "c"})

    @api.delete("/api/v1/session")
    async def sign_out(request: Request) -> Response:
        room.sessions.pop(request.cookies.get("opsroom", ""), None)
        return Response(status_code=204)


def _act_routes(api: FastAPI, room: StandIn) -> None:
    @api.post("/api/v1/alerts/{alert_id}/acknowledge")
    async def acknowledge(alert_id: str, request: Request) -> Response:
        person, body, alert = _person(room, request), await request.json(), room.alerts[alert_id]
        if person is None:
            return refusal(401, "not_signed_in", "Nobody is signed in.", "Sign in.")
        if not alert["unacked"]:
            first = alert["acknowledgements"][-1]
            return refusal(409, "conflict", "Already acknowledged.", person=first["person"], at=first["at"])
        mine = {
            "person": person,
            "unit": "",
            "level": alert["level"],
            "at": room.clock(),
            "note": body.get("note", ""),
        }
        room.alter(
            alert_id,
            unacked=False,
            may_acknowledge=False,
            acknowledgements=[*alert["acknowledgements"], mine],
        )
        return JSONResponse({})

    @api.post("/api/v1/alerts/{alert_id}/recovering")
    async def recovering(alert_id: str, request: Request) -> Response:
        body = await request.json()
        note = {
            "author": _person(room, request),
            "text": body["note"],
            "at": room.clock(),
            "until": body["until"],
        }
        room.alter(alert_id, notes=[*room.alerts[alert_id]["notes"], note])
        return JSONResponse({})

    @api.post("/api/v1/alerts/{alert_id}/judge")
    async def judge(alert_id: str, request: Request) -> Response:
        person, body, alert = _person(room, request), await request.json(), room.alerts[alert_id]
        others = [one for one in alert["judgements"] if one["person"] != person]
        mine = {"person": person, "unit": "", "at": room.clock(), "useful": body["useful"]}
        room.alter(alert_id, judgements=[*others, mine])
        return JSONResponse({})

    @api.post("/api/v1/alerts/{alert_id}/decide")
    async def decide(alert_id: str, request: Request) -> Response:
        decision = {**await request.json(), "person": _person(room, request), "at": room.clock()}
        room.alter(alert_id, decision=decision, may_decide=False, outcome="decided", deadline=None)
        return JSONResponse({})

    @api.post("/api/v1/series/{series_id}/press")
    async def press(series_id: int) -> Response:
        alert = room._alert(series_id, 1, 30, level=0, kind="press", own=True)
        room.alerts[alert["id"]] = alert
        room.tell(room.changes(alerts=[alert]))
        return JSONResponse({})


def _read_routes(api: FastAPI, room: StandIn) -> None:
    @api.get("/api/v1/words/{lang}")
    async def catalogue(lang: str) -> Response:
        return JSONResponse(words(lang))

    @api.get("/api/v1/units")
    async def units() -> Response:
        return JSONResponse([room.unit(""), *(room.unit(u[0]) for u in UNITS)])

    @api.get("/api/v1/series/{series_id}/readings")
    async def readings(series_id: int, request: Request) -> Response:
        series, until, since = (
            room.series[series_id],
            int(request.query_params["to"]),
            int(request.query_params["from"]),
        )
        level, n = series["level"], 400
        t = [since + (until - since) * i // n for i in range(n)]
        bend = [max(0, i - 280) * 0.0016 if series["name"] in CARRIED else 0 for i in range(n)]
        sign = -1 if series["name"] == "copper cathode" else 1
        v = [
            level * (1 + sign * bend[i] + math.sin(i / 30) * 0.02 + room.random.gauss(0, 0.008))
            for i in range(n)
        ]
        middle = [level * (1 + math.sin(i / 30) * 0.02) for i in range(n)]
        return JSONResponse(
            {"t": t, "v": v, "low": [m * 0.96 for m in middle], "high": [m * 1.04 for m in middle]}
        )

    @api.get("/api/v1/buckets")
    async def buckets(request: Request) -> Response:
        since, until = int(request.query_params["from"]), int(request.query_params["to"])
        width = (until - since) / 60
        rows = [(int(one), i) for one in request.query_params["series"].split(",") for i in range(60)]
        told = [room.series[one]["level"] * (1 + math.sin(i / 9 + one) * 0.018) for one, i in rows]
        columns = {"series": [one for one, _ in rows], "t": [round(since + i * width) for _, i in rows]}
        return JSONResponse({**columns, "first": told, "last": told, "width_s": width / 1000})

    @api.get("/api/v1/figures")
    async def alarm_figures(request: Request) -> Response:
        asked = request.query_params
        if asked.get("format") == "csv":
            return Response(figures.as_file(int(asked["from"]), int(asked["to"])), media_type="text/csv")
        return JSONResponse(figures.told(int(asked["from"]), int(asked["to"])))

    @api.websocket("/api/v1/feed")
    async def feed(socket: WebSocket) -> None:
        person = _person(room, socket)
        if person is None:
            await socket.close(4401)
            return
        await socket.accept()
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1000)
        room.viewers.add(queue)
        room.present.append(person)
        room.tell(room.changes(seats=room.seats()))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_listen(room, socket, person))
                group.create_task(_speak(socket, queue))
        except* (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            room.viewers.discard(queue)
            room.present.remove(person)
            room.tell(room.changes(seats=room.seats()))


def _of_unit(room: StandIn, name: str) -> Callable[[], Coroutine[Any, Any, Response]]:
    async def told() -> Response:
        return JSONResponse(answers(room.clock())[name])

    return told


async def _listen(room: StandIn, socket: WebSocket, person: str) -> None:
    while True:
        asked = json.loads(await socket.receive_text())
        path = asked.get("unit", "")
        if path and path not in {u[0] for u in UNITS}:
            await socket.close(4403, "unit_unknown")
            return
        await socket.send_json(room.snapshot(person, path))


async def _speak(socket: WebSocket, queue: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        await socket.send_json(await queue.get())


class Served:
    """The stand-in on a loopback port in a thread of its own; `with` starts and ends it."""

    def __init__(self, room: StandIn, port: int = 0) -> None:
        """Take the room; port 0 picks a free one."""
        config = uvicorn.Config(
            application(room),
            host="127.0.0.1",
            port=port,
            log_level="critical",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        self.room, self.server = room, uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> Self:
        """Start and wait until it listens."""
        self.thread.start()
        until = time.monotonic() + 20
        while not self.server.started and time.monotonic() < until:
            time.sleep(0.02)
        assert self.server.started, "the stand-in did not start"
        return self

    def __exit__(self, *_exc: object) -> None:
        """Close every connection and wait for the end."""
        self.server.should_exit = True
        self.thread.join(10)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server.servers[0].sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The address of the room."""
        return f"http://127.0.0.1:{self.port}/room/"


if __name__ == "__main__":
    uvicorn.run(
        application(StandIn()), host="127.0.0.1", port=8041, log_level="warning", ws="websockets-sansio"
    )
