"""What `opsroom connect` does: a connector's sources through one link, until told to stop.

Stopping waits for the room's acks as long as the settings say; what it has not stored stays in the outbox.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from ingest.bridge import Bridge, Held, Told
from ingest.connectors._rows import Instant
from ingest.link import Link
from ingest.marks import Marks
from ingest.sending import LinkSink
from ingest.sourcefile import SourceFile
from ingest.told import Warned
from opsroom.errors import Invalid
from opsroom.feeding import BACKLOG_BYTES, trust

MARKS_SUFFIX: Final = ".marks"


class Progress(NamedTuple):
    """How a connector does: counts since it began, the outbox as it is."""

    readings: int
    series: int
    stale: int
    refused: int
    lost: int
    outbox_batches: int
    dropped: int
    is_connected: bool

    def line(self) -> str:
        """Give it as one line of text."""
        room = "connected" if self.is_connected else "not connected"
        return (
            f"{self.readings} readings of {self.series} series, {self.stale} without value; room {room}, "
            f"refused {self.refused}, outbox {self.outbox_batches}, dropped {self.dropped}; "
            f"lost {self.lost} times"
        )


class Connection:
    """One run of a settings file against the room."""

    def __init__(
        self,
        source_file: SourceFile,
        *,
        url: str,
        told: Callable[[Told], None],
        show: Callable[[Progress], None],
        show_s: float,
    ) -> None:
        """Send to the ingest address `url`; `told` hears what happens, `show` how far it is, every `show_s`.

        Raises:
            Invalid: there is no token.
        """
        if not source_file.token:
            raise Invalid(
                "No token.",
                remedy=f"Set {source_file.room.token_env}; make one: opsroom token new UNIT.",
                code="token_missing",
            )
        self._file = source_file
        self._url = url
        self._told = told
        self._show = show
        self._show_s = show_s
        self._bridge: Bridge | None = None
        self._link: Link | None = None

    def progress(self) -> Progress:
        """Give how far it is."""
        bridge, link = self._bridge, self._link
        assert bridge is not None, "it runs"
        assert link is not None, "it runs"
        return Progress(
            readings=bridge.readings,
            series=len(bridge.series),
            stale=sum(not held.is_good for held in bridge.series.values()),
            refused=link.stats.refused,
            lost=bridge.counts["lost"],
            outbox_batches=link.stats.outbox_batches,
            dropped=link.stats.dropped,
            is_connected=link.stats.is_connected,
        )

    async def run(self) -> Progress:
        """Carry readings until the sources end or the process is told to stop.

        Raises:
            LinkError: the room will not take this sender.
            NotDelivered: the room did not take what was left in time, and no file keeps it.
            StoreError: the outbox or the marks cannot be written.
        """
        room, outbox = self._file.room, self._file.outbox
        marks = Marks(None if outbox is None else outbox.with_name(outbox.name + MARKS_SUFFIX))
        async with Link(
            self._url,
            self._file.source_name,
            self._file.token,
            outbox,
            lateness_s=room.lateness_s,
            backlog_bytes=BACKLOG_BYTES if getattr(self._file.module, "CAN_WAIT", False) else None,
            close_s=room.stop_s,
            via=self._file.connector,
            ssl=trust(self._file.file.parent / room.cacert if room.cacert else None),
            on_refused=self._refused,
            on_warning=self._warned,
        ) as self._link:
            sink = LinkSink(self._link)
            self._bridge = Bridge(sink, self._file.series, marks=marks, told=self._told)
            await _until_told(self._speak())
            await self._bridge.finish()
        # The end waited for the last acks: what they cover need not be read again.
        marks.reach(sink.stored())
        marks.write()
        return self.progress()

    async def _speak(self) -> None:
        assert self._bridge is not None, "made before"
        async with asyncio.TaskGroup() as group:
            shown = group.create_task(self._show_often())
            try:
                await self._bridge.run(self._file.sources)
            finally:
                shown.cancel()

    async def _show_often(self) -> None:
        while True:
            await asyncio.sleep(self._show_s)
            self._show(self.progress())

    def _refused(self, seq: int, refusals: list[dict[str, Any]]) -> None:
        del seq
        for one in refusals:
            text = f"{one.get('series', '')}: {one.get('code', '')}: {one.get('message', '')}"
            self._told(Told("room", "refused", text))

    def _warned(self, warned: Warned) -> None:
        self._told(Told("room", warned.code, f"{warned.message} {warned.remedy}"))


class Listener:
    """A sink that keeps nothing: what was seen stands in the bridge."""

    async def take(self, instants: Sequence[Instant]) -> int:
        """Let them go."""
        return self.keep(instants)

    def keep(self, instants: Sequence[Instant]) -> int:
        """Let them go."""
        del instants
        return 0

    def stored(self) -> int:
        """Nothing is."""
        return 0


async def listen(source_file: SourceFile, seconds: float, told: Callable[[Told], None]) -> dict[str, Held]:
    """Speak with the sources for a while and give what was last seen of each series, without the room."""
    bridge = Bridge(Listener(), source_file.series, told=told)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await bridge.run(source_file.sources)
    return dict(bridge.series)


async def _until_told(speaking: Coroutine[Any, Any, None]) -> None:
    """Run until it ends, or SIGTERM or SIGINT comes: then it is cancelled and waited for."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(speaking)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        try:
            await asyncio.wait([task])
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
