"""Event time: each source's watermark, the readings waiting behind it, and the stream's clock. Pure.

A source's watermark is its newest event time minus the lateness it declared. Readings behind the watermark
that was last released are late: stored, never scored. What waits of a source that fell silent is released up
to its newest: nothing late is to be expected of it. Under `--clock stream` the room's now is the smallest
watermark of the open, non-idle sources. No more than a limit wait: beyond it the source that has most of them
gives up its oldest before their watermark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.model import Columns
from opsroom.spans import span_us
from opsroom.waiting import Waiting

NEVER: Final = -(1 << 62)
NAMELESS: Final = "casual:"
REORDER_READINGS: Final = 2_000_000
"""How many wait at most unless the settings say otherwise."""


class SourceClock(msgspec.Struct, kw_only=True):
    """One source: its lateness, newest event time seen, the time up to which it was released.

    And what waits.
    """

    lateness_us: int = 0
    newest: int = NEVER
    released: int = NEVER
    open: bool = True
    idle: bool = False
    waiting: Waiting = msgspec.field(default_factory=Waiting)

    @property
    def watermark(self) -> int:
        """Newest event time less lateness; a source that left holds nothing back."""
        if self.newest == NEVER:
            return NEVER
        return self.newest - self.lateness_us if self.open else self.newest


class Sources:
    """All sources of a room, and for each series the last event time that was scored."""

    def __init__(self, most: int = REORDER_READINGS) -> None:
        """Start with none; `most` readings wait for watermarks at a time."""
        self.most = most
        self.waiting = 0
        self.early = 0
        self.clocks: dict[str, SourceClock] = {}
        self.scored: NDArray[np.int64] = np.full(1024, NEVER, np.int64)

    def opened(self, name: str, lateness_s: float) -> None:
        """A source came, or came back: what it had sent before stays."""
        clock = self.clocks.setdefault(name, SourceClock())
        clock.lateness_us = span_us(lateness_s)
        clock.open, clock.idle = True, False

    def idle(self, name: str) -> None:
        """A source fell silent on the wire: it holds back no clock, and no reading, until it speaks again."""
        if name in self.clocks:
            self.clocks[name].idle = True
            # A connection without a name may have gone with the server that held it; if not, it starts anew.
            if name.startswith(NAMELESS) and not self.clocks[name].waiting:
                del self.clocks[name]

    def left(self, name: str) -> None:
        """A source said bye: all it sent may be released."""
        if name in self.clocks:
            self.clocks[name].open = False

    def take(self, name: str, columns: Columns) -> NDArray[np.bool_]:
        """Hold readings until their watermark passes; give a mask of the late ones, which are not held.

        Shape (n,).
        """
        clock = self.clocks.setdefault(name, SourceClock())
        clock.idle, clock.open = False, True
        late = columns.t < clock.released
        if late.any():
            columns = columns.take(~late)
        if len(columns):
            clock.newest = max(clock.newest, int(columns.t.max()))
            clock.waiting.put(columns)
            self.waiting += len(columns)
        return late

    def has_scored(self, series: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Tell for each series id, shape (n,), whether a reading of it was ever released."""
        known = series < len(self.scored)
        found: NDArray[np.bool_] = known & (self.scored[np.where(known, series, 0)] != NEVER)
        return found

    def stream_now(self) -> int:
        """Give the smallest watermark of the open, non-idle sources.

        Of all that ever sent where none is open.
        """
        held = [c.watermark for c in self.clocks.values() if c.open and not c.idle]
        if held:
            return min(held)
        return max((c.watermark for c in self.clocks.values()), default=NEVER)

    def release(self, name: str) -> Columns:
        """Give what stands at or before the source's own watermark, by (t, series); all if it is idle.

        Each (series, t) once. Behind it what gives up waiting, of whichever source, because too many wait.
        """
        clock = self.clocks.get(name)
        if clock is None:
            return Columns.empty()
        if clock.idle:
            clock.released = max(clock.released, clock.newest)
        parts = [self._cut(clock, clock.newest if clock.idle else clock.watermark)]
        self._forget(name)
        while (over := self._over()) is not None:
            parts.append(self._cut(*over))
        return self._once(Columns.concat([part for part in parts if len(part)]))

    def release_until(self, now: int) -> Columns:
        """Give what stands at or before `now` over all sources, sorted by (t, series), each (series.

        T) once.
        """
        parts = [self._cut(clock, now) for clock in self.clocks.values()]
        for name in list(self.clocks):
            self._forget(name)
        return self._once(Columns.concat([part for part in parts if len(part)]))

    def instants_until(self, now: int) -> Iterator[Columns]:
        """Give the same in parts, each of one instant, oldest first."""
        columns = self.release_until(now)
        start = 0
        for end in [*(np.flatnonzero(np.diff(columns.t)) + 1).tolist(), len(columns)]:
            if end > start:
                yield columns.take(slice(start, end))  # type: ignore[arg-type]
            start = end

    def targets(self) -> Iterator[int]:
        """Give up to when the stream may go on, then up to when it has to because too many wait.

        What stands up to each is to be released before the next is asked for.
        """
        now = self.stream_now()
        if now > NEVER // 2:
            yield now
        while (over := self._over()) is not None:
            yield over[1]

    def _over(self) -> tuple[SourceClock, int] | None:
        """Give the source that has most readings waiting, and up to when it gives them up, if too many wait.

        What comes of that source behind this instant is late.
        """
        excess = self.waiting - self.most
        if excess <= 0:
            return None
        fullest = max(self.clocks.values(), key=lambda clock: len(clock.waiting))
        count = min(excess, len(fullest.waiting))
        until = fullest.waiting.oldest(count)
        fullest.released = max(fullest.released, until)
        self.early += count
        return fullest, until

    def _forget(self, name: str) -> None:
        """Drop a connection without a name once it has left: it cannot come back."""
        clock = self.clocks[name]
        if not clock.open and not clock.waiting and name.startswith(NAMELESS):
            del self.clocks[name]

    def _cut(self, clock: SourceClock, until: int) -> Columns:
        """Take what stands at or before `until` out of the waiting readings, in order of arrival."""
        clock.released = max(clock.released, min(until, clock.watermark))
        due = clock.waiting.until(until)
        self.waiting -= len(due)
        return due

    def _once(self, columns: Columns) -> Columns:
        """Sort by (t, series).

        Drop repeats (the first by arrival stays) and what is not newer than the last scored.
        """
        if not len(columns):
            return columns
        top = int(columns.series.max())
        if top >= len(self.scored):
            grown = np.full(max(2 * len(self.scored), top + 1), NEVER, np.int64)
            grown[: len(self.scored)] = self.scored
            self.scored = grown
        order = np.lexsort((columns.series, columns.t))
        columns = columns.take(order)
        first = np.ones(len(columns), bool)
        first[1:] = (columns.t[1:] != columns.t[:-1]) | (columns.series[1:] != columns.series[:-1])
        first &= columns.t > self.scored[columns.series]
        if not first.all():
            columns = columns.take(first)
        # Sorted by time, so the last write of an index is its newest time.
        self.scored[columns.series] = columns.t
        return columns

    def dump(self) -> bytes:
        """Give the whole state; `load` reads it."""
        return self.freeze()()

    def freeze(self) -> Callable[[], bytes]:
        """Copy the state as of now, but for what waits, which nobody alters; gives what makes bytes of it."""
        scored = self.scored.tobytes()
        clocks = {
            name: ((c.lateness_us, c.newest, c.released, c.open, c.idle), c.waiting.parts())
            for name, c in self.clocks.items()
        }
        return lambda: msgspec.msgpack.encode(
            {
                "scored": scored,
                "clocks": {
                    name: (*stand, _pack(Columns.concat(parts))) for name, (stand, parts) in clocks.items()
                },
            }
        )

    @classmethod
    def load(cls, blob: bytes, most: int = REORDER_READINGS) -> Sources:
        """Read what `dump` gave."""
        body = msgspec.msgpack.decode(blob)
        sources = cls(most)
        sources.scored = np.frombuffer(body["scored"], np.int64).copy()
        for name, (lateness_us, newest, released, is_open, idle, waiting) in body["clocks"].items():
            clock = sources.clocks[name] = SourceClock(
                lateness_us=lateness_us, newest=newest, released=released, open=is_open, idle=idle
            )
            clock.waiting.put(_unpack(waiting))
            sources.waiting += len(clock.waiting)
        return sources


def _pack(columns: Columns) -> list[bytes]:
    return [columns.series.tobytes(), columns.t.tobytes(), columns.v.tobytes(), columns.q.tobytes()]


def _unpack(parts: list[bytes]) -> Columns:
    series, t, v, q = parts
    return Columns(
        np.frombuffer(series, np.int32),
        np.frombuffer(t, np.int64),
        np.frombuffer(v, np.float64),
        np.frombuffer(q, np.uint8),
    )
