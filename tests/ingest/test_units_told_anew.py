"""A series that tells another unit while batches wait: each is read in the unit it was put with."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import batches, courier, session, wire
from ingest.batches import Bounds
from ingest.connectors._rows import Instant
from ingest.declared import Declared
from ingest.link import Link, SeriesDeclared
from ingest.memory_outbox import MemoryOutbox
from ingest.outbox import open_outbox
from ingest.sending import LinkSink
from opsroom.settings import Limits

T0 = 1_700_000_000_000_000
LIMITS = Limits()
NUMBERS = {"a": None, "b": 7}
NOWHERE = "ws://127.0.0.1:9"


def kw(name: str, unit: str) -> SeriesDeclared:
    return SeriesDeclared(name, NUMBERS.get(name), unit)


# -- over any breaking wire ----------------------------------------------------------------------------------


class _Server:
    """A room behind a session: it stores at once, each value in the unit that its series was told in."""

    def __init__(self) -> None:
        self.epoch = 1
        self.stored_seq = 0
        self.told: dict[str | int, str] = {}
        self.read: dict[float, str | None] = {}

    def connect(self) -> session.Session:
        self.told = {}
        return session.Session(LIMITS)

    def begin_anew(self) -> None:
        self.epoch, self.stored_seq = self.epoch + 1, 0

    def store(self, batch: wire.Batch) -> None:
        labels = wire.names(batch)
        for label, value in zip(
            labels if isinstance(labels, list) else [labels] * len(batch), batch.v.tolist(), strict=True
        ):
            assert self.read.setdefault(value, self.told.get(label)) == self.told.get(label)
        self.stored_seq = batch.seq

    def take(self, one: session.Session, frame: bytes, credit: int) -> list[bytes]:
        answers: list[dict[str, Any]] = []
        todo: deque[Any] = deque(one.receive(frame))
        while todo:
            match todo.popleft():
                case session.Send(message):
                    answers.append(message)
                case session.Identify():
                    todo.extend(one.identified())
                case session.Open(_, epoch, _) if epoch not in {None, self.epoch}:
                    todo.extend(one.refused("epoch_unknown", epoch=self.epoch))
                case session.Open():
                    todo.extend(one.opened(self.epoch, self.stored_seq, credit, 0))
                case session.Declared(series):
                    self.told |= {one.name: one.unit for one in series}
                    self.told |= {one.id: one.unit for one in series if one.id is not None}
                case session.Admit(batch, _):
                    self.store(batch)
                    answers += [send.message for send in one.stored(batch.seq, (), credit)]
                case session.Repeat(seq):
                    answers += [send.message for send in one.repeated(seq, (), credit)]
        return [msgspec.msgpack.encode(answer) for answer in answers]


class _Wire:
    """A client and a room, and what is on its way between them; `put` is each value with its unit."""

    def __init__(self, credit: int, frame_bytes: int) -> None:
        self.server, self.outbox = _Server(), MemoryOutbox(1 << 20)
        self.credit = credit
        self.put: dict[float, str] = {}
        self.units: dict[str, str] = {}
        self.restart()
        self.client.bounds = Bounds(frame_bytes)
        for name in NUMBERS:
            self.declare(name, "kW")

    def restart(self) -> None:
        self.client = courier.Courier(self.outbox, "a", "t")
        self.cut()

    def anew(self) -> None:
        self.server.begin_anew()
        self.cut()

    def cut(self) -> None:
        self.one = self.server.connect()
        self.up, self.down = deque(self.client.connected()), deque[bytes]()

    def declare(self, name: str, unit: str) -> None:
        self.client.declare([kw(name, unit)])
        self.units[name] = unit

    def batch(self, labels: list[str | int], one: bool) -> None:
        """Put one value for each label, `one`: all of them of the first."""
        names = [labels[0]] * len(labels) if one else labels
        values = [float(len(self.put) + at) for at in range(len(names))]
        for name, value in zip(names, values, strict=True):
            self.put[value] = self.units["b" if name == NUMBERS["b"] else str(name)]
        body = batches.pack(names[0] if one else names, np.ones(len(names), np.int64), np.array(values))
        for part, count in self.client.parts(body, len(names)):
            self.outbox.put(part, count)

    def send(self) -> None:
        self.up.extend(self.client.to_send())

    def serve(self) -> None:
        if self.up:
            self.down.extend(self.server.take(self.one, self.up.popleft(), self.credit))

    def hear(self) -> None:
        if self.down:
            events = self.client.receive(self.down.popleft(), 0.0)
            self.up.extend(event for event in events if isinstance(event, bytes))

    def talk(self) -> None:
        self.serve()
        self.hear()
        self.send()


WORDS = st.one_of(
    st.tuples(st.just("declare"), st.sampled_from("ab"), st.sampled_from(["kW", "MW", ""])),
    st.tuples(
        st.just("batch"), st.lists(st.sampled_from(["a", "b", 7]), min_size=1, max_size=4), st.booleans()
    ),
    st.sampled_from(["send", "serve", "hear", "talk", "cut", "restart", "anew"]).map(lambda word: (word,)),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=60), st.integers(40, 400), st.sampled_from([120, 1 << 20]))
def test_over_any_breaking_wire_each_reading_is_read_in_the_unit_it_was_put_with(
    words: list[tuple[Any, ...]], credit: int, frame_bytes: int
) -> None:
    play = _Wire(credit, frame_bytes)
    rest = [(word,) for word in ("send", "serve", "hear")] * (4 * len(words) + 60)
    for word, *told in [*words, ("cut",), *rest]:
        getattr(play, word)(*told)
    assert play.client.is_idle
    assert play.server.read == play.put


# -- the pure step -------------------------------------------------------------------------------------------


@given(
    st.one_of(st.sampled_from("abc"), st.lists(st.sampled_from(["a", "b", "c", 7]), min_size=1)),
    st.integers(1, 5),
    st.integers(60, 200),
)
def test_a_batch_that_is_cut_takes_its_units_along(
    labels: str | Sequence[str | int], count: int, frame_bytes: int
) -> None:
    n = count if isinstance(labels, str) else len(labels)
    body = batches.pack(labels, np.arange(n), np.arange(n, dtype=np.float64))
    declared = Declared(b"")
    declared.take([kw("a", "kW"), kw("b", "kW")], waits=False)
    assert declared.marked(body) == body
    declared.take([kw("a", "MW"), kw("b", "W")], waits=True)
    declared = Declared(declared.packed())
    parts = [part for part, _ in batches.cut(declared.marked(body), n, Bounds(frame_bytes))]
    assert [part for part, _ in batches.cut(body, n, Bounds(1 << 20))] == [body]
    bare = [msgspec.msgpack.decode(declared.bare(part)) for part in parts]
    assert all(list(one) == ["t", "s", "v"] for one in bare)
    assert b"".join(one["v"] for one in bare) == msgspec.msgpack.decode(body)["v"]
    for part in parts:
        declared.before(body)
        declared.before(part)
        assert declared.before(part) == []
    assert {(one.name, one.unit) for one in declared.before(body)} <= {("a", "kW"), ("b", "kW")}


# -- against a room ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_restarted", [False, True])
def test_what_waits_keeps_its_unit_when_the_series_tells_another(
    is_restarted: bool, play: Any, tmp_path: Path
) -> None:
    def link(url: str) -> Link:
        return Link(url, "wind", "wind-token", tmp_path / "outbox", close_s=0.0)

    async def script(served: Any) -> None:
        async with link(NOWHERE) as away:
            sink = LinkSink(away)
            await sink.take([Instant(T0, ["power"], [500.0], ["kW"], [None])])
            if not is_restarted:
                await sink.take([Instant(T0 + 1_000, ["power"], [0.5], ["MW"], [None])])
        if is_restarted:
            async with link(NOWHERE) as away:
                await LinkSink(away).take([Instant(T0 + 1_000, ["power"], [0.5], ["MW"], [None])])
        async with link(served.url) as there:
            await there.flush()
            await LinkSink(there).take([Instant(T0 + 2_000, ["power"], [500.0], ["kW"], [None])])
            await there.flush()

    room = play(script)
    assert room.named() == [("wind/power", T0 + at * 1_000, 500.0) for at in range(3)]


def test_a_source_may_tell_two_units_in_one_breath(play: Any) -> None:
    async def script(served: Any) -> None:
        async with Link(served.url, "wind", "wind-token") as link:
            told = [("kW", 500.0), ("MW", 0.5), ("MW", 0.5), ("W", 500_000.0), ("kW", 500.0)]
            await LinkSink(link).take(
                [
                    Instant(T0 + at * 1_000, ["power"], [value], [unit], [None])
                    for at, (unit, value) in enumerate(told)
                ]
            )
            await link.flush()

    room = play(script)
    assert room.named() == [("wind/power", T0 + at * 1_000, 500.0) for at in range(5)]


def test_units_are_said_no_more_once_nothing_waits_of_the_old_ones(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path / "outbox", 1 << 20)
    client = courier.Courier(outbox, "a", "t")
    body = batches.pack("a", 1, np.array([1.0]))
    client.declare([kw("a", "kW")])
    outbox.put(*client.parts(body, 1)[0])
    client.declare([kw("a", "MW")])
    ((marked, _),) = client.parts(body, 1)
    assert msgspec.msgpack.decode(marked)["units"] == "MW"
    outbox.let_go(outbox.put(marked))
    assert client.parts(body, 1) == [(body, 1)]
    outbox.close()
    again = open_outbox(tmp_path / "outbox", 1 << 20)
    assert not Declared(again.declared).has_changed
    again.close()


def test_an_outbox_of_before_is_read() -> None:
    kept = msgspec.msgpack.encode(wire.Declare([kw("a", "kW"), kw("b", "MW")]))
    declared = Declared(kept)
    assert (list(declared.series), declared.has_changed) == (["a", "b"], False)
    assert declared.packed() == kept
