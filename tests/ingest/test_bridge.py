"""What carries sources to the room: names, staleness, back-off, and that nothing given is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.bridge import Bridge, Told
from ingest.connectors._rows import Instant
from ingest.connectors._source import Asked, Outlet, SourceLost
from ingest.link import Link
from ingest.marks import Marks
from ingest.sending import LinkSink
from ingest.sourcefile import SeriesRule
from opsroom.clock import ManualClock
from opsroom.errors import StoreError
from opsroom.model import QUALITY_BAD, QUALITY_GOOD

T0 = 1_700_000_000_000_000


def one(name: str, t: int, value: float | None, *, standing: bool = False) -> Instant:
    return Instant(
        t, [name], [value], ["kW"], [None], [QUALITY_GOOD if value is not None else 0], False, standing
    )


class Kept:
    """A sink in memory; it is `full` where told to refuse."""

    def __init__(self) -> None:
        self.instants: list[Instant] = []
        self.is_full = False
        self.stored_up_to = 0

    async def take(self, instants: Sequence[Instant]) -> int:
        return self.keep(instants)

    def keep(self, instants: Sequence[Instant]) -> int:
        if self.is_full:
            raise StoreError("full")
        self.instants += instants
        return len(self.instants)

    def stored(self) -> int:
        return self.stored_up_to

    def rows(self) -> list[tuple[str, int, float | None, int]]:
        return [
            (name, i.t, value, q)
            for i in self.instants
            for name, value, q in zip(i.names, i.values, i.quality or [], strict=True)
        ]


class Scripted:
    """A source whose sessions are scripts, one after the other."""

    label = "scripted"

    def __init__(self, *scripts: Callable[[Outlet], Awaitable[None]]) -> None:
        self._scripts = list(scripts)

    def asked(self) -> Sequence[Asked]:
        return []

    async def session(self, out: Outlet) -> None:
        await self._scripts.pop(0)(out)


def play(
    *sources: Scripted, rules: dict[str, SeriesRule] | None = None, sink: Kept | None = None
) -> tuple[Kept, list[Told], list[float]]:
    kept = sink or Kept()
    told: list[Told] = []
    slept: list[float] = []
    clock = ManualClock(T0)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(seconds)
        await asyncio.sleep(0)

    bridge = Bridge(
        kept, rules, told=told.append, now=clock.now, monotonic=clock.monotonic, sleep=sleep, seed=1
    )
    asyncio.run(bridge.run(sources))
    return kept, told, slept


def test_names_units_scale_and_offset_by_rule() -> None:
    async def script(out: Outlet) -> None:
        await out.give(Instant(T0, ["a", "b", "c"], [1.0, 2.0, None], ["kW", "kW", ""], [None] * 3))

    rules = {
        "a": SeriesRule(name="mill/power", unit="W", scale=1000.0, offset=5.0, period_s=60.0),
        "b": SeriesRule(leave_out=True),
    }
    kept, _, _ = play(Scripted(script), rules=rules)
    assert kept.instants == [
        Instant(T0, ["mill/power", "c"], [1005.0, None], ["W", ""], [60.0, None], [QUALITY_GOOD, QUALITY_BAD])
    ]


def test_a_lost_source_is_stale_once_and_tried_again_ever_more_seldom() -> None:
    async def gives(out: Outlet) -> None:
        await out.give(one("a", T0, 1.0))
        raise SourceLost("gone")

    async def fails(out: Outlet) -> None:
        raise ConnectionRefusedError("nobody there")

    async def ends(out: Outlet) -> None:
        await out.give(one("a", out.now(), 2.0))

    kept, told, slept = play(Scripted(gives, fails, fails, fails, ends))
    (first, stale, last) = kept.rows()
    assert (first[2], stale[2:], last[2]) == (1.0, (None, QUALITY_BAD), 2.0)
    assert first[1] < stale[1] < last[1]
    assert [event.code for event in told] == ["lost", "stale", "lost", "lost", "lost", "ended"]
    pauses = [s for s in slept if s > 0.1]
    assert all(0.5 <= pause / wanted <= 1.0 for pause, wanted in zip(pauses, [0.5, 1, 2, 4], strict=True))


def test_a_source_that_raises_anything_ends_no_other() -> None:
    async def breaks(out: Outlet) -> None:
        raise ZeroDivisionError("a library's own fault")

    async def ends(out: Outlet) -> None:
        await out.give(one("a", T0, 1.0))

    kept, told, _ = play(Scripted(breaks, ends), Scripted(ends))
    assert len(kept.rows()) == 2
    assert "ZeroDivisionError" in told[0].text


def test_what_holds_now_is_newer_than_the_staleness() -> None:
    async def script(out: Outlet) -> None:
        await out.give(one("a", T0, 1.0))
        await out.sleep(10.0)
        await out.stale(["a"])
        await out.stale(["a"])
        await out.give(one("a", T0 + 1, 1.0, standing=True))

    kept, _, _ = play(Scripted(script))
    (_, stale, again) = kept.rows()
    assert 0 <= stale[1] - (T0 + 10_000_000) <= 1_000_000
    assert again == ("a", stale[1] + 1_000, 1.0, QUALITY_GOOD)


@pytest.mark.parametrize("t_ms", [(1 << 64) - 1, T0 * 1_000, -63_000_000_000_000])
def test_a_time_that_is_none_costs_its_own_readings_alone(t_ms: int) -> None:
    """As a metric says it whose timestamp is -1, or in nanoseconds: in microseconds no column holds it."""

    async def script(out: Outlet) -> None:
        await out.give(one("a", t_ms * 1_000, 1.0))
        await out.give(one("b", T0, 2.0))

    link = Link("ws://127.0.0.1:9", "mill", "token")
    told: list[Told] = []
    asyncio.run(Bridge(LinkSink(link), told=told.append).run([Scripted(script)]))
    (body,) = [link.find(seq) for seq in range(1, link.stats.outbox_batches + 1)]
    assert body is not None
    assert msgspec.msgpack.decode(body)["s"] == ["b"]
    assert [event.code for event in told] == ["time_invalid", "ended"]


def test_history_moves_no_value_that_holds() -> None:
    async def script(out: Outlet) -> None:
        await out.give(Instant(T0, ["a"], [1.0], [""], [None], [QUALITY_GOOD], historical=True))
        await out.stale()

    kept, _, _ = play(Scripted(script))
    assert [i.historical for i in kept.instants] == [True]


def test_a_sink_that_fails_ends_everything_with_its_error() -> None:
    sink = Kept()

    async def script(out: Outlet) -> None:
        await out.give(one("a", T0, 1.0))
        sink.is_full = True
        await out.stale()

    with pytest.raises(ExceptionGroup) as caught:
        play(Scripted(script), sink=sink)
    assert caught.group_contains(StoreError)


def test_marks_count_only_behind_what_the_room_has_stored(tmp_path: Path) -> None:
    file, kept = tmp_path / "marks", Kept()

    async def run(stored: int) -> None:
        bridge = Bridge(kept, marks=Marks(file))

        async def script(out: Outlet) -> None:
            await out.give(one("a", T0, 1.0))
            await out.remember("f", "line 1")
            kept.stored_up_to = stored

        await bridge.run([Scripted(script)])

    asyncio.run(run(0))
    assert Marks(file).recall("scripted f") == ""
    asyncio.run(run(2))
    assert Marks(file).recall("scripted f") == "line 1"


def test_marks_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "marks").write_text("{")
    with pytest.raises(StoreError, match="marks"):
        Marks(tmp_path / "marks")


class Slow(Kept):
    """A sink that takes only while `may_take` is set; `is_asked` once somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.may_take, self.is_asked = asyncio.Event(), asyncio.Event()

    async def take(self, instants: Sequence[Instant]) -> int:
        self.is_asked.set()
        await self.may_take.wait()
        return self.keep(instants)


