"""The live feed for screens: a snapshot, then merged changes.

One task reads, one writes, both under one group.

A screen that reads slowly makes the write wait, and gets what it missed in one merged frame; one that reads
nothing for `limits.viewer_stalled_s` is closed with 1013. The session is checked again before every frame.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from opsroom.access import Caller
from opsroom.api.answers import error_body
from opsroom.api.health import unready
from opsroom.api.ports import COOKIE, ApiRoom, past_room, room_of
from opsroom.errors import NotFound, NotSignedIn, OpsroomError
from opsroom.view.chairs import Pointer

if TYPE_CHECKING:
    from opsroom.api.health import Meters
    from opsroom.view import Subscription

live_router = APIRouter()

NOT_SIGNED_IN: Final = 4401
NOT_ALLOWED: Final = 4403
SUBSCRIBE_EXPECTED: Final = 4408
TOO_LARGE: Final = 1009
MALFORMED: Final = 1008
SLOW: Final = 1013
SERIES_MAX: Final = 500
SCREENS_A_SEAT: Final = 64
CLOSE_S: Final = 3.0
BEAT_S: Final = 1.0
"""How often a screen hears that a replay is being made."""


class Subscribe(msgspec.Struct):
    """What a screen asks for.

    `revision` and `boot` of its last frame resume without a snapshot where possible. `at` (ms) asks for the
    room as it was known then.
    """

    type: Literal["subscribe"]
    unit: str | None = None
    series: list[int] = []
    revision: int | None = None
    boot: str | None = None
    at: int | None = None


class AnyFrame(msgspec.Struct):
    """The type of a frame."""

    type: str


class _Closed(Exception):  # noqa: N818 - an ending, not an error
    """The connection is to be closed with `code`."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


_any = msgspec.json.Decoder(AnyFrame)
_point = msgspec.json.Decoder(Pointer)
_subscribe = msgspec.json.Decoder(Subscribe)


@live_router.websocket("/api/v1/feed")
async def feed(socket: WebSocket) -> None:
    """Serve one screen until it leaves."""
    room = room_of(socket)
    await socket.accept()
    meters: Meters = socket.app.state.meters
    try:
        caller = await _caller(socket, room)
        viewer = Viewer(socket, room, caller, meters)
        meters.viewers.inc()
        try:
            await viewer.run()
        finally:
            meters.viewers.dec()
    except _Closed as ending:
        await _close(socket, ending)
    except WebSocketDisconnect:
        return


async def _caller(socket: WebSocket, room: ApiRoom) -> Caller:
    """Give who opens the feed; the guard has already seen that a named origin is ours."""
    if "origin" not in socket.headers:
        raise _Closed(NOT_ALLOWED, "origin_missing")
    try:
        caller = await room.access.caller(socket.cookies.get(COOKIE))
    except NotSignedIn as error:
        raise _Closed(NOT_SIGNED_IN, error.code) from None
    if room.view.present.get(caller.seat.id, 0) >= SCREENS_A_SEAT:
        raise _Closed(SLOW, "screens_too_many")
    return caller


async def _close(socket: WebSocket, ending: _Closed) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await socket.close(ending.code, ending.reason)
    except (RuntimeError, TimeoutError, WebSocketDisconnect):
        return  # it has gone, or reads nothing: the server drops the transport


