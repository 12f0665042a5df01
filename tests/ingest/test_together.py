"""Frames that come together are read together, and give what each would give alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from ingest import session, wire
from opsroom.settings import Limits
from tests.ingest.conftest import Peer

GOOD: Final = '{"series":"a","value":1}'
PIECES: Final = st.sampled_from(
    [
        *(
            GOOD,
            '{"series":"a"',
            ',"value":1',
            "}",
            "{",
            ",",
            "[",
            "]",
            " ",
            "\n",
            '"',
            "a}",
            '"ts":5',
            "null",
            "\\",
        ),
        '{"value":2,"series":"b","ts":"2026-01-01T00:00:00Z","q":0}',
        '{"series":"a","value":9007199254740993}',
        '{"series":"d","value":1,"x":[{}',
        '{"series":"c","value":null}',
        '{"series":"é","value":1}',
        '{"type":"bye"}',
    ]
)
FRAMES: Final = st.one_of(
    st.just(GOOD),
    st.lists(PIECES, max_size=4).map("".join),
    st.just(wire.encode({"series": "a", "value": 1}, binary=True)),
)


def alone(frame: str | bytes) -> list[Any]:
    return [one if isinstance(one, list) else str(one) for one in wire.decode(frame)]


@given(st.lists(FRAMES, min_size=1, max_size=6))
@example([GOOD, '{"value":3,"series":"b"}'])
@example(['{"series":"a","value":1', '"ts":5},{"series":"b","value":2}'])
@example([f"{GOOD},{GOOD}", '{"series":"a},', '{","value":1}'])
@example([f"{GOOD},{GOOD}", '{"series":"d","value":1,"x":[{}', "{}]}"])
def test_a_lot_is_what_its_frames_are(frames: Sequence[str | bytes]) -> None:
    found = wire.lot(frames)
    each = [alone(frame) for frame in frames]
    if found is None:
        assert frames != [GOOD] * len(frames)
    else:
        assert [[[one]] for one in found] == each


@given(st.lists(FRAMES, max_size=6), st.integers(0, 3))
def test_a_session_is_told_the_same_together_as_alone(frames: list[str | bytes], first: int) -> None:
    before: list[str | bytes] = [GOOD] * first
    one, other = (session.Session(Limits(), known=True) for _ in range(2))
    for frame in before:
        one.receive(frame)
        other.receive(frame)
    lots = [event for events in one.receive_all(frames) for event in events]
    single = [event for frame in frames for event in other.receive(frame)]
    assert [told for event in lots for told in _each(event)] == [
        told for event in single for told in _each(event)
    ]
    assert (one.frames, one.pending_bytes, one.stage) == (other.frames, other.pending_bytes, other.stage)


def _each(event: session.Event) -> list[Any]:
    """Part a lot into its frames."""
    if not isinstance(event, session.Told) or event.frames == 1:
        return [(event.readings, event.frame) if isinstance(event, session.Told) else str(event)]
    first = event.frame - event.frames + 1
    return [([reading], first + at) for at, reading in enumerate(event.readings)]


def _frame(message: dict[str, Any]) -> bytes:
    return Frame(Opcode.TEXT, json.dumps(message).encode()).serialize(mask=True)


def _write(peer: Peer, messages: Sequence[dict[str, Any]]) -> None:
    """Write all in one packet, as a sender's kernel does that has waited for the network."""
    peer.socket.transport.write(b"".join(_frame(one) for one in messages))


def test_refusals_name_the_frame_of_many_that_came_in_one_packet(play: Callable[..., Any]) -> None:
    bad = {3, 300, 599}

    async def script(served: Any) -> None:
        async with served.peer() as peer:
            _write(
                peer,
                [
                    {"series": "output", "value": at, "ts": at, "unit": "parsec" if at in bad else "t/h"}
                    for at in range(600)
                ],
            )
            told: list[dict[str, Any]] = []
            while True:
                answer = await peer.hear()
                told += answer.get("refusals", [])
                if answer["frames"] == 600:
                    break
            assert [(one["frame"], one["index"]) for one in told] == [(at + 1, 0) for at in sorted(bad)]
            assert answer["stored"] == 597
            assert answer["refused"] == 3

    values = [value for _, _, value in play(script).named()]
    assert values == [float(at) for at in range(600) if at not in bad]


def test_what_came_before_the_end_in_one_packet_is_kept(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            _write(
                peer, [*({"series": "output", "value": at, "ts": at} for at in range(300)), {"type": "bye"}]
            )
            assert await peer.closed() == 1000

    assert len(play(script).named()) == 300


def test_a_peer_that_vanishes_behind_its_frames_loses_none(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            _write(peer, [{"series": "output", "value": at, "ts": at} for at in range(300)])
            peer.socket.transport.close()

    assert len(play(script).named()) == 300
