"""The client's WebSocket as the link sees it: a port with one kind of error and one kind of end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from opsroom.errors import Invalid

PING_S: Final = 5.0


class Line(Protocol):
    """An open connection to the room.

    Writing to a room that is gone raises OSError; reading gives what came before that, then None.
    """

    @property
    def close_code(self) -> int | None:
        """Why it was closed, None where nobody said."""
        ...

    @property
    def close_reason(self) -> str:
        """The words to it."""
        ...

    async def send(self, frame: bytes) -> None:
        """Write a frame."""
        ...

    async def receive(self) -> str | bytes | None:
        """Wait for the next frame; None once the room is gone."""
        ...

    async def close(self) -> None:
        """Close from this side."""
        ...


Dial = Callable[[str], AbstractAsyncContextManager[Line]]
"""Opens a line to a URL. OSError: not now. Invalid: never, the URL is none."""


class _WebSocketLine:
    """The line over a real WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @property
    def close_code(self) -> int | None:
        return self._socket.close_code

    @property
    def close_reason(self) -> str:
        return self._socket.close_reason or ""

    async def send(self, frame: bytes) -> None:
        try:
            await self._socket.send(frame)
        except ConnectionClosed as error:
            raise ConnectionResetError(str(error)) from error

    async def receive(self) -> str | bytes | None:
        try:
            return await self._socket.recv()
        except ConnectionClosed:
            return None

    async def close(self) -> None:
        await self._socket.close()


def web_dial(*, ping_s: float, ssl: Any = None) -> Dial:
    """Give what opens WebSockets: no compression, a ping every `ping_s`, `ssl` a context or None."""

    @asynccontextmanager
    async def dial(url: str) -> AsyncIterator[Line]:
        try:
            async with connect(url, compression=None, max_size=None, ping_interval=ping_s, ssl=ssl) as socket:
                yield _WebSocketLine(socket)
        except InvalidHandshake as error:
            raise ConnectionRefusedError(str(error)) from error
        except InvalidURI as error:
            raise Invalid(
                f"{url}: no WebSocket URL.", remedy="Use ws://HOST:PORT/api/v1/ingest.", field="url"
            ) from error

    return dial
