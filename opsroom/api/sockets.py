"""The server's side of a WebSocket, with an end for peers that read nothing.

Closing a transport waits until what was written has been read. A peer that stays connected and reads nothing
would so hold its socket, its buffers and its place among `limits.connections_max` for ever.
"""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

PARTING_S = 1.0


class Sockets(WebSocketsSansIOProtocol):
    """uvicorn's sans-IO WebSocket; a peer that answers no ping, or reads no parting word, is dropped."""

    async def run_asgi(self) -> None:
        """Serve the connection; afterwards wait for the closing handshake, but not for ever."""
        await super().run_asgi()
        reads = self.writable.is_set()
        self.loop.call_later(self.close_timeout + PARTING_S if reads else PARTING_S, self._drop)

    def keepalive_timeout(self) -> None:
        """Drop a peer that answers no ping: it will not read a closing frame either."""
        super().keepalive_timeout()
        self._drop()

    def _drop(self) -> None:
        """Let the socket go with whatever was not read."""
        if not self.disconnected:
            self.transport.abort()
