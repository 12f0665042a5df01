"""A network in memory between links and the gateway: slow, stalled, broken, repeating, out of order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random

WINDOW: Final = 32
"""Frames on their way in one direction; a sender waits for room, as behind a TCP window."""
DEAF_S: Final = 20.0
"""Time without a sign of life after which a side gives a connection up (four missed pings)."""
OPEN_S: Final = 10.0
ABNORMAL: Final = 1006
REFUSED: Final = 403

Told = Callable[[str, bool, str | bytes], None]
"""Hears of every frame when it is written: plant, whether the room wrote it, frame."""


@dataclass
class Weather:
    """The way between one plant and the room, set from outside.

    `delay_s` span of a frame's travel, `repeats` and `reorders` shares of frames that may be, `stalled`:
    what is written waits, and neither side is told.
    """

    delay_s: tuple[float, float] = (0.001, 0.02)
    repeats: float = 0.0
    reorders: float = 0.0
    stalled: bool = False
    bells: list[asyncio.Event] = field(default_factory=list)

    def set_stalled(self, stalled: bool) -> None:  # noqa: FBT001 - it is the value
        """Stall, or let what waits arrive."""
        self.stalled = stalled
        for bell in self.bells:
            bell.set()


class _Way:
    """One direction of one connection."""

    def __init__(
        self, weather: Weather, random: random.Random, movable: Callable[[str | bytes], bool]
    ) -> None:
        self.weather = weather
        self.ended = False
        self.lost = False
        self.code: int | None = None
        self.reason = ""
        self._random = random
        self._movable = movable
        self._frames: deque[tuple[float, str | bytes]] = deque()
        self._news = asyncio.Event()
        self._space = asyncio.Event()
        self._patience_s = DEAF_S * random.uniform(0.9, 1.3)
        weather.bells.append(self._news)

    async def send(self, frame: str | bytes) -> None:
        while len(self._frames) >= WINDOW and not self.ended:
            self._space.clear()
            await self._space.wait()
        if self.ended:
            raise ConnectionResetError("the peer is gone")
        self._put(frame)
        if self._movable(frame):
            if self._random.random() < self.weather.repeats:
                self._put(frame)
            if (
                len(self._frames) > 1
                and self._movable(self._frames[-2][1])
                and self._random.random() < self.weather.reorders
            ):
                (due, last), (later, other) = self._frames[-1], self._frames[-2]
                self._frames[-2], self._frames[-1] = (later, last), (due, other)
        self._news.set()

    def _put(self, frame: str | bytes) -> None:
        at = asyncio.get_running_loop().time() + self._random.uniform(*self.weather.delay_s)
        self._frames.append((max(at, self._frames[-1][0]) if self._frames else at, frame))

    async def receive(self) -> str | bytes | None:
        clock = asyncio.get_running_loop().time
        silent_since: float | None = None
        while not self.lost:
            due: float | None = None
            if self.weather.stalled:
                silent_since = clock() if silent_since is None else silent_since
                due = silent_since + self._patience_s
                if due <= clock():
                    return None
            elif self._frames and self._frames[0][0] <= clock():
                frame = self._frames.popleft()[1]
                self._space.set()
                return frame
            elif self._frames:
                silent_since, due = None, self._frames[0][0]
            elif self.ended:
                return None
            self._news.clear()
            try:
                async with asyncio.timeout_at(due):
                    await self._news.wait()
            except TimeoutError:
                continue
        return None

    def waiting(self, most: int) -> list[str | bytes]:
        now, frames = asyncio.get_running_loop().time(), list[str | bytes]()
        while len(frames) < most and self._frames and self._frames[0][0] <= now and not self.weather.stalled:
            frames.append(self._frames.popleft()[1])
        if frames:
            self._space.set()
        return frames

    def finish(self, code: int | None, reason: str = "", *, keep: int | None = None) -> None:
        """End after what is on its way; of that only the first `keep` arrive where it is given."""
        if self.ended:
            return
        self.ended, self.code, self.reason = True, code, reason
        while keep is not None and len(self._frames) > keep:
            self._frames.pop()
        self._news.set()
        self._space.set()

    def reset(self) -> None:
        """End at once: what is on its way is lost."""
        self.ended = self.lost = True
        self._frames.clear()
        self._news.set()
        self._space.set()

    def forget(self) -> None:
        """Hear of the weather no more."""
        if self._news in self.weather.bells:
            self.weather.bells.remove(self._news)

    def __len__(self) -> int:
        return len(self._frames)


class Peer:
    """One side of a connection: the gateway's socket, and the link's line."""

    def __init__(self, name: str, inward: _Way, outward: _Way, told: Callable[[str | bytes], None]) -> None:
        """Made by the network."""
        self.name = name
        self.headers: Mapping[str, str] = {}
        self.opened = asyncio.Event()
        self.inward = inward
        self.outward = outward
        self._told = told

    @property
    def close_code(self) -> int | None:
        """Why the other side closed."""
        return self.inward.code if self.inward.ended and not self.inward.lost else ABNORMAL

    @property
    def close_reason(self) -> str:
        """The words to it."""
        return self.inward.reason

    async def accept(self) -> None:
        """Answer the handshake."""
        self.opened.set()

    async def receive(self) -> str | bytes | None:
        """Wait for the next frame; None once the other side is gone."""
        frame = await self.inward.receive()
        if frame is None:
            self.outward.finish(None)  # whoever reads the end writes no more
        return frame

    def waiting(self, most: int) -> list[str | bytes]:
        """Give the frames that are here already."""
        return self.inward.waiting(most)

    async def send(self, frame: str | bytes) -> None:
        """Write a frame."""
        await self.outward.send(frame)
        self._told(frame)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close after what was written."""
        self.outward.finish(code, reason)
        self.inward.reset()

    def vanish(self, keep: int) -> None:
        """End as its process does: of what was written the first `keep` frames still arrive."""
        self.outward.finish(ABNORMAL, keep=keep)
        self.inward.reset()


