"""A room of the whole product as a process of its own; people and plants meet it over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import websockets
from argon2 import PasswordHasher

from opsroom.access.hashes import hash_of
from opsroom.catalog import Catalog
from opsroom.clock import wall_now
from opsroom.economy import load_economy
from opsroom.model import Role
from opsroom.seats import PlantToken, Seat
from opsroom.settings import load_settings
from opsroom.store import open_store
from tests.faults.server import Nursery, Server

PASSWORD = "a long enough word"
WITHIN_S = 30.0
GOOD, BAD = 50.0, 5.0
MANY = 400
ECONOMY = """\
root = "Nation"
levels = ["nation", "branch", "enterprise"]
[[unit]]
path = "energy/dam"
{series}"""
SERIES = """\
[[series]]
path = "energy/dam/{name}"
unit = "MW"
band = [10.0, 100.0]
recovery_s = [{recovery_s}, {recovery_s}]
"""
ESSENTIAL = """\
[series.indicator]
orientation = "more"
capability = 60.0
essential = true
"""
# Long: stays where it is raised. Short: stands at the top a moment later. Timed: for the clock.
LONG = ("output", "flow", "stage", "gate")
SHORT = ("heat", "noise", "wear")
TIMED = ("tap", "tap-2")
SEATS = {
    "shift": ("energy/dam", Role.OPERATOR),
    "night": ("energy/dam", Role.OPERATOR),
    "branch": ("energy", Role.COUNCIL),
    "chair-1": ("", Role.COUNCIL),
    "chair-2": ("", Role.COUNCIL),
    "keeper": ("energy/dam", Role.COUNCIL),
}


def economy() -> str:
    """Give the tree: nation, branch, one dam with series of every temper; `flow` is essential."""
    tables = []
    for names, recovery_s in ((LONG, 900.0), (SHORT, 0.4), (TIMED, 1.5)):
        for name in names:
            table = SERIES.format(name=name, recovery_s=recovery_s)
            tables.append(table + (ESSENTIAL if name == "flow" else ""))
    return ECONOMY.format(series="".join(tables))


@dataclass
class Town(Server):
    """A server with its people and one token at the dam (`fed`), all in its store before the first start."""

    limits: dict[str, Any] = field(default_factory=dict)
    tree: Callable[[], str] = economy
    seats: dict[str, tuple[str, Role]] = field(default_factory=lambda: SEATS)
    token: str = ""
    fed: str = "energy/dam"

    def __post_init__(self) -> None:
        """Write settings and tree, and put people and token into the store."""
        super().__post_init__()
        self.prepare()

    def write_settings(self) -> None:
        """Write the settings file; signing in is not rationed here."""
        super().write_settings()
        keys = {"login_per_minute": 1000, **self.limits}
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        with self.settings_file.open("a", encoding="utf-8") as file:
            file.write("\n".join(["[limits]", *lines]) + "\n")

    def prepare(self) -> None:
        """Put seats and token into the store; ids are those that the first start will give."""
        file = self.folder / "economy.toml"
        file.write_text(self.tree(), encoding="utf-8")
        tree = Catalog()
        for change in load_economy(file, tree):
            tree.apply(change)
        quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
        settings = load_settings(self.settings_file)
        with contextlib.closing(open_store(settings.store.url, settings.store)) as store:
            for person, (path, role) in self.seats.items():
                unit = tree.unit_at(path)
                assert unit is not None
                seat = store.access.put_seat(Seat(0, person, role, unit.id))
                store.access.put_credential(seat.id, "password", quick, wall_now())
            fed = tree.unit_at(self.fed)
            assert fed is not None
            self.token = secrets.token_urlsafe(32)
            store.access.put_token(PlantToken(hash_of(self.token), fed.id, "dam", wall_now()))

    def revoke(self) -> None:
        """Take the token out of the store, as another process does."""
        settings = load_settings(self.settings_file)
        with contextlib.closing(open_store(settings.store.url, settings.store)) as store:
            store.access.delete_token(hash_of(self.token))

    @property
    def home(self) -> str:
        """Address for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process_id(self) -> int:
        """The room's process."""
        return self._pid


@contextlib.contextmanager
def town(folder: Path, nursery: Nursery | None, **how: Any) -> Iterator[Town]:
    """Start a room of the whole product, and leave none behind."""
    server = Town(folder, nursery=nursery, **how)
    try:
        server.start()
        yield server
    finally:
        server.close()


