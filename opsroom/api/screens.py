"""The room's page beside its API: plants are fed and screens told before Dash has even been imported."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

BELOW: Final = ("/room", "/docs-pages/")


class Screens(BaseRoute):
    """The route of the page, `/`, what is below `/room/`, and the docs; who comes before it is there waits.

    Its import takes longer than all else that a start has to do, and a plant that lost the room a moment ago
    must not wait for it.
    """

    def __init__(self, api: FastAPI, mount: Callable[[FastAPI], object]) -> None:
        """Take a place among the routes of `api`, behind all that are there; `mount` puts the page on one."""
        self._api = api
        self._mount = mount
        self._there = asyncio.Event()
        self._app: ASGIApp | None = None
        api.router.routes.append(self)

    async def load(self) -> None:
        """Import and build the page, beside what else goes on."""
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        await asyncio.to_thread(self._mount, app)
        self._api.state.script_hashes = app.state.script_hashes
        self._app = app
        self._there.set()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take requests for the page."""
        mine = scope["type"] == "http" and (scope["path"] == "/" or scope["path"].startswith(BELOW))
        return (Match.FULL if mine else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, once the page is there."""
        await self._there.wait()
        assert self._app is not None
        await self._app(scope, receive, send)