def beside(sink: Slow) -> Scripted:
    """A source that gives 100 readings, one more while the sink is asked to take these, and a mark behind."""

    async def script(out: Outlet) -> None:
        for n in range(100):
            await out.give(one("a", T0 + n, float(n)))
        await sink.is_asked.wait()
        await out.give(one("a", T0 + 100, 100.0))
        await out.remember("f", "the end")

    return Scripted(script)


def test_a_source_that_ends_while_the_sink_waits_loses_nothing() -> None:
    async def whole() -> None:
        sink = Slow()
        bridge = Bridge(sink)
        async with asyncio.timeout(5):
            await bridge.run([beside(sink)])
        assert [row[2] for row in sink.rows()] == [float(n) for n in range(101)]
        bridge.marks.reach(len(sink.instants) - 1)
        assert bridge.marks.recall("scripted f") == ""
        bridge.marks.reach(len(sink.instants))
        assert bridge.marks.recall("scripted f") == "the end"

    asyncio.run(whole())


def test_stopping_while_the_sink_waits_keeps_what_was_read_and_waits_no_longer() -> None:
    async def whole() -> None:
        sink = Slow()
        bridge = Bridge(sink)

        async def script(out: Outlet) -> None:
            await beside(sink).session(out)
            await asyncio.Event().wait()

        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            running = group.create_task(bridge.run([Scripted(script)]))
            while bridge.readings <= 100:  # noqa: ASYNC110 - the source has no other word
                await asyncio.sleep(0.01)
            running.cancel()
        async with asyncio.timeout(5):
            await bridge.finish()
        assert [row[2] for row in sink.rows()] == [float(n) for n in range(101)]

    asyncio.run(whole())


