"""Batches that a room would not take at once: cut before they are sent, wherever they came from."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.batches import Bounds, cut, fault_of, limits_of, pack, packed
from ingest.connectors._rows import Instant
from ingest.line import Line, web_dial
from ingest.link import Link
from ingest.outbox import open_outbox
from ingest.sending import LinkSink
from ingest.told import Warned
from opsroom.errors import Invalid
from opsroom.settings import Limits

T0 = 1_700_000_000_000
SMALL = Limits(frame_bytes_max=4_096, batch_readings_max=100)

readings = st.lists(
    st.tuples(st.text(min_size=1, max_size=30), st.integers(T0, T0 + 9), st.none() | st.floats(-9, 9)),
    min_size=1,
    max_size=80,
)


def rows(body: bytes) -> list[tuple[Any, ...]]:
    """Read a packed batch reading by reading, as a room does."""
    held = msgspec.msgpack.decode(body)
    v = np.frombuffer(held["v"], "<f8").tolist() if isinstance(held["v"], bytes) else held["v"]
    t = [held["t"]] * len(v) if isinstance(held["t"], int) else np.frombuffer(held["t"], "<i8").tolist()
    s = held["s"] if isinstance(held["s"], list) else [held["s"]] * len(v)
    q = list(held.get("q", bytes([192]) * len(v)))
    return [(*one, held.get("historical", False)) for one in zip(s, t, v, q, strict=True)]


@given(readings, st.booleans(), st.booleans(), st.booleans(), st.integers(150, 2_000), st.integers(1, 50))
def test_a_batch_in_parts_says_the_same_and_each_part_fits(
    said: list[tuple[str, int, float | None]],
    one_name: bool,
    one_time: bool,
    past: bool,
    most: int,
    count: int,
) -> None:
    names, times, values = zip(*said, strict=True)
    body, number = packed(
        names[0] if one_name else list(names),
        T0 * 1_000 if one_time else np.array(times) * 1_000,
        list(values),
        historical=past,
    )
    bounds = Bounds(most, count)
    parts = cut(body, number, bounds)
    assert [row for part, _ in parts for row in rows(part)] == rows(body)
    assert sum(part_count for _, part_count in parts) == number
    assert all(bounds.fits(part, n) or n == 1 for part, n in parts)
    assert all(fault_of(part) == "" and len(rows(part)) == n for part, n in parts)


def test_what_a_welcome_says_bounds_the_batches_and_nonsense_does_not() -> None:
    assert limits_of({"frame_bytes_max": 4_096, "batch_readings_max": 100}) == Bounds(4_096, 100)
    nonsenses: list[Any] = [None, [], {"frame_bytes_max": "many", "batch_readings_max": -1}]
    for nonsense in nonsenses:
        assert limits_of(nonsense) == Bounds()


@pytest.mark.parametrize(
    ("field", "names", "t", "q"),
    [
        ("s", ["output"], T0 * 1_000, None),
        ("t", "output", np.array([T0, T0, T0]) * 1_000, None),
        ("q", "output", T0 * 1_000, [192]),
    ],
)
def test_columns_of_different_lengths_are_refused_to_the_caller(
    field: str, names: Any, t: Any, q: Any
) -> None:
    async def script() -> None:
        async with Link("ws://127.0.0.1:9/none", "mill", "mill-token", close_s=0.0) as link:
            with pytest.raises(Invalid) as refused:
                await link.send(names, t, [1.0, 2.0], q)
            assert (refused.value.code, refused.value.params["field"]) == ("length_mismatch", field)
            assert link.stats.pending == 0

    asyncio.run(script())


def test_a_name_that_no_frame_holds_is_refused_to_the_caller() -> None:
    async def script() -> None:
        async with Link("ws://127.0.0.1:9/none", "mill", "mill-token", close_s=0.0) as link:
            with pytest.raises(Invalid) as refused:
                await link.send("n" * (1 << 20), T0 * 1_000, 1.0)
            assert refused.value.code == "batch_too_large"

    asyncio.run(script())


def test_a_burst_of_a_pipe_goes_in_batches_that_the_room_takes(
    tmp_path: Path, make_room: Any, serving: Any
) -> None:
    """2,048 lines of 16 series and more came together: above the limit of a frame."""
    names, lines = [f"line-{n}/output" for n in range(40)], 2_048
    burst = [
        Instant(
            t=(T0 + n) * 1_000,
            names=names,
            values=[float(n)] * 40,
            units=[""] * 40,
            periods=[None] * 40,
        )
        for n in range(lines)
    ]

    async def script() -> None:
        room = make_room()
        async with serving(room) as served, Link(served.url, "mill", "mill-token", tmp_path / "box") as link:
            await LinkSink(link).take(burst)
            await link.flush()
            assert link.stats.connections == 1
        assert len(room.stored()) == 40 * lines

    asyncio.run(script())


@pytest.mark.parametrize("in_file", [True, False])
def test_what_waits_is_cut_for_a_room_that_takes_less(
    tmp_path: Path, make_room: Any, serving: Any, in_file: bool
) -> None:
    """Put before the room said so, also by an earlier run: it goes on in parts, each reading once."""
    path = tmp_path / "box" if in_file else None
    room = make_room(limits=SMALL)

    async def script() -> None:
        if path is not None:
            box = open_outbox(path, 1 << 30)
            box.put(*packed("output", (T0 + np.arange(200_000)) * 1_000, np.arange(200_000.0)))
            box.close()
        first = 200_000 if in_file else 0
        async with serving(room) as served, Link(served.url, "mill", "mill-token", path) as link:
            for n in range(3):
                t = T0 + first + 1_000 * n + np.arange(1_000)
                await link.send("output", t * 1_000, first + 1_000.0 * n + np.arange(1_000.0))
            await link.flush()
            assert link.stats.pending == link.stats.dropped == 0
            await link.send("output", (T0 + 300_000) * 1_000, np.full(1, -1.0))
            await link.flush()
        assert room.stored().v.tolist() == [*np.arange(first + 3_000.0).tolist(), -1.0]

    asyncio.run(script())


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_batch_that_no_room_takes_holds_nothing_up(
    play: Callable[..., Any], tmp_path: Path, place: str
) -> None:
    path, warned = tmp_path / "box", list[Warned]()
    good = packed("output", T0 * 1_000, 1.0)
    bad = [(pack(["output"], T0, np.array([1.0, 2.0])), 2), (b"\xc1", 1)]
    box = open_outbox(path, 1 << 20)
    for one in (*bad, good) if place == "first" else (good, *bad):
        box.put(*one)
    box.close()

    async def script(served: Any) -> None:
        async with Link(served.url, "mill", "mill-token", path, on_warning=warned.append) as link:
            await link.flush()
            assert (link.stats.dropped, link.stats.acked, link.stats.pending) == (3, 1, 0)
            await link.send("output", (T0 + 1) * 1_000, 3.0)
            await link.flush()
            assert link.stats.connections == 1

    room = play(script)
    assert room.stored().v.tolist() == [1.0, 3.0]
    assert [one.code for one in warned] == ["batch_unusable"]
    assert warned[0].params == {"seq": 1 if place == "first" else 2, "field": "s", "readings": 2}


def test_a_proxy_that_takes_less_than_the_room_is_told_of_and_got_through(
    tmp_path: Path, make_room: Any, serving: Any
) -> None:
    """It closes with 1009, which says nothing of how much it takes."""
    most, warned = 5_000, list[Warned]()

    class Narrow:
        def __init__(self, line: Line) -> None:
            self.line = line
            self.is_closed = False

        def __getattr__(self, name: str) -> Any:
            return getattr(self.line, name)

        @property
        def close_code(self) -> int | None:
            return 1009 if self.is_closed else self.line.close_code

        async def send(self, frame: bytes) -> None:
            if len(frame) > most:
                self.is_closed = True
                await self.line.close()
                raise OSError("closed: 1009")
            await self.line.send(frame)

    async def script() -> None:
        room, dial = make_room(), web_dial(ping_s=5.0)

        @contextlib.asynccontextmanager
        async def narrow(url: str) -> Any:
            async with dial(url) as line:
                yield Narrow(line)

        async with (
            serving(room) as served,
            Link(
                served.url, "mill", "mill-token", tmp_path / "box", dial=narrow, on_warning=warned.append
            ) as link,
        ):
            for n in range(4):
                await link.send(
                    "output", (T0 + 4_000 * n + np.arange(4_000)) * 1_000, np.full(4_000, 1.0 * n)
                )
            await link.flush()
            assert link.stats.connections > 1
        assert len(room.stored()) == 16_000
        assert warned[0].code == "frame_too_large"

    asyncio.run(script())