@dataclass
class Heard:
    """What came over a socket, each with its instant (monotonic s); waiting for what is wanted."""

    came: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    closed: int | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, socket: Any) -> None:
        """Keep what comes until the connection ends; then the close code."""
        try:
            async for frame in socket:
                self.came.append((time.monotonic(), json.loads(frame)))
                self._news.set()
        except websockets.ConnectionClosed:
            pass
        finally:
            self.closed = socket.close_code
            self._news.set()

    async def until(
        self, wanted: Callable[[dict[str, Any]], bool], within_s: float = WITHIN_S, start: int = 0
    ) -> tuple[float, dict[str, Any]]:
        """Give the first wanted frame from number `start` on, and when it came."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    self._news.clear()
                    for at, frame in self.came[start:]:
                        if wanted(frame):
                            return at, frame
                    start = len(self.came)
                    assert self.closed is None, f"closed with {self.closed}"
                    await self._news.wait()
        except TimeoutError:
            last = json.dumps([frame for _, frame in self.came][-3:])[-3000:]
            raise AssertionError(f"not heard in {within_s} s; last: {last}") from None

    async def until_closed(self, within_s: float = WITHIN_S) -> float:
        """Wait until the connection has ended; give the instant."""
        async with asyncio.timeout(within_s):
            while self.closed is None:
                self._news.clear()
                await self._news.wait()
        return time.monotonic()


class Person:
    """Somebody signed in: acts and reads by HTTP, looks at the feed."""

    def __init__(self, name: str, client: httpx.AsyncClient, cookie: str, csrf: str) -> None:
        """Keep the client and what signing in gave."""
        self.name = name
        self.client = client
        self.cookie = cookie
        self.csrf = csrf

    async def post(self, path: str, body: dict[str, Any], key: str = "") -> httpx.Response:
        """Act on `/api/v1` + path."""
        headers = {"X-CSRF-Token": self.csrf, "Idempotency-Key": key or secrets.token_hex(8)}
        return await self.client.post(path, json=body, headers=headers)

    async def get(self, path: str, **params: Any) -> Any:
        """Read `/api/v1` + path."""
        answer = await self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def alerts(self) -> list[dict[str, Any]]:
        """Give the wall."""
        rows: list[dict[str, Any]] = (await self.get("alerts"))["alerts"]
        return rows

    async def alert(self, name: str, **fields: Any) -> dict[str, Any]:
        """Wait for the alert of the dam's series `name` with these fields on the wall."""
        found: dict[str, Any] = await eventually(self._find, name, fields)
        return found

    async def _find(self, name: str, fields: dict[str, Any]) -> dict[str, Any] | None:
        for row in await self.alerts():
            if row["series"] == f"energy/dam/{name}" and fields.items() <= row.items():
                return row
        return None

    @asynccontextmanager
    async def screen(self, *series: int) -> AsyncIterator[Heard]:
        """Follow the feed, from its snapshot on."""
        url = str(self.client.base_url).replace("http", "ws", 1) + "feed"
        home = str(self.client.base_url).removesuffix("/api/v1/")
        headers = {"Cookie": self.cookie, "Origin": home}
        async with websockets.connect(
            url, additional_headers=headers, compression=None, max_size=None
        ) as socket:
            await socket.send(json.dumps({"type": "subscribe", "series": series}))
            async with listening(socket) as heard:
                await heard.until(lambda frame: frame["type"] == "snapshot")
                yield heard


async def eventually(ask: Callable[..., Any], *args: Any, within_s: float = WITHIN_S) -> Any:
    """Ask until there is an answer."""
    async with asyncio.timeout(within_s):
        while not (found := await ask(*args)):  # noqa: ASYNC110 - HTTP rings no bell
            await asyncio.sleep(0.05)
        return found


@asynccontextmanager
async def listening(socket: Any) -> AsyncIterator[Heard]:
    """Listen on a socket beside what else goes on."""
    heard = Heard()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(heard.listen(socket))
        try:
            yield heard
        finally:
            task.cancel()


@asynccontextmanager
async def person(home: str, name: str, **client: Any) -> AsyncIterator[Person]:
    """Sign in."""
    async with httpx.AsyncClient(base_url=f"{home}/api/v1/", timeout=20, **client) as http:
        answer = await http.post("session", json={"person": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        # On plain loopback the jar keeps back a cookie marked Secure; browsers do send it there.
        cookie = answer.headers["set-cookie"].partition(";")[0]
        http.headers["Cookie"] = cookie
        yield Person(name, http, cookie, answer.json()["csrf"])


class Works:
    """The dam's own program, full form: sends readings in the order of their times, hears its alerts."""

    def __init__(self, socket: Any, heard: Heard) -> None:
        """Take a welcomed connection."""
        self.socket = socket
        self.heard = heard
        self.seq = 0
        self._t = 0

    async def say(self, **message: Any) -> None:
        """Send one frame."""
        await self.socket.send(json.dumps(message))

    async def batch(self, name: str | list[str], t: int | list[int], v: list[float], **more: Any) -> None:
        """Send a batch and wait for its acknowledgement; times in epoch ms."""
        self.seq += 1
        seq, start = self.seq, len(self.heard.came)
        await self.say(type="batch", seq=seq, s=name, t=t, v=v, **more)
        await self.heard.until(lambda f: f["type"] == "ack" and f.get("stored_seq", 0) >= seq, start=start)

    async def measure(self, name: str, *values: float) -> None:
        """Send values of now, a millisecond apart."""
        first = max(self._t + 1, wall_now() // 1000 - len(values))
        self._t = first + len(values) - 1
        await self.batch(name, list(range(first, self._t + 1)), list(values))

    async def breaks(self, *names: str) -> None:
        """Let series leave their bands."""
        for name in names:
            await self.measure(name, GOOD, BAD, BAD)

    async def told(self, event: str, alert: str, within_s: float = WITHIN_S) -> tuple[float, dict[str, Any]]:
        """Wait for what happened to an alert."""
        return await self.heard.until(
            lambda f: f["type"] == "alert" and f["event"] == event and f["id"] == alert, within_s
        )


@asynccontextmanager
async def works(server: Town, source: str = "dam-1") -> AsyncIterator[Works]:
    """Connect the dam's program."""
    headers = {"Authorization": f"Bearer {server.token}"}
    url = f"{server.url}/api/v1/ingest"
    async with (
        websockets.connect(url, additional_headers=headers, compression=None) as socket,
        listening(socket) as heard,
    ):
        mine = Works(socket, heard)
        await mine.say(type="hello", protocol=1, source=source)
        await heard.until(lambda frame: frame["type"] == "welcome")
        yield mine
