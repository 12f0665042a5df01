"""The server's side of a WebSocket, with an end for peers that read nothing.

Closing a transport waits until what was written has been read. A peer that stays connected and reads nothing
would so hold its socket, its buffers and its place among `limits.connections_max` for ever.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

WAITING: Final = "opsroom.waiting"
"""The extension of ASGI whose `take` gives an endpoint frames which are here already: `Sockets.waiting`."""
PARTING_S = 1.0
DESCRIPTORS_KEPT = 64
"""Left for files, threads and the loop itself, so that a crowd at the door never stops the log."""
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def connections_allowed(wanted: int) -> int:
    """Give how many connections may be open: `wanted`, or fewer where the process may hold fewer files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else max(8, min(wanted, soft - DESCRIPTORS_KEPT))


class Door(HttpToolsProtocol):
    """uvicorn's HTTP that answers 503 to whoever is one too many, before a word is read.

    Left to itself it would accept until no descriptor is left, and then leave everybody waiting.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let the peer in, or tell it at once that there is no room."""
        super().connection_made(transport)
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency:
            transport.write(BUSY)
            transport.close()


class Sockets(WebSocketsSansIOProtocol):
    """uvicorn's sans-IO WebSocket; a peer that answers no ping, or reads no parting word, is dropped."""

    _heard_at = 0.0

    async def run_asgi(self) -> None:
        """Serve the connection; afterwards wait for the closing handshake, but not for ever."""
        await super().run_asgi()
        reads = self.writable.is_set()
        self.loop.call_later(self.close_timeout + PARTING_S if reads else PARTING_S, self._drop)

    def handle_connect(self, event: Any) -> None:
        """Offer the endpoint what has come behind the frame it received."""
        super().handle_connect(event)
        if not self.handshake_complete:
            self.scope["extensions"][WAITING] = {"take": self.waiting}

    def waiting(self, most: int) -> list[str | bytes]:
        """Give frames that are here already, `most` at most; never the end, which is still to be received."""
        frames: list[str | bytes] = []
        while len(frames) < most and not self.queue.empty():
            message: Any = self.queue.get_nowait()
            if message["type"] != "websocket.receive":
                self.queue.put_nowait(message)
                break
            frames.append(message["text"] if "text" in message else message["bytes"])
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()
        return frames

    def data_received(self, data: bytes) -> None:
        """Note that the peer lives, whatever it says."""
        self._heard_at = self.loop.time()
        super().data_received(data)

    def keepalive_timeout(self) -> None:
        """Drop a peer that answers no ping: it will not read a closing frame either.

        One that sends more than the room takes is not silent: its answer lies behind what is held back, and
        a busy room closes nobody for that.
        """
        if self.read_paused or self._heard_at > self.ping_sent_at:
            self.pending_ping_payload = None
            self.schedule_ping()
            return
        super().keepalive_timeout()
        self._drop()

    def _drop(self) -> None:
        """Let the socket go with whatever was not read."""
        if not self.disconnected:
            self.transport.abort()
