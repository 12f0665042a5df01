"""A sign of life for a monitor outside: posted while the room is well, and stopped when it is not.

The monitor alarms when it stops, so the silence of a dead room is heard as well. It does not go through the
outbox: a late sign of life is a false one.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

import msgspec
import structlog

from opsroom.errors import OpsroomError, SettingsError
from opsroom.notify.channel import Undelivered, secret_of
from opsroom.notify.channels.webhook import signed
from opsroom.notify.web import Poster
from opsroom.notify.wording import SPEC_VERSION, rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsroom.clock import Clock
    from opsroom.model import Micros
    from opsroom.notify.notifier import Offload
    from opsroom.settings import NotifySection

LAG_MAX_S: Final = 5.0
UNREAD_MAX_S: Final = 30.0
TYPE: Final = "io.opsroom.alive"

_logger = structlog.get_logger("opsroom.notify")


class Condition(Protocol):
    """How the room is."""

    @property
    def ready(self) -> bool:
        """Whether it consumes its log."""
        ...

    @property
    def store_failing(self) -> bool:
        """Whether the store refuses rows."""
        ...

    @property
    def lag_s(self) -> float:
        """How far it is behind its log, seconds."""
        ...


class Pulse(Protocol):
    """Where one small row is written."""

    def beat(self, at: Micros) -> None:
        """Write it, or raise."""
        ...


class Reading(Protocol):
    """Who reads the journal for notices."""

    @property
    def read_at(self) -> float | None:
        """When it was last read to its end, monotonic seconds."""
        ...


class Watchdog:
    """Posts signs of life; see `run`."""

    def __init__(
        self,
        settings: NotifySection,
        room: Condition,
        pulse: Pulse,
        offload: Offload,
        clock: Clock,
        *,
        reading: Reading | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the parts. `reading` counts where there is anybody to tell.

        Raises:
            SettingsError: address or key cannot be used.
        """
        self._every_s = settings.watchdog.every_s
        self._room, self._pulse, self._offload, self._clock = room, pulse, offload, clock
        self._reading = reading
        self._source = settings.source
        url = settings.watchdog.url
        parts = urlsplit(url)
        if url and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.username):
            raise SettingsError(
                "notify.watchdog.url is no plain http or https URL.",
                remedy="Write https://host/path, without user or password.",
                key="notify.watchdog.url",
            )
        self._poster = Poster(url, settings.timeout_s) if url else None
        environ = os.environ if environ is None else environ
        self._secret = secret_of(environ, settings.watchdog.secret_env, "notify.watchdog.secret_env")
        self.silent: tuple[str, ...] = ()
        """Why the last sign of life was not given, as codes."""

    async def run(self) -> None:
        """Post until cancelled; nothing to do where no address is set."""
        if self._poster is None:
            return
        try:
            while True:
                await self.beat()
                await asyncio.sleep(self._every_s)
        finally:
            await self._poster.close()

    async def beat(self) -> bool:
        """Look at the room and give one sign of life; False where it is not well or nobody took it."""
        if self._poster is None:
            return False
        now = self._clock.now()
        unwell = await self._unwell(now)
        if unwell != self.silent:
            _logger.warning("watchdog_silent" if unwell else "watchdog_again", reasons=unwell)
        self.silent = unwell
        if unwell:
            return False
        event = {
            "specversion": SPEC_VERSION,
            "id": f"alive-{now}",
            "source": self._source,
            "type": TYPE,
            "time": rfc3339(now),
            "datacontenttype": "application/json",
            "data": {"lag_s": round(self._room.lag_s, 3)},
        }
        body = msgspec.json.encode(event)
        try:
            await self._poster.post(body, signed(body, self._secret))
        except Undelivered as error:
            _logger.warning("watchdog_not_taken", code=error.code, message=error.message)
            return False
        return True

    async def _unwell(self, now: Micros) -> tuple[str, ...]:
        reasons = []
        if not self._room.ready:
            reasons.append("starting_or_stopping")
        if self._room.lag_s > LAG_MAX_S:
            reasons.append("behind_log")
        try:
            await self._offload.write(self._pulse.beat, now)
        except OpsroomError:
            reasons.append("store_failing")
        else:
            if self._room.store_failing:
                reasons.append("store_failing")
        if self._reading is not None:
            read_at = self._reading.read_at
            if read_at is None or self._clock.monotonic() - read_at > UNREAD_MAX_S:
                reasons.append("not_telling")
        return tuple(reasons)
