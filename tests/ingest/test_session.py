"""The session as a state machine, alone and against the client's courier over a wire that breaks at will."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import batches, courier, session
from ingest.codes import WireError
from ingest.memory_outbox import MemoryOutbox
from opsroom.model import Refusal
from opsroom.settings import Limits

LIMITS = Limits()
HELLO = '{"type":"hello","protocol":1,"source":"a","token":"t"}'


def _open(stored_seq: int = 0) -> session.Session:
    one = session.Session(LIMITS)
    assert one.receive(HELLO) == [session.Identify("t")]
    assert one.identified() == [session.Open("a", None, 0.0)]
    (welcome,) = one.opened(1, stored_seq, 1_000, 7)
    assert isinstance(welcome, session.Send)
    assert welcome.message["stored_seq"] == stored_seq
    return one


def _batch(seq: int) -> str:
    return f'{{"type":"batch","seq":{seq},"t":1,"s":["a"],"v":[1]}}'


def test_frames_of_one_packet_wait_for_the_token() -> None:
    one = session.Session(LIMITS)
    events = one.receive('{"type":"hello","token":"t"}\n{"series":"a","value":1}')
    assert events == [session.Identify("t")]
    (told,) = one.identified()
    assert isinstance(told, session.Told)


def test_pending_batches_are_neither_taken_twice_nor_answered_early() -> None:
    one = _open()
    (admit,) = one.receive(_batch(1))
    assert isinstance(admit, session.Admit)
    assert one.pending_bytes == admit.size == len(_batch(1))
    assert one.receive(_batch(1)) == []
    (ack,) = one.stored(1, [(1, ())], 500)
    assert ack.message == {"type": "ack", "seq": 1, "stored_seq": 1, "credit_bytes": 500}
    assert one.pending_bytes == 0
    assert one.receive(_batch(1)) == [session.Repeat(1)]


def test_a_batch_taken_back_is_expected_again() -> None:
    one = _open()
    (admit,) = one.receive(_batch(1))
    assert isinstance(admit, session.Admit)
    one.take_back(admit.batch, WireError("length_mismatch", "s", got=1, expected=2))
    assert one.pending_bytes == 0
    assert isinstance(one.receive(_batch(1))[0], session.Admit)


def test_nothing_is_read_after_bye() -> None:
    one = _open()
    assert one.receive('{"type":"bye"}') == [session.Leave()]
    assert one.receive(_batch(1)) == []


def test_forms_do_not_mix() -> None:
    one = _open()
    (answer,) = one.receive('{"series":"a","value":1}')
    assert isinstance(answer, session.Send)
    assert answer.message["code"] == "form_mixed"
    (answer,) = one.receive(HELLO)
    assert isinstance(answer, session.Send)
    assert answer.message["code"] == "hello_repeated"


FRAMES = st.one_of(
    st.integers(1, 12).map(_batch),
    st.tuples(st.integers(1, 12), st.integers(0, 4)).map(
        lambda g: f'{{"type":"gap","from_seq":{g[0]},"to_seq":{g[0] + g[1]}}}'
    ),
    st.sampled_from(
        ["{", '{"type":"zz"}', '{"type":"declare","series":[]}', '{"type":"press","indicator":"x"}']
    ),
    st.just("store"),
)


@given(st.lists(FRAMES, max_size=60))
def test_batches_are_admitted_once_in_order_and_every_frame_is_answered(script: list[str]) -> None:
    one = _open()
    taken: list[tuple[int, int]] = []
    stored = 0
    for frame in script:
        if frame == "store":
            if taken and taken[-1][1] > stored:
                stored = taken[-1][1]
                one.stored(stored, (), 100)
            continue
        expected, malformed = one.expected, one.malformed
        events = one.receive(frame)
        for event in events:
            if isinstance(event, session.Admit):
                taken.append((event.batch.seq, event.batch.seq))
            elif isinstance(event, session.GapTold):
                taken.append((event.from_seq, event.to_seq))
            elif isinstance(event, session.Repeat):
                assert event.seq <= stored
        if not events and not one.is_ended:
            # Only what is on its way already goes without an answer.
            assert one.expected == expected
            assert stored < expected - 1
        assert one.malformed <= LIMITS.malformed_frames_max
        assert one.is_ended == (one.malformed == LIMITS.malformed_frames_max) or malformed == one.malformed
    covered = [seq for first, last in taken for seq in range(first, last + 1)]
    assert covered == list(range(1, len(covered) + 1))
    assert one.pending_bytes >= 0


@given(st.binary(max_size=200) | st.text(max_size=200))
@settings(max_examples=400)
def test_no_frame_raises(frame: bytes | str) -> None:
    for one in (session.Session(LIMITS), session.Session(LIMITS, known=True), _open()):
        for event in one.receive(frame):
            if isinstance(event, session.Send):
                assert event.message["remedy"]


class _Server:
    """A room behind a session: what is appended stays, answers and connections may be lost."""

    def __init__(self) -> None:
        self.epoch = 0
        self.stored_seq = 0
        self.readings: list[float] = []
        self.gaps: list[tuple[int, int]] = []
        self.refusals: dict[int, tuple[Refusal, ...]] = {}

    def connect(self) -> session.Session:
        return session.Session(LIMITS)

    def take(self, one: session.Session, frame: bytes, credit: int) -> list[bytes]:
        """Read a frame, store at once, give the answers as frames."""
        answers: list[dict[str, Any]] = []
        todo: deque[Any] = deque(one.receive(frame))
        while todo:
            event = todo.popleft()
            match event:
                case session.Send(message):
                    answers.append(message)
                case session.Identify():
                    todo.extend(one.identified())
                case session.Open(_, epoch, _):
                    if epoch is None:
                        self.epoch, self.stored_seq = self.epoch + 1, 0
                    if epoch not in {None, self.epoch}:
                        todo.extend(one.refused("epoch_unknown", epoch=self.epoch))
                    else:
                        todo.extend(one.opened(self.epoch, self.stored_seq, credit, 0))
                case session.Admit(batch, _):
                    self.readings.append(float(batch.v[0]))
                    self.stored_seq = batch.seq
                    answers += [send.message for send in one.stored(batch.seq, (), credit)]
                case session.GapTold(first, last, _):
                    self.gaps.append((first, last))
                    self.stored_seq = last
                    answers += [send.message for send in one.stored(last, (), credit)]
                case session.Repeat(seq):
                    answers += [send.message for send in one.repeated(seq, (), credit)]
        return [msgspec.msgpack.encode(answer) for answer in answers]


STEPS = st.lists(
    st.sampled_from(["put", "put", "send", "send", "serve", "hear", "hear", "cut", "cut_answers", "dry"]),
    max_size=80,
)


@given(STEPS, st.integers(150, 2_000), st.integers(40, 400))
@settings(max_examples=300, deadline=None)
def test_over_any_breaking_wire_everything_arrives_once_or_is_told_as_gap(
    steps: list[str], cap: int, credit: int
) -> None:
    server, outbox = _Server(), MemoryOutbox(cap)
    client = courier.Courier(outbox, "a", "t")
    one = server.connect()
    up: deque[bytes] = deque(client.connected())
    down: deque[bytes] = deque()
    put = 0
    # After the chosen steps the wire holds, so that everything must arrive.
    for step in [*steps, "cut", *["send", "serve", "hear"] * (len(steps) + 200)]:
        if step == "put":
            put += 1
            outbox.put(batches.pack("a", 1, np.array([float(put)])))
        elif step == "send":
            up.extend(client.to_send())
        elif step == "serve" and up:
            down.extend(server.take(one, up.popleft(), credit))
        elif step == "hear" and down:
            up.extend(event for event in client.receive(down.popleft(), 0.0) if isinstance(event, bytes))
        elif step in {"cut", "cut_answers"}:
            # What the server read counts, what was on its way is gone; the answers may be too.
            one = server.connect()
            down.clear()
            up = deque(client.connected())
        elif step == "dry":
            credit = 0 if credit else 100
            down.extend([msgspec.msgpack.encode(one.credit(credit).message)] if one.is_full else [])
        if step == "cut" and not credit:
            credit = 100
    lost = {seq for first, last in server.gaps for seq in range(first, last + 1)}
    assert client.is_idle
    assert len(outbox) == 0
    assert server.readings == sorted(set(server.readings))
    assert server.readings == [float(seq) for seq in range(1, put + 1) if seq not in lost]
    assert outbox.dropped >= len(lost)
