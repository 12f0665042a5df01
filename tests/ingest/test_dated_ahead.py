"""Readings dated ahead, by a device's clock or this machine's: a source that is gone has no value even so."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.bridge import Bridge, SourceOutlet
from ingest.connectors._source import Outlet
from opsroom.clock import ManualClock
from tests.ingest.test_bridge import T0, Kept, Scripted, one, play

AHEAD = 86_400_000_000


def test_a_reading_dated_ahead_hides_no_staleness() -> None:
    """As of a device whose clock was a day ahead until it was set: what it said till then is refused."""

    async def script(out: Outlet) -> None:
        await out.give(one("a", T0 + AHEAD, 1.0))
        await out.give(one("a", T0 + 1_000, 2.0))
        await out.give(one("a", T0 + AHEAD, None))
        await out.stale()
        await out.give(one("a", T0 + 2_000, 3.0, standing=True))

    kept, _, _ = play(Scripted(script))
    (*_, stale, again) = kept.rows()
    assert (stale[2], again[2]) == (None, 3.0)
    assert T0 < stale[1] < again[1] < T0 + 60_000_000


def test_a_series_known_only_from_ahead_is_stale_now_and_for_a_room_that_takes_such_times() -> None:
    async def script(out: Outlet) -> None:
        await out.give(one("a", T0 + AHEAD, None))
        await out.stale()
        await out.stale()

    kept, told, _ = play(Scripted(script))
    assert [(name, value) for name, _, value, _ in kept.rows()] == [("a", None)] * 3
    (first, now, ahead) = (t - T0 for _, t, *_ in kept.rows())
    assert (first, ahead) == (AHEAD, AHEAD + 1_000)
    assert 0 <= now < 60_000_000
    assert [event.text for event in told if event.code == "stale"] == ["1 series without value"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 3_600]),
            st.sampled_from([0, 3_590, 86_400]),
            st.sampled_from([1.0, None]),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_whatever_was_said_a_dead_source_has_no_value_in_the_room(
    words: list[tuple[int, int, float | None, bool]],
) -> None:
    """This machine's clock may have been an hour ahead, a device's more; the room's is right."""
    skew_s = 0
    clock = ManualClock(T0)
    room: dict[str, tuple[int, float | None]] = {}

    def hear(sink: Kept) -> None:
        for name, t, value, _ in sink.rows():
            if t <= clock.now() + 300_000_000 and (name not in room or t >= room[name][0]):
                room[name] = (t, value)
        sink.instants.clear()

    async def whole() -> None:
        nonlocal skew_s
        sink = Kept()
        bridge = Bridge(sink, now=lambda: clock.now() + skew_s * 1_000_000)
        out = SourceOutlet(bridge, "a source")
        for machine_s, off_s, value, is_stale in words:
            skew_s = machine_s
            clock.advance(0.1)
            await out.give(one("a", clock.now() + off_s * 1_000_000, value))
            if is_stale:
                await out.stale()
            await bridge.flush()
            hear(sink)
        skew_s = 0
        clock.advance(1.0)
        await out.stale()
        await bridge.flush()
        hear(sink)
        assert room.get("a", (0, None))[1] is None

    asyncio.run(whole())
