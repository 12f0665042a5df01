"""The server's side of a WebSocket: who is dropped for silence, and who is not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from opsroom.api.sockets import Sockets

PING_S, TIMEOUT_S, BUSY_S = 0.1, 0.3, 1.5
FRAMES, FRAME = 400, "x" * 65_536
App = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Any]


@contextlib.asynccontextmanager
async def served(app: App) -> AsyncIterator[str]:
    """Serve an application with impatient pings."""
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            ws=Sockets,
            ws_ping_interval=PING_S,
            ws_ping_timeout=TIMEOUT_S,
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([listener]))
            while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
                await asyncio.sleep(0.01)
            try:
                yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True


async def busy(_: Any, receive: Any, send: Any) -> None:
    """Take nothing for a while, then everything, and say how much came."""
    await receive()
    await send({"type": "websocket.accept"})
    await asyncio.sleep(BUSY_S)
    for _n in range(FRAMES):
        if (await receive())["type"] != "websocket.receive":
            return
    await send({"type": "websocket.send", "text": str(FRAMES)})
    while (await receive())["type"] == "websocket.receive":
        pass


def test_who_sends_more_than_a_busy_room_takes_is_not_dropped_for_its_late_pong() -> None:
    async def story() -> None:
        async with (
            served(busy) as url,
            connect(url, ping_interval=None, proxy=None, compression=None) as peer,
        ):
            async with asyncio.timeout(20):
                for _ in range(FRAMES):
                    await peer.send(FRAME)
                assert await peer.recv() == str(FRAMES)

    asyncio.run(story())


def test_who_says_nothing_and_answers_no_ping_is_dropped() -> None:
    async def story() -> None:
        async with served(busy) as url:
            peer = await connect(url, ping_interval=None, proxy=None, close_timeout=0.1)
            peer.protocol.handle_ping = lambda _: None  # type: ignore[attr-defined]
            peer.transport.pause_reading()  # neither reads nor answers
            await asyncio.sleep(4 * (PING_S + TIMEOUT_S))
            peer.transport.resume_reading()
            with pytest.raises(ConnectionClosed):
                async with asyncio.timeout(3):
                    await peer.recv()

    asyncio.run(story())
