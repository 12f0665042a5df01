"""Public files of the page, compressed once and kept: a wall that loads anew costs a third on the wire."""

from __future__ import annotations

import asyncio
import gzip
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_BYTES: Final = 1_000
KEPT_MOST: Final = 512
"""Files kept compressed; there are some eighty."""
SQUEEZED: Final = ("text/", "application/javascript", "application/json", "image/svg")


class Squeeze:
    """ASGI layer: answers below `prefixes` go out as gzip to whoever takes it.

    Only what everybody gets alike belongs there, whatever the query and as long as the process lives: what
    depends on who asks is not compressed, so that its length tells nothing of a secret in it (BREACH, 2013).
    """

    def __init__(self, app: ASGIApp, *, prefixes: tuple[str, ...]) -> None:
        """Keep the paths' beginnings."""
        self.app = app
        self.prefixes = prefixes
        self._kept: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, its body compressed where it is worth it."""
        public = (
            scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(self.prefixes)
        )
        if not public or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body: list[bytes] = []

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.append(message.get("body", b""))
            if not message.get("more_body"):
                await self._out(scope["path"], start, b"".join(body), send)

        await self.app(scope, receive, held)

    async def _out(self, path: str, start: Message, body: bytes, send: Send) -> None:
        headers = MutableHeaders(raw=start["headers"])
        worth = start["status"] == HTTPStatus.OK and len(body) >= LEAST_BYTES
        if worth and headers.get("content-type", "").startswith(SQUEEZED):
            squeezed = self._kept.get(path)
            if squeezed is None:
                squeezed = await asyncio.to_thread(gzip.compress, body, mtime=0)
                if len(self._kept) < KEPT_MOST:
                    self._kept[path] = squeezed
            body = squeezed
            headers["Content-Encoding"] = "gzip"
            headers["Content-Length"] = str(len(body))
            headers.add_vary_header("Accept-Encoding")
        await send({**start, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})
