"""The gateway on a real server: credentials, close codes, epochs, credit, and what is in the log."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import websockets

from ingest.handshake import credential, same_origin
from opsroom.clock import wall_now
from opsroom.errors import StoreFull
from opsroom.log import open_log
from opsroom.log.memory import MemoryLog
from opsroom.records import Entry, RecordKind, SeriesSet
from opsroom.settings import Limits

HELLO = {"type": "hello", "protocol": 1, "source": "mill"}


def _batch(seq: int, value: float = 1.0, **more: Any) -> dict[str, Any]:
    return {"type": "batch", "seq": seq, "t": 1_000 * seq, "s": ["output"], "v": [value], **more}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer wrong", 4401),
        ("Basic " + base64.b64encode(b"plant:wrong").decode(), 4401),
        ("Digest what", 4401),
        ("Bearer gone-token", 4403),
    ],
)
def test_a_wrong_credential_is_told_and_closed(header: str, code: int, play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer(None, additional_headers={"Authorization": header}) as peer:
            assert (await peer.hear())["code"] in {"token_invalid", "token_unit_gone"}
            assert await peer.closed() == code

    assert not play(script).log.last_offset


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"type": "hello", "token": "wrong"}, 4401),
        ({"type": "hello", "protocol": 1, "source": "x"}, 4401),
        ({"series": "output", "value": 1}, 4408),
        ({"type": "bye"}, 4408),
    ],
)
def test_a_stranger_must_say_hello(first: dict[str, Any], code: int, play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer(None) as peer:
            await peer.say(first)
            assert await peer.closed() == code

    assert not play(script).log.last_offset


@pytest.mark.parametrize(
    "header", ["Bearer mill-token", "Token mill-token", "Basic " + base64.b64encode(b":mill-token").decode()]
)
def test_every_kind_of_credential_is_taken(header: str, play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer(None, additional_headers={"Authorization": header}) as peer:
            await peer.say({"series": "output", "value": 1})
            assert (await peer.hear())["stored"] == 1

    play(script)


def test_hello_without_protocol_only_identifies(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer(None) as peer:
            await peer.say({"type": "hello", "token": "wind-token"})
            await peer.say({"series": "a.b", "value": 1})
            assert (await peer.hear())["frames"] == 1
            await peer.say(HELLO)
            assert (await peer.hear())["code"] == "form_mixed"

    assert [path for path, _, _ in play(script).named()] == ["wind/a.b"]


def test_silence_before_hello_is_closed(play: Callable[..., Any], make_room: Any) -> None:
    async def script(served: Any) -> None:
        async with served.peer(None) as peer:
            assert await peer.closed() == 4408

    play(script, make_room(Limits(hello_s=0.1)))


def test_frames_too_large_are_closed(play: Callable[..., Any], make_room: Any) -> None:
    async def script(served: Any) -> None:
        async with served.peer(None) as peer:
            await peer.say(json.dumps({"type": "hello", "token": "x" * 70_000}))
            assert await peer.closed() == 1009
        async with served.peer() as peer:
            await peer.say(json.dumps({"series": "output", "value": 1, "x": "y" * 200_000}))
            assert await peer.closed() == 1009

    play(script, make_room(Limits(frame_bytes_max=100_000)))


def test_ten_malformed_frames_end_a_connection_and_keep_what_was_good(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say('{"series":"output","value":1}')
            for _ in range(9):
                await peer.say("{")
            await peer.say('{"series":"output","value":2}')
            await peer.say("{")
            await peer.say('{"series":"output","value":3}')
            assert await peer.closed() == 1008

    assert [v for _, _, v in play(script).named()] == [1.0, 2.0]


def test_a_browser_of_another_host_is_refused(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        with pytest.raises(websockets.InvalidStatus) as caught:
            async with served.peer(origin="https://elsewhere.example"):
                pass
        assert caught.value.response.status_code == 403
        async with served.peer(origin=f"http://127.0.0.1:{served.port}") as peer:
            await peer.say({"series": "output", "value": 1})
            assert (await peer.hear())["stored"] == 1

    play(script)
    assert not same_origin("null", "room:8040")
    assert credential("Basic ???") == ""


def test_a_second_hello_of_a_source_takes_over_without_losing_or_doubling(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as first, served.peer() as second, served.peer("wind-token") as other:
            await first.say(HELLO)
            epoch = (await first.hear())["epoch"]
            for seq in (1, 2):
                await first.say(_batch(seq))
            await first.hear_until(stored_seq=2)
            # The same name under another node is another source.
            await other.say(HELLO)
            assert (await other.hear())["stored_seq"] == 0
            await second.say({**HELLO, "epoch": epoch})
            assert (await second.hear())["stored_seq"] == 2
            assert await first.closed() == 4409
            await second.say(_batch(2))
            await second.say(_batch(3))
            await second.hear_until(stored_seq=3)
            await other.say({**_batch(1), "s": ["power"]})
            await other.hear_until(stored_seq=1)

    room = play(script)
    assert sorted(room.stored().t.tolist()) == [1_000_000, 1_000_000, 2_000_000, 3_000_000]


def test_epochs_are_issued_and_old_ones_refused(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say({**HELLO, "epoch": 5})
            assert (await peer.hear())["code"] == "epoch_unknown"
            await peer.say(HELLO)
            assert (await peer.hear())["epoch"] == 1
        async with served.peer() as peer:
            await peer.say(HELLO)
            assert (await peer.hear())["epoch"] == 2
        async with served.peer() as peer:
            await peer.say({**HELLO, "epoch": 1})
            told = await peer.hear()
            assert (told["code"], told["params"]) == ("epoch_old", {"epoch": 2})
            await peer.say({**HELLO, "protocol": 2})
            assert (await peer.hear())["code"] == "protocol_unsupported"
            await peer.say({**HELLO, "source": ""})
            assert (await peer.hear())["code"] == "source_invalid"

    play(script)


def test_many_batches_share_a_commit_and_one_ack(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say(HELLO)
            await peer.hear()
            for seq in range(1, 201):
                await peer.say(_batch(seq, historical=seq > 100))
            await peer.hear_until(stored_seq=200)

    room = play(script)
    records = [r for r in room.log.read(0, 10_000) if r.kind == RecordKind.READINGS]
    assert len(records) < 100
    assert records[-1].seq == 200
    assert len(room.stored()) == 200


def test_credit_is_withheld_while_the_room_is_behind_and_given_back(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer, served.peer() as casual:
            await peer.say(HELLO)
            assert (await peer.hear())["credit_bytes"] > 0
            served.room.lag_s = 1.0
            await peer.say(_batch(1))
            assert (await peer.hear_until(stored_seq=1))["credit_bytes"] == 0
            await casual.say({"series": "output", "value": 1})
            assert (await casual.hear())["stored"] == 1
            await casual.say({"series": "output", "value": 1})
            await asyncio.sleep(0.2)
            assert len(served.room.stored()) <= 3
            served.room.lag_s = 0.0
            assert (await peer.hear_until(type="ack"))["credit_bytes"] > 0
            assert (await casual.hear())["stored"] == 2

    play(script)


def test_the_budget_is_shared_fairly(play: Callable[..., Any], make_room: Any) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as one, served.peer("wind-token") as two:
            await one.say(HELLO)
            await one.hear()
            await two.say(HELLO)
            assert (await two.hear())["credit_bytes"] == 50_000
        async with served.peer(), served.peer(), served.peer() as third:
            assert (await third.hear())["code"] == "busy"
            assert await third.closed() == 1013

    play(script, make_room(Limits(inflight_bytes=100_000, connections_max=2)))


class _FullDisk(MemoryLog):
    """A log whose disk is full until told otherwise."""

    is_full = False

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:
        if self.is_full:
            raise StoreFull("The disk is full.", remedy="Make space.")
        return await super().append(entries, urgent=urgent)


def test_a_full_disk_is_told_and_nothing_is_lost(play: Callable[..., Any], make_room: Any) -> None:
    log = _FullDisk()

    async def script(served: Any) -> None:
        async with served.peer() as peer, served.peer() as other:
            await peer.say(HELLO)
            await peer.hear()
            log.is_full = True
            await peer.say({**_batch(1), "s": ["new.series"]})
            assert (await peer.hear(1.0))["code"] == "storage_full"
            await other.say({"series": "new.series", "value": 2})
            assert (await other.hear(1.0))["code"] == "storage_full"
            log.is_full = False
            await peer.hear_until(stored_seq=1)
            await other.hear_until(stored=1)

    room = play(script, make_room(log=log))
    assert len(room.stored()) == 2
    # The series stands in the log before its first reading, once.
    kinds = [record.kind for record in log.read(0)]
    assert kinds.index(RecordKind.CONFIG) < kinds.index(RecordKind.READINGS)
    assert sum(isinstance(change, SeriesSet) for change in room.config()) == 1


def test_unknown_series_are_kept_for_adoption_up_to_a_limit(play: Callable[..., Any], make_room: Any) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say([{"series": f"probe/{n}", "value": n, "unit": "degC"} for n in range(5)])
            told = await peer.hear()
            assert (told["stored"], told["refused"]) == (3, 2)
            assert {one["code"] for one in told["refusals"]} == {"series_limit"}

    room = play(script, make_room(Limits(series_per_source=3)))
    made = room.catalog.resolve(2, "probe/1")
    assert (made.unit, made.unit_verified, made.adopted) == ("Cel", True, False)


def test_a_revoked_token_is_cut(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say({"series": "output", "value": 1})
            await peer.hear()
            del served.room.tokens.known["mill-token"]
            assert await peer.closed(2.0) == 4401

    play(script)


def test_alerts_come_down_casual_sockets_too_and_answers_name_errors(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say({"series": "output", "value": 1})
            await peer.hear()
            served.room.plants.all[0].waiting.put_nowait({"type": "alert", "id": "1-1"})
            assert (await peer.hear()) == {"type": "alert", "id": "1-1"}
            for frame, code in (
                ({"type": "recovering", "alert": "none"}, "not_found"),
                ({"type": "recovering", "alert": "x", "until": "soon"}, "time_invalid"),
                ({"type": "recovering", "alert": "x", "note": "n" * 3_000}, "note_too_long"),
                ({"type": "press", "indicator": "nothing"}, "indicator_unknown"),
            ):
                await peer.say(frame)
                assert (await peer.hear())["code"] == code

    room = play(script)
    assert room.plants.all[0].unit_id == 2
    assert room.acts == []


def test_readings_without_a_time_keep_their_order(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with served.peer() as peer:
            await peer.say("\n".join(f'{{"series":"output","value":{n}}}' for n in range(500)))
            await peer.hear_until(stored=500)

    stored = play(script).stored()
    assert (np.diff(stored.t) > 0).all()
    assert stored.v.tolist() == [float(n) for n in range(500)]


def test_the_log_keeps_what_a_crash_must_not_double(
    play: Callable[..., Any], make_room: Any, tmp_path: Path
) -> None:
    limits = Limits()

    async def send(served: Any, epoch: int | None, first: int, last: int) -> int:
        async with served.peer() as peer:
            await peer.say({**HELLO, **({"epoch": epoch} if epoch else {})})
            welcome = await peer.hear()
            for seq in range(first, last + 1):
                await peer.say({**_batch(seq), "s": ["output", "stock"], "v": [1.0, None], "t": 1_000 * seq})
            await peer.hear_until(stored_seq=last)
            given: int = welcome["epoch"]
            return given

    epoch = 0

    async def one(served: Any) -> None:
        nonlocal epoch
        epoch = await send(served, None, 1, 5)

    async def two(served: Any) -> None:
        await send(served, epoch, 3, 8)
        async with served.peer() as peer:
            await peer.say({**HELLO, "epoch": epoch})
            await peer.hear()
            await peer.say(_batch(4))
            told = await peer.hear()
            # The answer of then, from the log of a room that has ended since.
            assert told["refusals"][0]["code"] == "null_needs_bad_quality"

    url = f"sqlite:///{tmp_path}/log.db"
    times: list[int] = []
    for script in (one, two):
        log = open_log(url, limits, 0.0)
        room = play(script, make_room(log=log))
        times = room.stored().t.tolist()
        log.close()
    assert times == [1_000_000 * n for n in range(1, 9)]


def test_a_wall_clock_set_back_refuses_no_plant(make_room: Any, serving: Any) -> None:
    room = make_room()
    wall = [wall_now()]

    async def script() -> None:
        async with serving(room, wall=lambda: wall[0]) as served, served.peer() as peer:
            await peer.say({"series": "output", "value": 1})
            wall[0] -= 3_600_000_000
            await peer.say({"series": "output", "value": 2, "ts": wall_now() // 1000})
            while (await peer.hear())["stored"] < 2:
                pass
            await peer.say({"series": "output", "value": 3, "ts": wall_now() // 1000 + 600_000})
            assert (await peer.hear_until(type="ack"))["refusals"][0]["code"] == "too_far_ahead"

    asyncio.run(script())
    assert [value for _, _, value in room.named()] == [1, 2]
