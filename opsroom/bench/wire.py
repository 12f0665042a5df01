"""A bare sender for the benchmarks: frames made beforehand, so that the room is measured, not its client."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from opsroom.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

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


class Stream(asyncio.Protocol):
    """One casual sender: its frames stand ready as bytes, masked and all, and go out as they are read.

    websockets' own connection takes longer over a small frame than the room does, and so would be what is
    measured.
    """

    def __init__(self, url: str, token: str, frames: Sequence[str], readings: int) -> None:
        """Prepare to send `frames`, which hold `readings`."""
        self._protocol = ClientProtocol(parse_uri(url), max_size=FRAME_BYTES_MAX)
        self._token = token
        self._texts = frames
        self._readings = readings
        self._frames: Iterator[bytes] = iter(())
        self._goes = False
        self._transport: asyncio.Transport | None = None
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.stored: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of a class of its own
        request = self._protocol.connect()
        request.headers["Authorization"] = f"Bearer {self._token}"
        self._protocol.send_request(request)
        self._flush()

    def go(self) -> None:
        """Begin to send."""
        self._goes = True
        self._write()

    def pause_writing(self) -> None:
        """Hold on: the room reads no faster."""
        self._goes = False

    def resume_writing(self) -> None:
        """Go on."""
        self._goes = True
        self._write()

    def _write(self) -> None:
        """Write frame by frame while the transport takes them."""
        assert self._transport is not None, "it is connected"
        while self._goes and (frame := next(self._frames, None)) is not None:
            self._transport.write(frame)

    def data_received(self, data: bytes) -> None:
        """Open, and read acknowledgements."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._opened()
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._told(read(bytes(event.data).decode()))
        self._flush()

    def _opened(self) -> None:
        """Make the frames, so that the time of making them is not measured."""
        if self._protocol.handshake_exc is not None:
            self._fail(str(self._protocol.handshake_exc), "room_unreachable")
            return
        made = []
        for text in self._texts:
            self._protocol.send_text(text.encode())
            made.append(b"".join(self._protocol.data_to_send()))
        self._frames = iter(made)
        self.ready.set_result(None)

    def _told(self, message: dict[str, Any]) -> None:
        """Take an answer."""
        if message["type"] == "ack":
            if message["stored"] >= self._readings and not self.stored.done():
                self.stored.set_result(None)
        elif message["type"] in {"refused", "error"}:  # a plant also hears of its own alerts
            self._fail(f"Refused: {message}", "bench_refused")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._fail(f"The room closed the connection: {exc}", "room_unreachable")

    def close(self) -> None:
        """Take leave."""
        assert self._transport is not None, "it is connected"
        self._protocol.send_close()
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        """Write what the protocol wants said."""
        assert self._transport is not None, "it is connected"
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)

    def _fail(self, said: str, code: str) -> None:
        """Fail whatever is waited for."""
        for waited in (self.ready, self.stored):
            if not waited.done():
                waited.set_exception(StoreError(said, remedy="See docs/protocol.md.", code=code))