class Viewer:
    """One screen."""

    def __init__(self, socket: WebSocket, room: ApiRoom, caller: Caller, meters: Meters) -> None:
        """Take an accepted socket."""
        self._socket = socket
        self._room = self._shown = room
        self._caller = caller
        self._meters = meters
        self._wanted = Subscribe("subscribe")
        self._subscription: Subscription | None = None
        self._asked = asyncio.Event()
        self._rested_at = 0.0
        self._malformed = 0

    async def run(self) -> None:
        """Read and write until one of them ends.

        Raises:
            _Closed: with the close code that the screen is owed.
            WebSocketDisconnect: it left.
        """
        try:
            async with asyncio.timeout(self._room.settings.limits.hello_s):
                while not self._asked.is_set():
                    self._take(await self._receive())
        except TimeoutError:
            raise _Closed(SUBSCRIBE_EXPECTED, "subscribe_expected") from None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read())
                group.create_task(self._write())
        except* (_Closed, WebSocketDisconnect) as ended:
            raise _first(ended) from None
        finally:
            self._leave()

    # -- reading -------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            self._take(await self._receive())

    async def _receive(self) -> bytes:
        message = await self._socket.receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect(message.get("code", 1006))
        frame = message.get("bytes") or (message.get("text") or "").encode()
        if len(frame) > self._room.settings.limits.frame_bytes_max_screen:
            raise _Closed(TOO_LARGE, "frame_too_large")
        return frame

    def _take(self, frame: bytes) -> None:
        """Take one frame; types we do not know are let pass, so that newer screens work with older rooms."""
        try:
            kind = _any.decode(frame).type
            if kind == "point":
                self._room.view.chairs.point(self._caller.seat, _point.decode(frame))
            if kind != "subscribe":
                return
            wanted = _subscribe.decode(frame)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._malformed += 1
            if self._malformed >= self._room.settings.limits.malformed_frames_max:
                raise _Closed(MALFORMED, "malformed") from None
            return
        self._wanted = wanted
        self._asked.set()
        if self._subscription is not None:
            self._subscription.hurry()

    # -- writing -------------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            if self._subscription is None:
                await self._asked.wait()
            frame = await (self._answer() if self._asked.is_set() else self._next())
            if self._allowed() and frame is not None:
                await self._send(frame)

    async def _answer(self) -> bytes | None:
        """Answer the newest ask, no sooner after the last answer than that can be read.

        A screen that asks on and on would have the room make pictures for it alone.
        """
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(self._rested_at - clock())
        self._asked.clear()
        try:
            self._shown = await self._room_of(self._wanted.at)
        except OpsroomError as error:
            self._leave()
            await self._socket.send_text(
                error_body(error.code, error.message, error.remedy, error.params).decode()
            )
            return None
        frame = self._subscribe()
        assert self._subscription is not None
        self._rested_at = clock() + self._subscription.pause_s
        return frame

    async def _room_of(self, at: int | None) -> ApiRoom:
        """Give the live room, or the one as it was known `at` (ms); a screen that waits for it hears so."""
        if at is None:
            return self._room
        while True:
            try:
                async with asyncio.timeout(BEAT_S):
                    return await past_room(self._socket, at)
            except TimeoutError:
                await self._socket.send_text(f'{{"type":"replaying","at":{at}}}')

    def _leave(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    async def _next(self) -> bytes | None:
        """Wait for the next frame, at most until the screen asks for something else (then None)."""
        assert self._subscription is not None
        frame = await self._subscription.changes()
        return None if self._asked.is_set() else frame

    def _allowed(self) -> bool:
        """Check the session again: an ended one closes the feed.

        A seat that changed gets a new picture, and none that was made for what it was.
        """
        caller = self._room.access.still(self._caller)
        if caller is None:
            raise _Closed(NOT_SIGNED_IN, "session_ended")
        same = caller.seat == self._caller.seat
        if not same:
            self._wanted = Subscribe("subscribe", series=self._wanted.series)
            self._asked.set()
        self._caller = caller
        self._room.view.take_seats(self._room.access.seats())
        self._room.view.condition.note(unready(self._room))
        return same

    def _subscribe(self) -> bytes | None:
        """Open what is wanted; give its snapshot, or None where the screen resumes by revision."""
        self._leave()
        wanted, view = self._wanted, self._shown.view
        view.take_seats(self._room.access.seats())
        unit = None if wanted.unit is None else self._shown.catalog.unit_at(wanted.unit)
        if wanted.unit is not None and unit is None:
            raise _Closed(NOT_ALLOWED, "unit_unknown")
        try:
            subscription = view.subscribe(
                self._caller.seat, None if unit is None else unit.id, wanted.series[:SERIES_MAX]
            )
        except NotFound as error:
            raise _Closed(NOT_ALLOWED, error.code) from None
        self._subscription = subscription
        if wanted.revision is not None and subscription.resume(wanted.revision, wanted.boot):
            return None
        return subscription.snapshot()

    async def _send(self, frame: bytes) -> None:
        assert self._subscription is not None
        shown = self._subscription.own_alerts
        try:
            async with asyncio.timeout(self._room.settings.limits.viewer_stalled_s):
                await self._socket.send_text(frame.decode())
        except TimeoutError:
            raise _Closed(SLOW, "slow_viewer") from None
        except RuntimeError:
            raise WebSocketDisconnect(1006) from None  # the server's word for a socket that has gone
        self._meters.frames.inc()
        self._meters.frame_bytes.inc(len(frame))
        for alert_id in shown:
            self._shown.delivered(alert_id)


def _first(ended: BaseExceptionGroup[Any]) -> BaseException:
    """Give one of the endings: a close code that we owe before a mere leaving."""
    endings = list(ended.exceptions)
    owed = [one for one in endings if isinstance(one, _Closed)]
    first: BaseException = (owed or endings)[0]
    return first