def test_a_mark_noted_while_the_sink_waits_is_not_tied_to_what_it_takes() -> None:
    async def whole() -> None:
        sink = Slow()
        bridge = Bridge(sink)

        async def script(out: Outlet) -> None:
            await beside(sink).session(out)
            sink.may_take.set()
            await out.sleep(0.05)
            sink.may_take.clear()
            await asyncio.Event().wait()

        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            running = group.create_task(bridge.run([Scripted(script)]))
            while len(sink.instants) < 100:  # noqa: ASYNC110 - the sink has no other word
                await asyncio.sleep(0.01)
            running.cancel()
        sink.stored_up_to = 100
        await bridge.finish()
        assert bridge.marks.recall("scripted f") == ""
        bridge.marks.reach(101)
        assert bridge.marks.recall("scripted f") == "the end"

    asyncio.run(whole())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["give", "note", "flush", "leave", "store"]), max_size=30))
def test_no_mark_is_ahead_of_what_is_stored(steps: list[str]) -> None:
    """Whatever is given, noted, handed over, left while it waits or stored, in whatever order."""

    async def whole() -> None:
        sink, given_ = Slow(), 0
        bridge = Bridge(sink)
        for step in steps:
            if step == "give":
                await bridge.put(one("a", T0 + given_, float(given_)))
                given_ += 1
            elif step == "note":
                bridge.marks.note("f", str(given_))
            elif step == "flush":
                sink.may_take.set()
                await bridge.flush()
            elif step == "leave":
                sink.may_take.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0):
                        await bridge.flush()
            else:
                bridge.marks.reach(sink.keep([]))
                taken = {row[2] for row in sink.rows()}
                assert set(range(int(bridge.marks.recall("f") or 0))) <= taken
        async with asyncio.timeout(5):
            await bridge.finish()
        bridge.marks.reach(sink.keep([]))
        assert [row[2] for row in sink.rows()] == list(range(given_))
        noted = [steps[:at].count("give") for at, step in enumerate(steps) if step == "note"]
        assert bridge.marks.recall("f") == (str(noted[-1]) if noted else "")

    asyncio.run(whole())
