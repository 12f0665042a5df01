"""What a sender that goes on without credit may cost the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from opsroom.settings import Limits

HELLO = {"type": "hello", "protocol": 1, "source": "mill-1"}


def batch(seq: int) -> dict[str, Any]:
    return {"type": "batch", "seq": seq, "t": 1_000 * seq, "s": ["output"], "v": [1.0]}


def test_a_full_sender_that_goes_on_without_credit_is_not_read_until_the_room_is_level(
    play: Callable[..., Any], make_room: Any
) -> None:
    """What is stored while the room is behind its log waits before every press."""

    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say(HELLO)
            await peer.hear()
            served.room.lag_s = 1.0
            await peer.say(batch(1))
            assert (await peer.hear_until(stored_seq=1))["credit_bytes"] == 0
            for seq in range(2, 202):
                await peer.say(batch(seq))
            await asyncio.sleep(0.5)
            assert len(served.room.stored()) < 100, "two hundred batches are more than its share"
            served.room.lag_s = 0.0
            await peer.hear_until(stored_seq=201)

    room = play(script, make_room(Limits(inflight_bytes=2_000)))
    assert len(room.stored()) == 201
