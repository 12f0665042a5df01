"""What waits for watermarks is bounded, whatever lateness a source declares, and costs what it brings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom import waiting
from opsroom.model import Columns
from opsroom.sources import NEVER, Sources
from opsroom.waiting import Waiting

Row = tuple[int, int, float]
S = 1_000_000


@pytest.fixture(autouse=True, scope="module")
def small_runs() -> Iterator[None]:
    """Let a few readings fill a run, so that runs are joined and cut all the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "RUNS", 2)
        patch.setattr(waiting, "RUN_READINGS", 6)
        yield


def columns(rows: list[Row]) -> Columns:
    series, t, v = zip(*rows, strict=True) if rows else ((), (), ())
    return Columns(
        np.array(series, np.int32), np.array(t, np.int64), np.array(v, float), np.full(len(t), 192, np.uint8)
    )


def rows_of(got: Columns) -> list[Row]:
    return list(zip(got.series.tolist(), got.t.tolist(), got.v.tolist(), strict=True))


rows = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 60), st.floats(-5, 5)), max_size=12)


@given(st.lists(st.tuples(rows, st.integers(-1, 61)), max_size=20))
def test_what_is_taken_out_is_what_a_plain_list_would_give(turns: list[tuple[list[Row], int]]) -> None:
    """In the order of time, and of arrival within an instant."""
    held, plain = Waiting(), list[Row]()
    for brought, until in turns:
        held.put(columns(brought))
        plain += brought
        if plain:
            count = min(3, len(plain))
            assert held.oldest(count) == sorted(t for _, t, _ in plain)[count - 1]
        got = sorted(rows_of(held.until(until)), key=lambda row: row[1])
        assert got == sorted((row for row in plain if row[1] <= until), key=lambda row: row[1])
        plain = [row for row in plain if row[1] > until]
        assert len(held) == len(plain) == sum(map(len, held.parts()))


NAMES = ("1:mill", "1:kiln", "casual:1:x-1")
turns = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.sampled_from(NAMES), rows),
        st.tuples(st.just("opened"), st.sampled_from(NAMES), st.integers(0, 80)),
        st.tuples(st.just("bye"), st.sampled_from(NAMES), st.none()),
        st.tuples(st.just("idle"), st.sampled_from(NAMES), st.none()),
    ),
    max_size=25,
)


class Room:
    """The sources as the core uses them."""

    def __init__(self, clock: Literal["wall", "stream"], most: int) -> None:
        self.clock, self.sources = clock, Sources(most)

    def hear(self, what: str, name: str, more: Any) -> tuple[list[Row], list[Row]]:
        """Take one record; gives what was released, in order, and what was late."""
        late: list[Row] = []
        if what == "take":
            mask = self.sources.take(name, columns(more))
            late = [row for row, is_late in zip(more, mask, strict=True) if is_late]
        elif what == "opened":
            self.sources.opened(name, more / S)
        elif what == "bye":
            self.sources.left(name)
        else:
            self.sources.idle(name)
        return self.advanced(name), late

    def advanced(self, name: str) -> list[Row]:
        if self.clock == "wall":
            return rows_of(self.sources.release(name))
        out: list[Row] = []
        for target in self.sources.targets():
            for part in self.sources.instants_until(target):
                out += rows_of(part)
        return out


@given(turns, st.integers(0, 20), st.sampled_from(["wall", "stream"]), st.sets(st.integers(0, 25)))
def test_no_more_wait_than_may_and_a_restart_anywhere_alters_nothing(
    said: list[Any], most: int, clock: Literal["wall", "stream"], restarts: set[int]
) -> None:
    """Nothing is released twice, nor behind what was: of a series each reading is newer than the last."""
    room, again = Room(clock, most), Room(clock, most)
    scored: dict[int, int] = {}
    for number, turn in enumerate(said):
        if number in restarts:
            again.sources = Sources.load(again.sources.dump(), most)
        released, late = room.hear(*turn)
        assert (released, late) == again.hear(*turn)
        assert room.sources.waiting <= most
        assert room.sources.waiting == sum(len(one.waiting) for one in room.sources.clocks.values())
        for series, t, _ in released:
            assert t > scored.get(series, NEVER)
            scored[series] = t
    same = [Sources.load(one.sources.dump(), most).dump() for one in (room, again)]  # a reload joins the runs
    assert same[0] == same[1]


@given(st.lists(rows, max_size=20), st.integers(0, 20))
def test_of_one_source_nothing_is_lost_and_the_oldest_go_first(parts: list[list[Row]], most: int) -> None:
    """It declared a month: all waits, the oldest give way, and what comes behind them is late."""
    sources = Sources(most)
    sources.opened("mill", 30 * 86_400.0)
    brought: list[Row] = []
    out: list[Row] = []
    late: list[Row] = []
    for part in parts:
        before = max((t for _, t, _ in out), default=NEVER)
        mask = sources.take("mill", columns(part))
        late += [row for row, is_late in zip(part, mask, strict=True) if is_late]
        brought += [row for row, is_late in zip(part, mask, strict=True) if not is_late]
        gave = rows_of(sources.release("mill"))
        assert gave == sorted(gave, key=lambda row: (row[1], row[0]))
        assert all(t >= before for _, t, _ in gave)
        assert sources.waiting <= most
        out += gave
    sources.left("mill")
    out += rows_of(sources.release("mill"))
    assert {(series, t) for series, t, _ in out} == {(series, t) for series, t, _ in brought}
    assert len(out) == len({(series, t) for series, t, _ in out})
    assert len(late) + len(brought) == sum(map(len, parts))


def test_the_source_that_has_most_waiting_gives_way_and_no_other() -> None:
    sources = Sources(10)
    sources.opened("honest", 5.0)
    sources.opened("month", 30 * 86_400.0)
    sources.take("honest", columns([(1, 1, 1.0), (1, 2, 2.0)]))
    assert rows_of(sources.release("honest")) == []
    sources.take("month", columns([(2, t, 0.0) for t in range(100, 112)]))
    assert [t for _, t, _ in rows_of(sources.release("month"))] == [100, 101, 102, 103]
    assert sources.early == 4
    assert sources.take("month", columns([(3, 90, 0.0)])).tolist() == [True]
    assert sources.take("honest", columns([(1, 0, 0.0)])).tolist() == [False]


def test_a_record_costs_what_it_brings_however_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that declared a month stalls no press: the last records cost about what the first did."""
    monkeypatch.undo()
    monkeypatch.setattr(waiting, "RUNS", 64)
    monkeypatch.setattr(waiting, "RUN_READINGS", 1 << 16)
    sources, each, most = Sources(400_000), 1_000, 400_000
    sources.opened("month", 30 * 86_400.0)
    random = np.random.default_rng(1)
    took: list[float] = []
    for number in range(600):
        t = number * each + random.integers(-5 * each, 5 * each, each)
        part = Columns(np.arange(each, dtype=np.int32), t, np.zeros(each), np.full(each, 192, np.uint8))
        began = time.perf_counter()
        sources.take("month", part)
        sources.release("month")
        took.append(time.perf_counter() - began)
    assert sources.waiting <= most
    assert np.median(took[-100:]) < 20 * np.median(took[:100])
    assert sum(took) < 3.0
