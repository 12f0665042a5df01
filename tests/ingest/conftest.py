"""A small room for the gateway, of product parts: catalog, memory log, clock; and a real server for it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
import pytest
import uvicorn
import websockets
from fastapi import FastAPI

from ingest.gateway import ingest_router
from ingest.hub import Hub
from opsroom.api.sockets import Sockets
from opsroom.backlog import Backlog
from opsroom.catalog import Catalog
from opsroom.clock import Clock, WallClock, wall_now
from opsroom.errors import NotFound
from opsroom.log import Log, open_log
from opsroom.log.columns import decode_columns
from opsroom.model import Columns, Series, Unit
from opsroom.records import (
    AnyAct,
    AnyConfig,
    RecordKind,
    SeriesSet,
    SourceEvent,
    UnitSet,
    decode_config,
    decode_source,
)
from opsroom.settings import Limits, Settings

TOKENS = {"root-token": 1, "mill-token": 2, "wind-token": 3, "gone-token": 99}


def a_tree() -> list[AnyConfig]:
    def unit(id_: int, path: str, depth: int) -> UnitSet:
        name = path.rpartition("/")[2] or "Economy"
        parent = None if id_ == 1 else 1
        return UnitSet(
            Unit(id=id_, root_id=1, parent_id=parent, path=path, name=name, level_name="", depth=depth)
        )

    def series(id_: int, unit_id: int, name: str, code: str) -> SeriesSet:
        return SeriesSet(
            Series(
                id=id_, root_id=1, unit_id=unit_id, name=name, unit=code, unit_verified=True, period_s=60.0
            )
        )

    return [
        unit(1, "", 0),
        unit(2, "mill-1", 1),
        unit(3, "wind", 1),
        series(1, 2, "output", "t/h"),
        series(2, 2, "stock", "t"),
        series(3, 3, "power", "kW"),
        series(4, 3, "a.b", "kW"),
    ]


class _Tokens:
    def __init__(self) -> None:
        self.known = dict(TOKENS)

    async def find(self, token: str) -> int | None:
        return self.known.get(token)


class _News:
    def __init__(self, unit_id: int) -> None:
        self.unit_id = unit_id
        self.waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=100)

    async def get(self) -> dict[str, Any]:
        return await self.waiting.get()

    def close(self) -> None:
        self.waiting = asyncio.Queue(maxsize=1)


class _Plants:
    def __init__(self) -> None:
        self.all: list[_News] = []

    def subscribe(self, unit_id: int) -> _News:
        self.all.append(_News(unit_id))
        return self.all[-1]


class SmallRoom:
    """What the gateway needs of a room, and readers of what came of it."""

    def __init__(
        self, limits: Limits | None = None, clock: Clock | None = None, log: Log | None = None
    ) -> None:
        self.settings = Settings(limits=limits or Limits())
        self.catalog = Catalog()
        for change in a_tree():
            self.catalog.apply(change)
        self.log = log or open_log("memory://", self.settings.limits, 0.0)
        self.clock: Clock = clock or WallClock()
        self.tokens = _Tokens()
        self.plants = _Plants()
        self.backlog = Backlog(1 << 30, start_bytes=1 << 30)  # nobody reads this log
        self.lag_s = 0.0
        self.acts: list[tuple[AnyAct, bool]] = []

    async def act(self, act: AnyAct, *, urgent: bool = False) -> list[Any]:
        if getattr(act, "alert_id", "") == "none":
            raise NotFound("No such alert.", remedy="Name an open one.")
        self.acts.append((act, urgent))
        return []

    def stored(self) -> Columns:
        records = [r for r in self.log.read(0, 1 << 30) if r.kind == RecordKind.READINGS]
        return Columns.concat([decode_columns(r.payload)[0] for r in records])

    def named(self) -> list[tuple[str, int, float]]:
        found = self.stored()
        return [
            (self.catalog.series_path(int(s)), int(t), float(v))
            for s, t, v in zip(found.series, found.t, found.v, strict=True)
        ]

    def events(self) -> list[SourceEvent]:
        return [decode_source(r.payload) for r in self.log.read(0, 1 << 30) if r.kind == RecordKind.SOURCE]

    def config(self) -> list[AnyConfig]:
        records = [r for r in self.log.read(0, 1 << 30) if r.kind == RecordKind.CONFIG]
        return [change for r in records for change in decode_config(r.payload)]


class Peer:
    """A plain client that speaks JSON."""

    def __init__(self, socket_: websockets.ClientConnection) -> None:
        self.socket = socket_

    async def say(self, message: Any) -> None:
        await self.socket.send(
            message if isinstance(message, (str, bytes)) else msgspec.json.encode(message).decode()
        )

    async def hear(self, seconds: float = 5.0) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            told: dict[str, Any] = msgspec.json.decode(await self.socket.recv())
            return told

    async def hear_until(self, **wanted: Any) -> dict[str, Any]:
        while True:
            told = await self.hear()
            if all(told.get(key) == value for key, value in wanted.items()):
                return told

    async def closed(self, seconds: float = 5.0) -> int:
        try:
            while True:
                await self.hear(seconds)
        except websockets.ConnectionClosed as error:
            return error.rcvd.code if error.rcvd is not None else 1006


class Served:
    """A room on a port."""

    def __init__(self, room: SmallRoom, port: int) -> None:
        self.room = room
        self.port = port
        self.url = f"ws://127.0.0.1:{port}/api/v1/ingest"

    @asynccontextmanager
    async def peer(self, token: str | None = "mill-token", **options: Any) -> AsyncIterator[Peer]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        options.setdefault("additional_headers", headers)
        options.setdefault("max_size", None)
        async with websockets.connect(self.url, compression=None, **options) as opened:
            yield Peer(opened)


@asynccontextmanager
async def serve(room: SmallRoom, port: int = 0, wall: Callable[[], int] = wall_now) -> AsyncIterator[Served]:
    app = FastAPI()
    app.include_router(ingest_router(Hub(room, wall)))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(
        app,
        ws=Sockets,
        ws_max_size=room.settings.limits.frame_bytes_max,
        ws_per_message_deflate=False,
        lifespan="off",
        log_level="critical",
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server._serve([listener]))
        try:
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.005)
            yield Served(room, listener.getsockname()[1])
        finally:
            server.should_exit = True
            await task
            listener.close()


@contextmanager
def beside(room: SmallRoom) -> Iterator[Served]:
    """Serve `room` from a thread of its own, for clients that keep theirs busy."""
    up, down = threading.Event(), asyncio.Event()
    found: list[tuple[Served, asyncio.AbstractEventLoop]] = []

    async def whole() -> None:
        async with serve(room) as served:
            found.append((served, asyncio.get_running_loop()))
            up.set()
            await down.wait()

    thread = threading.Thread(target=asyncio.run, args=(whole(),))
    thread.start()
    assert up.wait(10)
    ((served, loop),) = found
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(down.set)
        thread.join(10)


Play = Callable[[Callable[[Served], Awaitable[None]]], SmallRoom]


@pytest.fixture
def play() -> Callable[..., SmallRoom]:
    """Run `script(served)` against a fresh room on a real server; gives the room afterwards."""

    def run(script: Callable[[Served], Awaitable[None]], room: SmallRoom | None = None) -> SmallRoom:
        here = room or SmallRoom()

        async def whole() -> None:
            async with serve(here) as served:
                await script(served)

        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(whole())
        return here

    return run


@pytest.fixture
def room() -> SmallRoom:
    return SmallRoom()


@pytest.fixture
def make_room() -> type[SmallRoom]:
    return SmallRoom


@pytest.fixture
def serving() -> Any:
    return serve
