"""What came in one frame behind a batch that was not taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

HELLO = {"type": "hello", "protocol": 1, "source": "mill"}


def batch(seq: int, **more: Any) -> dict[str, Any]:
    return {"type": "batch", "seq": seq, "t": 1_000 * seq, "s": ["output"], "v": [1.0], **more}


@pytest.mark.parametrize("behind", [batch(2), {"type": "gap", "from_seq": 2, "to_seq": 4, "reason": "full"}])
def test_what_stands_behind_a_malformed_batch_in_one_frame_is_not_taken(
    behind: dict[str, Any], play: Callable[..., Any]
) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say(HELLO)
            await peer.hear()
            await peer.say("\n".join(json.dumps(one) for one in (batch(1, s=["output", "other"]), behind)))
            assert (await peer.hear())["type"] == "error"
            assert await peer.hear() == {"type": "seq_gap", "expected": 1, "seq": 2}
            for seq in (1, 2):
                await peer.say(batch(seq))
            await peer.hear_until(stored_seq=2)

    room = play(script)
    assert len(room.stored()) == 2
