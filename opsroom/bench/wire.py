"""A bare sender for the benchmarks: frames made beforehand, so that the room is measured, not its client."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from opsroom.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    import numpy as np

FRAME_BYTES_MAX: Final = 16 << 20
OPEN_TRIES: Final = 20
OPEN_PAUSE_S: Final = 0.25


@asynccontextmanager
async def opened(url: str, token: str) -> AsyncIterator[ClientConnection]:
    """Open a connection with `token`; a room that does not know it yet is asked again for a few seconds.

    Raises:
        StoreError: the room does not let this sender in.
    """
    async with await _opened(url, {"Authorization": f"Bearer {token}"}) as socket:
        yield socket


async def _opened(url: str, headers: dict[str, str]) -> ClientConnection:
    """Connect, asking again where the room does not answer or does not know the token yet."""
    last: Exception | None = None
    for _ in range(OPEN_TRIES):
        try:
            return await connect(
                url,
                additional_headers=headers,
                compression=None,
                max_size=FRAME_BYTES_MAX,
                ping_interval=None,
            )
        except (OSError, InvalidStatus) as error:
            last = error
        await asyncio.sleep(OPEN_PAUSE_S)
    raise StoreError(f"{url}: {last}", remedy="Is the room running?", code="room_unreachable") from last


async def hello(socket: ClientConnection, source: str, series: Sequence[str]) -> dict[str, Any]:
    """Begin the full form and declare the series under the numbers 0, 1, ...; gives the welcome.

    Raises:
        StoreError: something else than a welcome came.
    """
    await socket.send(msgspec.msgpack.encode({"type": "hello", "protocol": 1, "source": source}))
    welcome = read(await socket.recv())
    if welcome.get("type") != "welcome":
        raise StoreError(f"No welcome: {welcome}", remedy="See docs/protocol.md.", code="welcome_missing")
    declared = [{"id": number, "name": name} for number, name in enumerate(series)]
    await socket.send(msgspec.msgpack.encode({"type": "declare", "series": declared}))
    return welcome


def read(frame: str | bytes) -> dict[str, Any]:
    """Read one frame from the room, JSON or MessagePack."""
    message: dict[str, Any] = (
        msgspec.msgpack.decode(frame) if isinstance(frame, bytes) else msgspec.json.decode(frame)
    )
    return message


def columns_frame(seq: int, t_ms: int, numbers: Sequence[int], values: np.ndarray) -> bytes:
    """Give a batch of the full form: one instant, many series by number, values as raw float64."""
    body = {"type": "batch", "seq": seq, "t": t_ms, "s": numbers, "v": values.astype("<f8").tobytes()}
    return msgspec.msgpack.encode(body)


async def send_full(socket: ClientConnection, frames: Sequence[bytes], credit_bytes: int) -> int:
    """Send frames 1, 2, ... within credit and wait for the last ack; gives the number of refused readings."""
    waiting: dict[int, int] = {}
    on_way = refused = 0
    for seq, frame in enumerate(frames, 1):
        while waiting and on_way + len(frame) > credit_bytes:
            message = read(await socket.recv())
            if message["type"] == "ack":
                credit_bytes = message.get("credit_bytes", credit_bytes)
                on_way -= _settled(waiting, message["stored_seq"])
            elif message["type"] == "refused":
                refused += len(message["refusals"])
        await socket.send(frame)
        waiting[seq] = len(frame)
        on_way += len(frame)
    while waiting:
        message = read(await socket.recv())
        if message["type"] == "ack":
            _settled(waiting, message["stored_seq"])
        elif message["type"] == "refused":
            refused += len(message["refusals"])
    return refused


def _settled(waiting: dict[int, int], stored_seq: int) -> int:
    """Drop what is stored from `waiting` (in order of seq) and give its size in bytes."""
    size = 0
    for seq in list(waiting):
        if seq > stored_seq:
            break
        size += waiting.pop(seq)
    return size


async def send_casual(socket: ClientConnection, frames: Sequence[str], readings: int) -> None:
    """Send casual frames while reading acks, until `readings` are stored."""

    async def write() -> None:
        for frame in frames:
            await socket.send(frame)

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        stored = 0
        while stored < readings:
            message = read(await socket.recv())
            if message["type"] == "ack":
                stored = message["stored"]
            elif message["type"] in {"refused", "error"}:  # a plant also hears of its own alerts
                raise StoreError(f"Refused: {message}", remedy="See docs/protocol.md.", code="bench_refused")
