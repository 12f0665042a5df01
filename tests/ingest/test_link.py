"""The client against the real gateway: nothing lost over outages, refusals counted, alerts heard."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.link import Link, LinkError, SeriesDeclared
from ingest.wire import PressTold, RecoveringTold
from opsroom.clock import ManualClock
from opsroom.model import QUALITY_BAD
from opsroom.records import Press, Recovering
from opsroom.settings import Limits

T0 = 1_700_000_000_000_000


def test_a_link_sends_declares_and_waits_for_the_last_ack(play: Callable[..., Any], tmp_path: Path) -> None:
    refused: list[Any] = []

    async def script(served: Any) -> None:
        async with Link(
            served.url,
            "mill",
            "mill-token",
            tmp_path / "outbox",
            on_refused=lambda seq, why: refused.append((seq, why)),
        ) as link:
            await link.declare([SeriesDeclared("output", 7, "t/h", 60.0), SeriesDeclared("stock", unit="m3")])
            await link.send([7, "stock"], T0, [1.5, 2.0])
            await link.send(7, np.array([T0 + 1_000, T0 + 2_000]), [3.0, None])
            await link.flush()
            assert link.stats.stored_seq == 2
            assert link.stats.refused == 1

    room = play(script)
    assert room.named()[:2] == [("mill-1/output", T0, 1.5), ("mill-1/output", T0 + 1_000, 3.0)]
    assert list(room.stored().q) == [192, 192, QUALITY_BAD]
    assert refused[0][0] == 1
    assert refused[0][1][0]["code"] == "unit_mismatch"
    assert [event.event for event in room.events()] == ["opened", "bye"]


def test_ten_minutes_without_a_server_lose_nothing(tmp_path: Path, make_room: Any, serving: Any) -> None:
    room, clock = make_room(), ManualClock(T0)

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0.001)

    async def script() -> None:
        async with serving(room) as served:
            port = served.port
        async with Link(
            served.url, "mill", "mill-token", tmp_path / "outbox", clock=clock, sleep=sleep, seed=1
        ) as link:
            for number in itertools.count():
                await link.send("output", T0 + number * 1_000_000, float(number))
                await asyncio.sleep(0.0005)
                if clock.now() > T0 + 600_000_000:
                    break
            assert link.stats.connections == 0
            async with serving(room, port):
                await link.flush()
                assert len(link._outbox) == 0
                assert room.stored().v.tolist() == [float(n) for n in range(number + 1)]

    asyncio.run(script())


def test_a_feeder_that_dies_goes_on_where_it_was(play: Callable[..., Any], tmp_path: Path) -> None:
    async def script(served: Any) -> None:
        async def dies() -> None:
            async with Link("ws://127.0.0.1:9/none", "mill", "mill-token", tmp_path / "outbox") as link:
                for number in range(100):
                    await link.send("output", T0 + number * 1_000, float(number))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await dies()
        async with Link(served.url, "mill", "mill-token", tmp_path / "outbox") as link:
            await link.send("output", T0 + 100_000, 100.0)
        async with Link(served.url, "mill", "mill-token", tmp_path / "outbox") as link:
            assert await link.send("output", T0 + 101_000, 101.0) == 102

    room = play(script)
    assert room.stored().v.tolist() == [float(n) for n in range(102)]


def test_a_room_whose_log_began_anew_issues_an_epoch_and_gets_what_is_left(
    tmp_path: Path, make_room: Any, serving: Any
) -> None:
    first, second = make_room(), make_room()

    async def script() -> None:
        async with (
            serving(first) as served,
            Link(served.url, "mill", "mill-token", tmp_path / "outbox") as link,
        ):
            for number in range(5):
                await link.send("output", T0 + number * 1_000, float(number))
        async with (
            serving(second) as served,
            Link(served.url, "mill", "mill-token", tmp_path / "outbox") as link,
        ):
            await link.send("output", T0 + 5_000, 5.0)

    asyncio.run(script())
    assert len(first.stored()) == 5
    assert second.stored().v.tolist() == [5.0]
    assert second.log.source("2:mill").stored_seq == 1


def test_an_outbox_over_its_cap_tells_the_gap(tmp_path: Path, make_room: Any, serving: Any) -> None:
    room = make_room()

    async def script() -> None:
        async with serving(room) as served:
            port = served.port
        async with Link(served.url, "mill", "mill-token", tmp_path / "outbox", outbox_bytes=1_000) as link:
            for number in range(100):
                await link.send("output", T0 + number * 1_000, float(number))
            async with serving(room, port):
                await link.flush()

    asyncio.run(script())
    gap = next(event for event in room.events() if event.event == "gap")
    assert gap.from_seq == 1
    assert gap.reason == "outbox_overflow"
    assert room.stored().v.tolist() == [float(n) for n in range(gap.to_seq, 100)]


def test_a_wrong_token_ends_the_link_with_the_reason(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        with pytest.raises(LinkError) as caught:
            async with Link(served.url, "mill", "wrong") as link:
                await link.send("output", T0, 1.0)
        assert caught.value.code == "token_invalid"

    play(script)


def test_ever_new_names_of_one_unit_are_refused_and_those_known_go_on(
    play: Callable[..., Any], make_room: Any
) -> None:
    """Their numbers are never forgotten, so there is an end to them; another unit has its own."""

    hello = {"type": "hello", "protocol": 1}

    async def script(served: Any) -> None:
        for name in ("a", "b"):
            async with served.peer() as peer:
                await peer.say({**hello, "source": name})
                assert (await peer.hear())["type"] == "welcome"
        async with served.peer() as peer:
            await peer.say({**hello, "source": "c"})
            told = await peer.hear()
            assert (told["code"], told["field"], told["params"]) == ("source_limit", "source", {"limit": 2})
            assert "limits.sources_per_unit" in told["remedy"]
            await peer.say({**hello, "source": "b"})
            assert (await peer.hear())["epoch"] == 2
        async with served.peer("wind-token") as peer:
            await peer.say({**hello, "source": "c"})
            assert (await peer.hear())["epoch"] == 1
        with pytest.raises(LinkError) as ended:
            async with Link(served.url, "d", "mill-token") as link:
                await link.send("output", 1_000, 1.0)
        assert ended.value.code == "source_limit"

    room = play(script, make_room(Limits(sources_per_unit=2)))
    assert room.log.count_sources("2:") == 2


def test_a_link_hears_its_alerts_and_speaks_back(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with Link(served.url, "mill", "mill-token") as link:
            await link.send("output", T0, 1.0)
            await link.flush()
            for level in (0, 1):
                served.room.plants.all[0].waiting.put_nowait({"type": "alert", "id": "1-1", "level": level})
            served.room.plants.all[0].waiting.put_nowait({"type": "decision", "alert": "1-1", "text": "go"})
            heard = []
            async with asyncio.timeout(5):
                async for message in link.alerts():
                    heard.append(message)
                    if message["type"] == "decision":
                        break
                await link.ask(RecoveringTold("1-1", "fitter is there", T0 // 1000), 5)
                await link.ask(PressTold("output", "fire"), 5)
                with pytest.raises(LinkError) as caught:
                    await link.ask(PressTold("no such"), 5)
                assert caught.value.code == "indicator_unknown"
            assert heard[-1]["text"] == "go"
            assert heard[-2]["level"] == 1

    room = play(script)
    (noted, _), (pressed, urgent) = room.acts
    assert noted == Recovering(alert_id="1-1", note="fitter is there", until=T0, person="mill", unit_id=2)
    assert pressed == Press(series_id=1, note="fire", person="mill", unit_id=2)
    assert urgent
