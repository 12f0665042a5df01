"""How far a link is, and what about it needs a look: counts, waiting times, the two clocks."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from ingest.courier import Courier, SetAside, Welcomed
from ingest.mail import Mail
from ingest.memory_outbox import MemoryOutbox
from ingest.outbox import FileOutbox
from ingest.told import NotDelivered, Progress, Warned
from opsroom.clock import Clock
from opsroom.model import MICROS_PER_S

CLOCK_OFFSET_S: Final = 5.0
"""From here on a clock is called wrong: more than a slow handshake feigns, less than a period counts."""
_MARK_S: Final = 0.1
_MARKS_MAX: Final = 4_096
_logger = logging.getLogger("ingest.link")


class Gauge:
    """Reads a link's outbox, courier and mail; the link tells it what happens."""

    def __init__(
        self,
        outbox: MemoryOutbox | FileOutbox,
        courier: Courier,
        mail: Mail,
        clock: Clock,
        wall: Callable[[], int],
        on_warning: Callable[[Warned], None] | None,
    ) -> None:
        """Start with what the outbox holds already; `wall` dates this machine, int us UTC."""
        self.connections = 0
        self.is_connected = False
        self._outbox = outbox
        self._courier = courier
        self._mail = mail
        self._clock = clock
        self._wall = wall
        self._on_warning = on_warning
        self._sent = 0
        self._found = outbox.readings
        self._dropped = 0
        self._dialled_s = 0.0
        self._offset_s: float | None = None
        self._warned: set[str] = set()
        # When batches were put, ten a second at most: (seq, monotonic seconds).
        self._marks: deque[tuple[int, float]] = deque()
        if self._found:
            self._mark(0)

    def progress(self) -> Progress:
        """Give how far it is, at this instant."""
        box = self._outbox
        waits_s = self._clock.monotonic() - self._marks[0][1] if box.readings and self._marks else 0.0
        return Progress(
            sent=self._sent,
            acked=self._found + self._sent - box.readings - box.dropped_readings,
            pending=box.readings,
            refused=self._courier.refused,
            dropped=box.dropped_readings,
            lag_s=round(waits_s, 3),
            clock_offset_s=self._offset_s,
            stored_seq=self._courier.stored_seq,
            outbox_batches=len(box),
            outbox_bytes=box.size_bytes,
            connections=self.connections,
            alerts_dropped=self._mail.alerts_dropped,
            is_connected=self.is_connected,
        )

    # -- what happens ----------------------------------------------------------------------------------------

    def put(self, seq: int, readings: int) -> None:
        """Note a batch that the outbox took."""
        self._sent += readings
        self._mark(seq)
        if self._outbox.dropped > self._dropped:
            self._dropped = self._outbox.dropped
            self.warn(
                code="outbox_overflow",
                message=f"The outbox is at its cap of {self._outbox.cap_bytes} bytes: the oldest readings "
                "go, and the room is told of the gap.",
                remedy="Bring the room back, or give the outbox more bytes.",
            )

    def set_aside(self, one: SetAside) -> None:
        """Say that a batch is lost which no room would take; its number is told to the room as a gap."""
        self.warn(
            code="batch_unusable",
            message=f"Batch {one.seq} of the outbox cannot be sent ({one.field}): "
            f"its {one.readings} readings are dropped, what stands behind it goes on.",
            remedy="Send them again if you have them; an earlier version or another program put it there.",
            seq=one.seq,
            field=one.field,
            readings=one.readings,
        )

    def too_large(self, frame_bytes: int) -> None:
        """Say that the connection was closed for the size of a frame."""
        self.warn(
            code="frame_too_large",
            message=f"The connection was closed for a frame's size; the largest had {frame_bytes} bytes.",
            remedy="Batches are cut smaller and sent again. Let a proxy on the way pass frames of 1 MiB.",
            frame_bytes=frame_bytes,
        )

    def dialling(self) -> None:
        """Note that a connection is being opened."""
        self._dialled_s = self._clock.monotonic()

    def welcomed(self, event: Welcomed) -> None:
        """Note that the room listens, and hold its clock against this machine's."""
        self.connections += 1
        self.is_connected = True
        self._warned.discard("not_connected")
        if self._marks:
            # Batches may have been numbered anew; the oldest has waited as long as before.
            self._marks = deque([(0, self._marks[0][1])])
        if event.server_ms is None:
            return
        # The room looked at its clock between dialling and now: that long the answer may be off.
        slack_s = self._clock.monotonic() - self._dialled_s
        self._offset_s = offset_s = round(event.server_ms / 1_000 - self._wall() / MICROS_PER_S, 3)
        if abs(offset_s) < CLOCK_OFFSET_S + slack_s:
            self._warned.discard("clock_offset")
            return
        which = "behind" if offset_s > 0 else "ahead of"
        self.warn(
            code="clock_offset",
            message=f"This machine's clock is {span(abs(offset_s))} {which} the room's.",
            remedy="Set the clock (NTP): readings are dated by it, and more than 300 s ahead are refused.",
            offset_s=offset_s,
        )

    def stored(self, seq: int) -> None:
        """Note that everything up to `seq` is durable."""
        while len(self._marks) > 1 and self._marks[1][0] <= seq + 1:
            self._marks.popleft()
        if not self._outbox.readings:
            self._marks.clear()
            self._warned &= {"clock_offset"}  # what held it up is over

    def lost(self) -> None:
        """Note that the connection is gone."""
        self.is_connected = False

    def left_behind(self, after_s: float) -> None:
        """Say what the end could not wait for; an error only where it is lost.

        Raises:
            NotDelivered: no file keeps it.
        """
        pending, path = self._outbox.readings, self._outbox.path
        what = f"{pending} readings are not stored after {after_s:g} s."
        if path is None:
            remedy = "Give the sender an outbox file, or more time to close."
            raise NotDelivered(what, remedy=remedy, pending=pending)
        remedy = f"{path} keeps them: a sender that is run with it again delivers them."
        self.warn(code="not_delivered", message=what, remedy=remedy, pending=pending, outbox=str(path))

    def heard(self, message: dict[str, Any]) -> None:
        """Pass on what the room says of itself: that its disk is full, for one."""
        if message.get("type") == "error":
            self.warn(code=message["code"], message=message["message"], remedy=message.get("remedy", ""))

    def warn(self, *, code: str, message: str, remedy: str, **params: Any) -> None:
        """Tell what needs a look, once until it is over."""
        if code in self._warned:
            return
        self._warned.add(code)
        if self._on_warning is None:
            _logger.info("%s: %s %s", code, message, remedy)
        else:
            self._on_warning(Warned(code=code, message=message, remedy=remedy, params=params))

    def _mark(self, seq: int) -> None:
        now_s = self._clock.monotonic()
        if self._marks and now_s - self._marks[-1][1] < _MARK_S:
            return
        self._marks.append((seq, now_s))
        if len(self._marks) > _MARKS_MAX:
            self._marks = deque(list(self._marks)[::2])


def span(seconds: float) -> str:
    """Word a span in its two largest parts.

    >>> span(7384.2), span(41.5), span(190_000)
    ('2 h 3 min', '42 s', '2 d 4 h')
    """
    left = round(seconds)
    parts: list[str] = []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (name == "s" and not parts):
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])
