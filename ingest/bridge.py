"""What carries the readings of a connector's sources to the room, or to a listener.

Each source has sessions of its own: one that is lost is told, its series become stale, and it is tried again
with back-off while the others go on. Readings are handed over in small batches, ten times a second at least.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from ingest.connectors._rows import Instant
from ingest.connectors._source import Source
from ingest.marks import Marks
from ingest.sourcefile import SeriesRule
from ingest.times import MS_MAX, MS_MIN
from opsroom.clock import wall_now
from opsroom.errors import OpsroomError
from opsroom.model import QUALITY_BAD

BACKOFF_S_MIN: Final = 0.5
BACKOFF_S_MAX: Final = 15.0
STABLE_S: Final = 30.0
FLUSH_S: Final = 0.1
BATCH_READINGS: Final = 2_048
AHEAD_US: Final = 300_000_000
"""A room refuses what is dated further ahead, unless its `room.ahead_s_max` says otherwise."""
_US_PER_MS: Final = 1_000
_PLAIN: Final = SeriesRule()


class Sink(Protocol):
    """Where instants end: the outbox of a link, or a list that is looked at."""

    async def take(self, instants: Sequence[Instant]) -> int:
        """Keep them; gives a number that grows. May wait; given up meanwhile it has taken some or none."""
        ...

    def keep(self, instants: Sequence[Instant]) -> int:
        """Keep them at once, however much waits already."""
        ...

    def stored(self) -> int:
        """Give the number up to which everything is where it should be."""
        ...


class Told(NamedTuple):
    """Something that happened to a source: `code` is counted, `text` is for people."""

    source: str
    code: str
    text: str


class Held(msgspec.Struct):
    """What is known of a series: its last time (int us) and whether it has a value."""

    t: int
    is_good: bool
    unit: str
    value: float | None


class Bridge:
    """Runs sources until they end or the task is cancelled; `finish` hands over what is left."""

    def __init__(
        self,
        sink: Sink,
        rules: Mapping[str, SeriesRule] | None = None,
        *,
        marks: Marks | None = None,
        told: Callable[[Told], None] = lambda _: None,
        now: Callable[[], int] = wall_now,
        monotonic: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seed: int | None = None,
    ) -> None:
        """Hand over to `sink`; `rules` name and scale series; `told` hears what happens."""
        self.sink = sink
        self.rules = rules or {}
        self.marks = marks or Marks(None)
        self.told = told
        self.now = now
        self.monotonic = monotonic or (lambda: asyncio.get_running_loop().time())
        self.sleep = sleep
        self.counts: Counter[str] = Counter()
        self.readings = 0
        self.series: dict[str, Held] = {}
        self._random = random.Random(seed)  # noqa: S311 - jitter, nothing secret
        self._waiting: list[Instant] = []
        self._waiting_readings = 0
        self._taken = 0
        self._failure: OpsroomError | None = None
        self._lock = asyncio.Lock()

    async def run(self, sources: Sequence[Source]) -> None:
        """Speak with all sources until each has ended.

        Raises:
            OpsroomError: the sink takes nothing more; what a source does wrong ends nothing.
        """
        async with asyncio.TaskGroup() as group:
            flusher = group.create_task(self._flush_often())
            async with asyncio.TaskGroup() as session_tasks:
                for source in sources:
                    session_tasks.create_task(self._keep(source))
            flusher.cancel()
        await self.finish()

    async def finish(self) -> None:
        """Hand over what is left, without waiting for the room, and note how far the room has it."""
        async with self._lock:
            instants, self._waiting, self._waiting_readings = self._waiting, [], 0
            if instants:
                self._taken = self.sink.keep(instants)
            self.marks.behind(self._taken, self.marks.take())
            self.marks.reach(self.sink.stored())
        self.marks.write()

    async def flush(self) -> None:
        """Hand over what waits, and remember the marks behind it."""
        async with self._lock:
            instants, self._waiting = self._waiting, []
            readings, self._waiting_readings = self._waiting_readings, 0
            # A mark noted while the sink waits may speak of readings that came meanwhile.
            marks = self.marks.take()
            try:
                if instants:
                    self._taken = await self.sink.take(instants)
            except BaseException as error:
                # Cancelled while the sink waited: nobody else has them. What it took already is stored once.
                self._waiting = instants + self._waiting
                self._waiting_readings += readings
                self.marks.put_back(marks)
                if isinstance(error, OpsroomError):
                    self._failure = error
                raise
            self.marks.behind(self._taken, marks)
            self.marks.reach(self.sink.stored())

    async def put(self, instant: Instant) -> None:
        """Take an instant of a source, named and scaled."""
        self._waiting.append(instant)
        self._waiting_readings += len(instant.names)
        self.readings += len(instant.names)
        if self._waiting_readings >= BATCH_READINGS:
            await self.flush()

    async def _flush_often(self) -> None:
        while True:
            await self.sleep(FLUSH_S)
            await self.flush()
            self.marks.write()

    async def _keep(self, source: Source) -> None:
        """Begin a session again and again, until one ends by itself."""
        out = SourceOutlet(self, source.label)
        pause_s = BACKOFF_S_MIN
        while True:
            began = self.monotonic()
            try:
                await source.session(out)
                out.tell("ended", source.label)
                return
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001
                # Whatever a source or its library does wrong, the others go on; a sink that fails ends all.
                if self._failure is not None and self._failure in _leaves(error):
                    raise self._failure from None
                out.tell("lost", _reason(error))
            await out.stale()
            if self.monotonic() - began > STABLE_S:
                pause_s = BACKOFF_S_MIN
            await self.sleep(pause_s * (0.5 + self._random.random() / 2))
            pause_s = min(2 * pause_s, BACKOFF_S_MAX)


class SourceOutlet:
    """What one source is given (`ingest.connectors._source.Outlet`)."""

    def __init__(self, bridge: Bridge, label: str) -> None:
        """Give to `bridge` as `label`."""
        self._bridge = bridge
        self._label = label
        self._names: dict[str, str | None] = {}

    def now(self) -> int:
        """Give the wall clock, int microseconds UTC."""
        return self._bridge.now()

    def monotonic(self) -> float:
        """Give seconds of a clock that nobody sets."""
        return self._bridge.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await self._bridge.sleep(seconds)

    def tell(self, code: str, text: str = "") -> None:
        """Count and pass on what happened."""
        self._bridge.counts[code] += 1
        self._bridge.told(Told(self._label, code, text))

    def recall(self, key: str) -> str:
        """Give what an earlier run remembered."""
        return self._bridge.marks.recall(f"{self._label} {key}")

    async def remember(self, key: str, value: str) -> None:
        """Keep `value` once what was given before is stored."""
        self._bridge.marks.note(f"{self._label} {key}", value)

    async def give(self, instant: Instant) -> None:
        """Name, scale and note readings, and hand them on; a time that no room takes costs its readings."""
        if not MS_MIN <= instant.t // _US_PER_MS <= MS_MAX:
            self.tell("time_invalid", f"{', '.join(instant.names[:1])}: beyond the years 1 to 9999")
            return
        moved: dict[int, list[int]] = {}
        for at, told in enumerate(instant.names):
            name = self._named(told)
            if name is None:
                continue
            moved.setdefault(self._time(instant, name), []).append(at)
        for t, places in moved.items():
            await self._bridge.put(self._noted(instant, t, places))

    async def kept(self) -> None:
        """Hand over what was given, to the outbox at least."""
        await self._bridge.flush()

    def _time(self, instant: Instant, name: str) -> int:
        """Give the time of a reading: what holds now is newer than the last that was said of the series."""
        held = self._bridge.series.get(name)
        if instant.standing and held is not None and instant.t <= held.t <= self.now() + AHEAD_US:
            return held.t + _US_PER_MS
        return instant.t

    def _noted(self, instant: Instant, t: int, places: list[int]) -> Instant:
        latest = self.now() + AHEAD_US
        names, values, units, periods, quality = [], [], [], [], []
        for at in places:
            told = instant.names[at]
            rule = self._bridge.rules.get(told, _PLAIN)
            name = self._names[told]
            assert name is not None, "what is left out has no place"
            value = instant.values[at]
            value = None if value is None else value * rule.scale + rule.offset
            q = QUALITY_BAD if value is None else instant.quality[at] if instant.quality else 192
            unit = instant.units[at] if rule.unit is None else rule.unit
            names.append(name)
            values.append(value)
            units.append(unit)
            periods.append(rule.period_s if rule.period_s is not None else instant.periods[at])
            quality.append(q)
            held = self._bridge.series.get(name)
            # What is dated too far ahead, or was before this clock was set back, is not the series' last.
            if not instant.historical and (held is None or held.t > latest or held.t <= t <= latest):
                self._bridge.series[name] = Held(t, q != QUALITY_BAD, unit, value)
        return Instant(t, names, values, units, periods, quality, instant.historical)

    async def stale(self, names: Iterable[str] | None = None) -> None:
        """Give each of these series that has a value, or was named and never heard of, one without."""
        wanted = list(self._names) if names is None else list(names)
        now = self.now()
        dead: dict[int, list[str]] = {}
        count = 0
        for told in wanted:
            name = self._named(told)
            if name is None:
                continue
            held = self._bridge.series.get(name)
            if held is None and names is not None:
                held = self._bridge.series[name] = Held(now - _US_PER_MS, is_good=True, unit="", value=None)
            if held is None or not (held.is_good or held.t > now + AHEAD_US):
                continue
            times = [max(now, held.t + _US_PER_MS)]
            if held.t > now + AHEAD_US:
                times.insert(0, now)  # The room has refused what was dated ahead, unless it allows more.
            held.t, held.is_good, held.value = times[0], False, None
            count += 1
            for t in times:
                dead.setdefault(t, []).append(name)
        for t, gone in dead.items():
            n = len(gone)
            units = [self._bridge.series[name].unit for name in gone]
            await self._bridge.put(Instant(t, gone, [None] * n, units, [None] * n, [QUALITY_BAD] * n))
        if dead:
            self.tell("stale", f"{count} series without value")
            await self._bridge.flush()

    def _named(self, told: str) -> str | None:
        """Give the room's name of a series, None where it is left out."""
        if told not in self._names:
            rule = self._bridge.rules.get(told, _PLAIN)
            self._names[told] = None if rule.leave_out else rule.name or told
        return self._names[told]


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Give the errors of nested groups."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _reason(error: BaseException) -> str:
    """Say what was wrong, from the first error of nested groups."""
    first = next(_leaves(error))
    if isinstance(first, TimeoutError) and not str(first):
        return "no answer in time"
    if isinstance(first, OpsroomError | OSError):
        return str(first)
    return f"{type(first).__name__}: {first}"
