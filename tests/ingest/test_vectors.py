"""The test vectors that docs/protocol.md shows, run against the real gateway."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from ingest import wire

VECTORS = Path(__file__).parents[1] / "vectors"


def _load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return loaded


BAD = _load("bad_input.json")


def holds(told: Any, wanted: Any) -> bool:
    """Whether `told` has everything that `wanted` names."""
    if isinstance(wanted, dict):
        return isinstance(told, dict) and all(
            key in told and holds(told[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(told, list) and len(told) == len(wanted) and all(map(holds, told, wanted))
    return bool(told == wanted)


@pytest.mark.parametrize("name", ["casual.json", "full.json"])
def test_conversations_hold(name: str, play: Callable[..., Any]) -> None:
    vector = _load(name)

    async def script(served: Any) -> None:
        headers = {"Authorization": vector["authorization"]} if vector["authorization"] else {}
        async with served.peer(None, additional_headers=headers) as peer:
            for step in vector["steps"]:
                if "client" in step:
                    await peer.say(step["client"])
                elif "server" in step:
                    told = await peer.hear()
                    assert holds(told, step["server"]), (step, told)
                else:
                    assert await peer.closed() == step["close"]

    room = play(script)
    stored = [[path, t // 1000, v] for path, t, v in room.named() if not np.isnan(v)]
    assert [row for row in vector["stored"] if row not in stored] == []


def test_bad_input_is_named_and_the_connection_goes_on(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        for case in BAD["cases"]:
            before = len(served.room.stored())
            await _provoke(served, case)
            kept = 2 if case["name"] == "NaN in a batch" else 1
            assert len(served.room.stored()) == before + kept, case["name"]

    play(script)


async def _provoke(served: Any, case: dict[str, Any]) -> None:
    """Send the frame, see its answer, and see the same connection take a proper reading."""
    frame = bytes.fromhex(case["frame_hex"]) if "frame_hex" in case else case["frame"]
    is_full = "batch" in str(frame)
    async with served.peer() as peer:
        if is_full:
            await peer.say({"type": "hello", "protocol": 1, "source": "probe"})
            assert (await peer.hear())["type"] == "welcome"
        await peer.say(frame)
        is_binary = isinstance(frame, bytes)
        told = msgspec.msgpack.decode(await peer.socket.recv()) if is_binary else await peer.hear()
        if "error" in case:
            assert holds(told, {"type": "error", **case["error"]}), told
            assert told["remedy"]
        else:
            assert holds(told["refusals"][0], case["refusal"]), told
            assert told["refusals"][0]["remedy"]
        if is_full:
            seq = 2 if "refusal" in case else 1
            await peer.say({"type": "batch", "seq": seq, "t": 1_000, "s": ["output"], "v": [7.0]})
            await peer.hear_until(type="ack", stored_seq=seq)
        else:
            await peer.say('{"series":"output","value":7,"ts":1000}')
            await peer.hear_until(type="ack", stored=1)


def test_odd_but_good_input_is_stored(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            for count, case in enumerate(BAD["accepted"], 1):
                await peer.say(case["frame"])
                told = await peer.hear()
                assert holds(told, {"type": "ack", "frames": count, "stored": count}), (case, told)

    room = play(script)
    assert [v for _, _, v in room.named()[:4]] == [1.0, 1.0, 2.0, 1e300]
    assert room.stored().q[4] == 0
    assert [path for path, _, _ in room.named()][5:] == ["mill-1/kiln/output", "mill-1/output"]


@pytest.mark.parametrize("case", _load("binary.json")["cases"], ids=lambda case: case["name"])
def test_binary_and_text_frames_say_the_same(case: dict[str, Any]) -> None:
    (one,), (other,) = wire.decode(bytes.fromhex(case["hex"])), wire.decode(case["text"])
    assert type(one) is type(other)
    if isinstance(one, wire.Batch) and isinstance(other, wire.Batch):
        assert (one.seq, wire.names(one)) == (other.seq, wire.names(other))
        assert np.array_equal(one.v, other.v)
        assert np.array_equal(one.t_ms, other.t_ms)
    else:
        assert one == other
