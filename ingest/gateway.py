"""The socket of plants, `/api/v1/ingest`: moves bytes between WebSocket and connection.

It decides nothing itself. Each connection has a reader, which judges frames and queues what they bring, and a
writer, which appends many batches in one commit and acknowledges them after it. What is queued is bounded in
bytes: the full form by its credit, the casual form by not being read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from ingest.connection import Connection
from ingest.hub import Hub

WAITING: Final = "opsroom.waiting"
"""The extension of ASGI whose `take` gives frames that are here already, where the server has it."""


class _Socket:
    """Starlette's WebSocket with one kind of error and one kind of end."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._take = socket.scope.get("extensions", {}).get(WAITING, {}).get("take")

    @property
    def headers(self) -> Mapping[str, str]:
        return self._socket.headers

    async def accept(self) -> None:
        await self._socket.accept()

    async def receive(self) -> str | bytes | None:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        whole: bytes = message.get("bytes") or b""
        return whole if text is None else text

    def waiting(self, most: int) -> Sequence[str | bytes]:
        return self._take(most) if self._take else ()

    async def send(self, frame: str | bytes) -> None:
        try:
            await (
                self._socket.send_bytes(frame) if isinstance(frame, bytes) else self._socket.send_text(frame)
            )
        except (WebSocketDisconnect, WebSocketDisconnected) as error:
            raise ConnectionResetError from error

    async def close(self, code: int, reason: str = "") -> None:
        try:
            await self._socket.close(code, reason)
        except (WebSocketDisconnect, WebSocketDisconnected, RuntimeError) as error:
            # Starlette tells of a socket that is closed already by any of these.
            raise ConnectionResetError from error


def ingest_router(hub: Hub) -> APIRouter:
    """Give the router with the WebSocket `/api/v1/ingest` for the room of `hub`.

    Serve it with `ws="websockets-sansio"`, `ws_per_message_deflate=False`,
    `ws_max_size=limits.frame_bytes_max`.
    """
    router = APIRouter()

    async def ingest(websocket: WebSocket) -> None:
        await Connection(hub, _Socket(websocket)).run()

    router.add_api_websocket_route("/api/v1/ingest", ingest)
    return router
