"""Ways into a small room: an httpx client that signs in, and a served room for WebSockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from opsroom.api import COOKIE, create_api
from opsroom.model import Role
from opsroom.settings import Limits
from tests.api.small_room import BRANCH, MILL, PASSWORD, PRESS, ROOT, SmallRoom

BASE = "http://127.0.0.1:8040"
SEATS = {
    "top-council": (Role.COUNCIL, ROOT),
    "top-operator": (Role.OPERATOR, ROOT),
    "top-observer": (Role.OBSERVER, ROOT),
    "branch-operator": (Role.OPERATOR, BRANCH),
    "branch-council": (Role.COUNCIL, BRANCH),
    "mill-operator": (Role.OPERATOR, MILL),
    "mill-second": (Role.OPERATOR, MILL),
    "mill-observer": (Role.OBSERVER, MILL),
    "mill-council": (Role.COUNCIL, MILL),
    "press-operator": (Role.OPERATOR, PRESS),
}


class Door:
    """A client of one person.

    Httpx sends no Secure cookie over http, so it is kept by hand, as browsers do on loopback.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.cookie = ""
        self.csrf = ""
        self.set_cookie = ""

    async def sign_in(self, person: str, password: str = PASSWORD) -> httpx.Response:
        answer = await self.client.post("/api/v1/session", json={"person": person, "password": password})
        if answer.status_code == 200:
            self.set_cookie = answer.headers["set-cookie"]
            self.cookie = self.set_cookie.split(";")[0]
            self.csrf = answer.json()["csrf"]
        return answer

    async def get(self, path: str, /, **params: Any) -> httpx.Response:
        return await self.client.get(path, params=params, headers={"Cookie": self.cookie})

    async def post(
        self, path: str, body: Any = None, *, method: str = "POST", **headers: str
    ) -> httpx.Response:
        sent = {"Cookie": self.cookie, "X-CSRF-Token": self.csrf}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, path, json={} if body is None else body, headers=sent)


Story = Callable[[SmallRoom, Callable[[str], Awaitable[Door]]], Awaitable[None]]


def told(story: Story, **limits: float) -> None:
    """Run a story with a small room and doors for any of `SEATS`."""

    async def inner() -> None:
        room = SmallRoom(Limits(**limits))
        for person, (role, unit_id) in SEATS.items():
            await room.seat(person, role, unit_id)
        transport = httpx.ASGITransport(create_api(room, feeds=room.feeds), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:

            async def door(person: str) -> Door:
                opened = Door(client)
                if person:
                    # Each has an address of its own as far as the limit goes: it is not the subject here.
                    room.clock.advance(60)
                    assert (await opened.sign_in(person)).status_code == 200
                return opened

            await story(room, door)

    asyncio.run(inner())


def code(answer: httpx.Response) -> str:
    """Give the code of an error, after checking that it has the one shape."""
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "remedy", "params"}
    return str(error["code"])


@asynccontextmanager
async def served(api: FastAPI) -> AsyncIterator[str]:
    """Serve on a free port of loopback; give host:port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        api,
        host="127.0.0.1",
        port=0,
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        ws_ping_interval=None,
    )
    server = uvicorn.Server(config)
    with closing(listening):
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve(sockets=[listening]))
            while not server.started:
                assert not serving.done()
                await asyncio.sleep(0.01)
            try:
                yield f"127.0.0.1:{listening.getsockname()[1]}"
            finally:
                server.should_exit = True


async def cookie_of(room: SmallRoom, person: str) -> str:
    """Sign in without HTTP; give the Cookie header."""
    secret, _ = await room.access.sign_in(person, PASSWORD, person)
    return f"{COOKIE}={secret}"