class Network:
    """All connections of all plants to one room."""

    def __init__(
        self, random: random.Random, told: Told, movable: Callable[[str | bytes], bool] = lambda _: False
    ) -> None:
        """Take delays from `random`; `movable` says which frames a bad network may repeat or reorder."""
        self.weather: dict[str, Weather] = {}
        self._random = random
        self._told = told
        self._movable = movable
        self._accept: Callable[[Peer], None] | None = None
        self._open: dict[int, tuple[str, Peer, Peer]] = {}
        self._count = 0

    def listen(self, accept: Callable[[Peer], None] | None) -> None:
        """Give new connections to `accept`; None: nobody listens."""
        self._accept = accept

    def of(self, name: str) -> Weather:
        """Give the weather of a plant."""
        return self.weather.setdefault(name, Weather())

    def dial_from(self, name: str) -> Callable[[str], AbstractAsyncContextManager[Peer]]:
        """Give what opens connections of a plant."""

        @asynccontextmanager
        async def dial(url: str) -> AsyncIterator[Peer]:
            del url
            number, peer = await self._connect(name)
            try:
                yield peer
            finally:
                await peer.close()
                self._forget(number)

        return dial

    async def _connect(self, name: str) -> tuple[int, Peer]:
        weather = self.of(name)
        await asyncio.sleep(self._random.uniform(*weather.delay_s))
        if weather.stalled:
            await asyncio.sleep(OPEN_S)
            raise TimeoutError("no answer to the handshake")
        if self._accept is None:
            raise ConnectionRefusedError("nobody listens")
        up, down = (_Way(weather, self._random, self._movable) for _ in range(2))
        client = Peer(name, down, up, lambda frame: self._told(name, False, frame))
        server = Peer(name, up, down, lambda frame: self._told(name, True, frame))
        self._count += 1
        number = self._count
        self._open[number] = (name, client, server)
        self._accept(server)
        try:
            async with asyncio.timeout(OPEN_S):
                await server.opened.wait()
        except BaseException:
            client.vanish(0)
            self._forget(number)
            raise
        return number, client

    def _forget(self, number: int) -> None:
        _, client, _ = self._open.pop(number)
        client.inward.forget()
        client.outward.forget()

    def cut(self, name: str | None = None) -> None:
        """Break the connections of a plant, or all: both sides lose what is on its way."""
        for of, client, _ in list(self._open.values()):
            if name is None or of == name:
                client.inward.reset()
                client.outward.reset()

    def vanish(self, name: str | None = None) -> None:
        """End the plant's side of its connections as its death does; None: the room's side of all."""
        for of, client, server in list(self._open.values()):
            if name is None:
                server.vanish(self._random.randint(0, len(server.outward)))
            elif of == name:
                client.vanish(self._random.randint(0, len(client.outward)))

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._count
