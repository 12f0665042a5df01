"""A bad network between two programs: a TCP proxy that delays, stalls, starves, cuts, corrupts and reorders.

Linux has `tc netem` for this, where its kernel module is there; containers seldom have it, so what a test
needs of it is done here, one hop before the room. Each direction of each connection has its own pump, which
reads no further while it holds something back: the peer then feels the backpressure of TCP.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

READ_BYTES: Final = 16 << 10
HEAD_END: Final = b"\r\n\r\n"
CONTROL: Final = 0x08
RESET: Final = struct.pack("ii", 1, 0)


@dataclass
class Weather:
    """What the network does from now on; changed while connections are open."""

    latency_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float = 0.0  # 0: as fast as it goes
    stall_s: float = 0.0  # how long a stall takes, and
    stall_chance: float = 0.0  # how likely a piece is to meet one: what a lost packet looks like above TCP
    reset_chance: float = 0.0  # how likely a piece is to end the connection with RST
    corrupt_chance: float = 0.0  # how likely one bit of a piece is to flip
    reorder_chance: float = 0.0  # how likely a WebSocket frame is to change place with the one after it


@dataclass
class Counts:
    """What was done to the traffic."""

    connections: int = 0
    stalls: int = 0
    resets: int = 0
    flips: int = 0
    swaps: int = 0
    carried_bytes: int = 0


@dataclass(eq=False)
class Pair:
    """One connection through the proxy: the client's half and the room's half."""

    client: asyncio.StreamWriter
    room: asyncio.StreamWriter

    def reset(self) -> None:
        """End both halves with RST: what is on its way is thrown away."""
        for half in (self.client, self.room):
            raw = half.get_extra_info("socket")
            if raw is not None:
                # An RST instead of a FIN is what lingering for no time comes to.
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            half.transport.abort()


class Frames:
    """Cuts one direction of a WebSocket (RFC 6455) into its handshake and whole frames."""

    def __init__(self) -> None:
        """Begin before the handshake."""
        self._waiting = b""
        self._has_head = False

    def take(self, piece: bytes) -> list[bytes]:
        """Give what is whole now; the rest waits."""
        self._waiting += piece
        whole = []
        while size := self._size():
            whole.append(self._waiting[:size])
            self._waiting = self._waiting[size:]
        return whole

    def _size(self) -> int:
        """Give the bytes of what stands in front, 0 while it is not whole."""
        held = self._waiting
        if not self._has_head:
            end = held.find(HEAD_END)
            self._has_head = end >= 0
            return end + len(HEAD_END) if end >= 0 else 0
        if len(held) < 2:
            return 0
        short = held[1] & 0x7F
        more = {126: 2, 127: 8}.get(short, 0)
        start = 2 + more + (4 if held[1] & 0x80 else 0)
        if len(held) < start:
            return 0
        size = start + (int.from_bytes(held[2 : 2 + more], "big") if more else short)
        return size if len(held) >= size else 0


def is_control(frame: bytes) -> bool:
    """Tell whether a piece is a control frame or the handshake: those keep their place."""
    return frame.endswith(HEAD_END) or bool(frame[0] & CONTROL)


@dataclass
class Chaos:
    """A listening proxy in front of the room's `port`; `url` is what a client is given."""

    port: int
    seed: int = 1
    weather: Weather = field(default_factory=Weather)
    counts: Counts = field(default_factory=Counts)
    listens_on: int = 0
    pairs: set[Pair] = field(default_factory=set)
    _light: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Begin in the light, with a chance of its own."""
        self._chance = random.Random(self.seed)
        self._light.set()

    @property
    def url(self) -> str:
        """Address for WebSockets through this proxy."""
        return f"ws://127.0.0.1:{self.listens_on}"

    def go_dark(self) -> None:
        """Carry nothing either way and close nothing: a cable pulled, a firewall that drops."""
        self._light.clear()

    def come_back(self) -> None:
        """Carry again."""
        self._light.set()

    def reset_all(self) -> None:
        """End every connection with RST."""
        for pair in list(self.pairs):
            self.counts.resets += 1
            pair.reset()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end leaves."""
        try:
            room_reader, room_writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.transport.abort()
            return
        self.counts.connections += 1
        pair = Pair(writer, room_writer)
        self.pairs.add(pair)
        try:
            async with asyncio.TaskGroup() as group:
                up = group.create_task(self._pump(reader, room_writer, pair))
                down = group.create_task(self._pump(room_reader, writer, pair))
                await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait({up, down}, timeout=1.0)
                up.cancel()
                down.cancel()
        finally:
            self.pairs.discard(pair)
            for half in (writer, room_writer):
                half.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: Pair) -> None:
        frames = Frames() if self.weather.reorder_chance else None
        held: bytes | None = None
        with contextlib.suppress(OSError):
            while piece := await reader.read(READ_BYTES):
                await self._light.wait()
                for part in frames.take(piece) if frames is not None else [piece]:
                    if held is not None:
                        await self._pass(part, writer, pair)
                        part, held = held, None  # noqa: PLW2901 - the one that waited follows
                    elif frames is not None and self._swaps(part):
                        held = part
                        continue
                    await self._pass(part, writer, pair)
            if held is not None:
                await self._pass(held, writer, pair)
            await self._light.wait()
            writer.write_eof()

    def _swaps(self, part: bytes) -> bool:
        swap = not is_control(part) and self._chance.random() < self.weather.reorder_chance
        self.counts.swaps += swap
        return swap

    async def _pass(self, part: bytes, writer: asyncio.StreamWriter, pair: Pair) -> None:
        """Let one piece through, with whatever the weather does to it."""
        now, chance = self.weather, self._chance
        if now.latency_s or now.jitter_s:
            await asyncio.sleep(now.latency_s + chance.uniform(0, now.jitter_s))
        if chance.random() < now.stall_chance:
            self.counts.stalls += 1
            await asyncio.sleep(now.stall_s)
        if chance.random() < now.reset_chance:
            self.counts.resets += 1
            pair.reset()
            raise ConnectionResetError
        if chance.random() < now.corrupt_chance:
            self.counts.flips += 1
            part = flipped(part, chance)
        if now.bytes_per_s:
            await asyncio.sleep(len(part) / now.bytes_per_s)
        await self._light.wait()
        writer.write(part)
        self.counts.carried_bytes += len(part)
        await writer.drain()


def flipped(part: bytes, chance: random.Random) -> bytes:
    """Give `part` with one bit another."""
    at = chance.randrange(len(part))
    return part[:at] + bytes([part[at] ^ (1 << chance.randrange(8))]) + part[at + 1 :]


@contextlib.asynccontextmanager
async def chaos(port: int, *, seed: int = 1, weather: Weather | None = None) -> AsyncIterator[Chaos]:
    """Stand between clients and the room at `port`, and leave no connection behind."""
    proxy = Chaos(port, seed, weather or Weather())
    server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    proxy.listens_on = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.come_back()
        for pair in list(proxy.pairs):
            pair.reset()
        await asyncio.sleep(0.05)
