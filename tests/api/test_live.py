"""The live feed over real sockets."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from opsroom.api import create_api
from opsroom.model import Role
from opsroom.records import Acknowledge
from opsroom.settings import Limits
from tests.api.doors import SEATS, cookie_of, served
from tests.api.small_room import HEAT, MILL, OUTPUT, START, SmallRoom

Open = Callable[..., contextlib.AbstractAsyncContextManager[ClientConnection]]


def told(story: Callable[[SmallRoom, Open], Awaitable[None]], **limits: float) -> None:
    """Run a story against a served small room; `open_(person)` gives a connected socket."""

    async def inner() -> None:
        room = SmallRoom(Limits(**limits))
        for person, (role, unit_id) in SEATS.items():
            await room.seat(person, role, unit_id)
        async with served(create_api(room)) as host:

            @contextlib.asynccontextmanager
            async def open_(
                person: str = "mill-operator",
                *,
                origin: str | None = "own",
                cookie: str | None = None,
            ) -> AsyncIterator[ClientConnection]:
                sent = cookie if cookie is not None else await cookie_of(room, person)
                async with connect(
                    f"ws://{host}/api/v1/feed",
                    additional_headers={"Cookie": sent},
                    origin=f"http://{host}" if origin == "own" else origin,  # type: ignore[arg-type]
                    max_size=None,
                    proxy=None,
                    close_timeout=0.5,
                ) as opened:
                    yield opened

            await story(room, open_)

    asyncio.run(inner())


async def ask(feed: ClientConnection, **wanted: Any) -> dict[str, Any]:
    await feed.send(json.dumps({"type": "subscribe", **wanted}))
    return await frame_of(feed)


async def frame_of(feed: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        frame: dict[str, Any] = json.loads(await feed.recv())
        return frame


async def closing(feed: ClientConnection, within_s: float = 5.0) -> int:
    """Read until it is closed; give the close code."""
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(within_s):
            while True:
                await feed.recv()
    assert feed.close_code is not None
    return feed.close_code


def test_snapshot_then_changes() -> None:
    async def story(room: SmallRoom, open_: Open) -> None:
        async with open_() as feed:
            first = await ask(feed, series=[HEAT])
            assert (first["type"], first["unit"]["path"], first["me"]["person"]) == (
                "snapshot",
                "energy/mill",
                "mill-operator",
            )
            room.reading(HEAT, START, 20.0)
            frame = await frame_of(feed)
            assert (frame["type"], frame["values"][str(HEAT)][1]) == ("changes", 20.0)
            assert frame["trails"] == {str(HEAT): [[START // 1000, 20.0]]}
            assert room.view.present == {6: 1}
        for _ in range(100):
            if not room.view.present:
                break
            await asyncio.sleep(0.01)
        assert not room.view.present

    told(story)


def test_an_alert_reaches_its_unit_at_once_and_counts_as_delivered() -> None:
    async def story(room: SmallRoom, open_: Open) -> None:
        async with open_() as mill, open_("branch-operator") as branch:
            await ask(mill)
            await ask(branch)
            clock = asyncio.get_running_loop().time
            begun, alert_id = clock(), room.raise_alert(OUTPUT)
            frame = await frame_of(mill)
            assert clock() - begun < 0.25
            assert [alert["id"] for alert in frame["alerts"]] == [alert_id]
            frame = await frame_of(mill)
            assert frame["alerts"][0]["delivered"] is not None
            assert room.delivered_ids == [alert_id]
            assert (await frame_of(branch))["alerts"] == []

    told(story)


def test_two_viewers_see_the_winners_name() -> None:
    async def story(room: SmallRoom, open_: Open) -> None:
        alert_id = room.raise_alert(OUTPUT)
        async with open_("mill-operator") as one, open_("mill-observer") as two:
            await ask(one)
            await ask(two)
            await room.act(
                Acknowledge(alert_id=alert_id, person="mill-operator", seat_id=6, unit_id=3, key="k")
            )
            for feed in (one, two):
                frame = await frame_of(feed)
                while not frame["alerts"] or frame["alerts"][0]["unacked"]:
                    frame = await frame_of(feed)
                assert frame["alerts"][0]["acknowledgements"][0]["person"] == "mill-operator"

    told(story)


@pytest.mark.parametrize("cookie", ["", "__Host-opsroom=wrong"])
def test_nobody_is_closed_with_4401(cookie: str) -> None:
    async def story(room: SmallRoom, open_: Open) -> None:
        async with open_(cookie=cookie) as feed:
            assert await closing(feed) == 4401

    told(story)


def test_another_sites_page_does_not_get_in_and_no_origin_is_not_allowed() -> None:
    async def story(room: SmallRoom, open_: Open) -> None:
        with pytest.raises(InvalidStatus) as caught:
            async with open_(origin="http://elsewhere.example"):
                pass
        assert caught.value.response.status_code == 403
        async with open_(origin=None) as feed:
            assert await closing(feed) == 4403

    told(story)


def test_a_session_that_ends_closes_the_feed() -> None:
    async def story(room: SmallRoom, open_: Open) -> None:
        async with open_() as feed:
            await ask(feed)
            room.clock.advance(13 * 3600)
            assert await closing(feed) == 4401

    told(story)


def test_a_seat_that_changed_gets_a_new_picture() -> None:
    async def story(room: SmallRoom, open_: Open) -> None:
        room.raise_alert(OUTPUT)
        async with open_() as feed:
            assert (await ask(feed))["alerts"][0]["may_acknowledge"]
            seat = room.access.seats()[5]
            room.store.access.put_seat(type(seat)(seat.id, seat.person, Role.OBSERVER, seat.unit_id))
            await room.access.load()
            frame = await frame_of(feed)
            while frame["type"] != "snapshot":
                frame = await frame_of(feed)
            assert not frame["alerts"][0]["may_acknowledge"]

    told(story)


def test_looking_elsewhere_and_resuming() -> None:
    async def story(room: SmallRoom, open_: Open) -> None:
        async with open_("branch-operator") as feed:
            first = await ask(feed)
            below = await ask(feed, unit="energy/mill")
            assert (below["type"], below["unit"]["path"]) == ("snapshot", "energy/mill")
            assert [a["path"] for a in below["ancestors"]] == ["", "energy"]
        room.reading(OUTPUT, START, 1.0)
        async with open_("branch-operator") as feed:
            frame = await ask(feed, revision=below["revision"], boot=first["boot"])
            assert (frame["type"], frame["from"]) == ("changes", below["revision"])
            frame = await ask(feed, revision=below["revision"], boot="another")
            while frame["type"] != "snapshot":
                frame = await frame_of(feed)
            await feed.send(json.dumps({"type": "subscribe", "unit": ""}))
            assert await closing(feed) == 4403

    told(story)


def test_who_says_nothing_or_nonsense_is_closed() -> None:
    async def story(room: SmallRoom, open_: Open) -> None:
        async with open_() as feed:
            assert await closing(feed) == 4408
        async with open_() as feed:
            await ask(feed)
            for frame in ("pong", "[]", '{"type":"subscribe","series":"x"}', '{"type":1}', "{}"):
                await feed.send(frame)
            assert await closing(feed) == 1008
        async with open_() as feed:
            await feed.send('{"type":"subscribe","unit":"' + "x" * 70_000 + '"}')
            assert await closing(feed) == 1009
        async with open_() as feed:
            await feed.send('{"type":"pong"}')
            await ask(feed)

    told(story, hello_s=0.3, malformed_frames_max=5)


def test_a_screen_that_reads_nothing_is_closed_and_holds_up_nobody() -> None:
    """Drive the application as a server under back pressure does: its `send` waits until there is room."""

    async def inner() -> None:
        room = SmallRoom(Limits(viewer_stalled_s=0.3))
        await room.seat("mill-operator", Role.OPERATOR, MILL)
        cookie = await cookie_of(room, "mill-operator")
        come = asyncio.Queue[dict[str, Any]]()
        come.put_nowait({"type": "websocket.connect"})
        come.put_nowait({"type": "websocket.receive", "text": '{"type":"subscribe"}'})
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            if message["type"] == "websocket.send" and len(sent) > 1:
                await asyncio.Event().wait()
            sent.append(message)

        host = (b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1"), (b"cookie", cookie.encode())
        scope = {
            "type": "websocket",
            "path": "/api/v1/feed",
            "query_string": b"",
            "headers": host,
            "scheme": "ws",
        }
        good = room.view.subscribe(room.access.seats()[0])
        good.snapshot()
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(create_api(room)(scope, come.get, send))
            await asyncio.sleep(0.05)
            room.raise_alert(HEAT)
            assert len(json.loads(await good.changes())["alerts"]) == 1
        assert [message["type"] for message in sent] == [
            "websocket.accept",
            "websocket.send",
            "websocket.close",
        ]
        assert sent[-1]["code"] == 1013
        assert room.view.present == {1: 1}
        good.close()

    asyncio.run(inner())
