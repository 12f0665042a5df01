"""Credit that is withheld comes back, whatever the answer was that told of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HELLO = {"type": "hello", "protocol": 1, "source": "mill"}
BATCH = {"type": "batch", "seq": 1, "s": ["output"], "t": [1_700_000_000_000], "v": [1.0]}


def test_a_plant_that_comes_while_the_room_is_behind_gets_its_credit_later(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            served.room.lag_s = 1.0
            await peer.say(HELLO)
            assert (await peer.hear_until(type="welcome"))["credit_bytes"] == 0
            served.room.lag_s = 0.0
            assert (await peer.hear_until(type="ack"))["credit_bytes"] > 0

    play(script)


def test_a_batch_sent_again_while_the_room_is_behind_gets_its_credit_later(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say(HELLO)
            await peer.say(BATCH)
            assert (await peer.hear_until(stored_seq=1))["credit_bytes"] > 0
            served.room.lag_s = 1.0
            await peer.say(BATCH)
            assert (await peer.hear_until(seq=1))["credit_bytes"] == 0
            served.room.lag_s = 0.0
            assert (await peer.hear_until(type="ack"))["credit_bytes"] > 0

    play(script)
