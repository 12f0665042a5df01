"""A small room behind the doors, asked without a socket; and what is in its log afterwards."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

from ingest.doors.desk import Desk
from ingest.doors.mapping import Naming, parse_mapping
from ingest.doors.web import door_router
from ingest.hub import Hub
from opsroom.clock import wall_now
from opsroom.records import RecordKind
from opsroom.settings import Limits
from tests.ingest.conftest import SmallRoom

NOW_S = wall_now() // 1_000_000
MILL = {"Authorization": "Token mill-token"}


class Doors:
    """Requests to one room's doors, one after another."""

    def __init__(self, mapping: str = "", limits: Limits | None = None) -> None:
        self.room = SmallRoom(limits)
        app = FastAPI()
        self.desk = Desk(Hub(self.room), Naming(parse_mapping(mapping)))
        app.include_router(door_router(self.desk))
        self._app = app

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request."""
        options.setdefault("headers", MILL)
        return asyncio.run(self._ask(method, path, options))

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://room") as client:
            return await client.request(method, path, **options)

    def lines(self, text: str | bytes, precision: str = "s", **options: Any) -> httpx.Response:
        """Write line protocol with version 2's path."""
        path = f"/api/v2/write?org=o&bucket=b&precision={precision}"
        return self.ask("POST", path, content=text, **options)

    @property
    def named(self) -> list[tuple[str, int, float]]:
        """What the log holds: path, time in us, value."""
        return self.room.named()

    def sources(self) -> list[str]:
        """Whose clock each record of readings moves."""
        return [r.source for r in self.room.log.read(0, 1 << 20) if r.kind == RecordKind.READINGS]
