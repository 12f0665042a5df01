"""Real receivers that answer 500, hang, redirect or are away: all arrives, under one id each."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.errors import SettingsError, StoreError
from opsroom.notices import Delivery
from opsroom.notify import open_channels
from opsroom.notify.channel import Undelivered
from opsroom.notify.retry import after_failure, pause_s
from opsroom.settings import NotifySection
from tests.notify import servers, world
from tests.notify.world import FIRST_LINE, START, S, World

HOOK = {"name": "hook", "channel": "webhook", "to": "", "below": True}


def to(receiver: servers.Receiver, **more: object) -> dict[str, object]:
    return {**HOOK, "to": receiver.url, **more}


def run(tmp_path: Path, scene: object) -> None:
    """Run one scene on an event loop of its own, with a limit."""

    async def limited() -> None:
        async with asyncio.timeout(50):
            await scene(tmp_path)  # type: ignore[operator]

    asyncio.run(limited())


def test_a_receiver_down_for_ten_minutes_gets_everything_under_one_id_each(tmp_path: Path) -> None:
    async def scene(folder: Path) -> None:
        async with servers.http() as receiver:
            receiver.status = 500
            here = World(world.settings(to(receiver), wait_s=0), folder, lines=20)
            await here.notifier.start()
            for minute in range(10):
                for n in (0, 1):
                    here.commit(here.raised(FIRST_LINE + 2 * minute + n))
                if minute == 5:
                    await here.restarted()
                await here.passing(60, step_s=15)
            wanted = {one.notice.id for one in here.store.outbox.letters("waiting")}
            assert len(wanted) == 20
            assert len(receiver.posts) < 20 * 12
            tried = len(receiver.posts)
            receiver.status = 200
            await here.restarted()
            await here.passing(400, step_s=20)
            arrived = Counter(receiver.ids[tried:])
            assert set(arrived) == wanted
            assert max(arrived.values()) == 1
            assert here.waiting() == 0
            assert set(receiver.ids) == wanted
            here.store.close()

    run(tmp_path, scene)


def test_a_stop_between_sending_and_noting_repeats_under_the_same_id(tmp_path: Path) -> None:
    async def scene(folder: Path) -> None:
        async with servers.http() as receiver:
            here = World(world.settings(to(receiver), wait_s=0), folder)
            await here.notifier.start()
            here.commit(here.raised(FIRST_LINE))
            await here.notifier.read()
            (row,) = here.store.outbox.letters("waiting")
            await here.notifier.deliver("hook")
            here.store.outbox.put(row)  # as the store stands when the process ends before noting it
            await here.restarted()
            await here.turn()
            assert receiver.ids == [row.notice.id] * 2
            here.store.close()

    run(tmp_path, scene)


def test_edges_committed_while_nobody_read_are_told_after_a_restart_and_only_once(tmp_path: Path) -> None:
    async def scene(folder: Path) -> None:
        async with servers.http() as receiver:
            here = World(world.settings(to(receiver)), folder)
            here.commit(here.raised(FIRST_LINE + 2))  # before anybody was to be told: not news
            await here.notifier.start()
            here.commit(here.raised(FIRST_LINE))
            await here.restarted()
            await here.turn()
            here.commit(here.raised(FIRST_LINE + 1))
            await here.restarted()  # with a group open
            await here.passing(2_000, step_s=20)
            await here.restarted()
            await here.turn()
            series = sorted(
                alert["series"] for post in receiver.posts for alert in post.event["data"]["alerts"]
            )
            assert series == [f"site/line{FIRST_LINE}/power", f"site/line{FIRST_LINE + 1}/power"]
            here.store.close()

    run(tmp_path, scene)


def test_one_that_hangs_delays_no_other(tmp_path: Path) -> None:
    async def scene(_: Path) -> None:
        async with servers.http() as slow, servers.http() as quick, servers.smtp() as mail:
            mail.hangs = slow.hangs = True
            routes = [
                to(slow, name="slow"),
                {"name": "mail", "channel": "email", "to": "a@example.org", "below": True},
                to(quick, name="quick"),
            ]
            made = world.settings(
                *routes,
                wait_s=0,
                timeout_s=1.0,
                smtp={"host": "127.0.0.1", "port": mail.port, "tls": "none"},
            )
            here = World(made, lines=5)
            await here.notifier.start()
            async with asyncio.TaskGroup() as group:
                task = group.create_task(here.notifier.run())
                here.commit(here.raised(FIRST_LINE))
                begun = asyncio.get_running_loop().time()
                while not quick.posts:  # noqa: ASYNC110 - a server in this test, not an event
                    await asyncio.sleep(0.01)
                assert asyncio.get_running_loop().time() - begun < 0.9
                while len(here.store.outbox.letters("waiting")) != 2 or not all(  # noqa: ASYNC110 - as above
                    one.attempts for one in here.store.outbox.letters("waiting")
                ):
                    await asyncio.sleep(0.05)
                task.cancel()
            reasons = {one.notice.receiver: one.reason for one in here.store.outbox.letters("waiting")}
            assert set(reasons) == {"slow", "mail"}
            assert all(reason.startswith("receiver_timeout") for reason in reasons.values())

    run(tmp_path, scene)


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        (302, "receiver_redirects", "dead"),
        (410, "receiver_refused", "dead"),
        (429, "receiver_failed", "waiting"),
        (500, "receiver_failed", "waiting"),
    ],
)
def test_what_a_receiver_answers_is_named(tmp_path: Path, status: int, code: str, state: str) -> None:
    async def scene(_: Path) -> None:
        async with servers.http() as receiver, servers.http() as elsewhere:
            receiver.status = status
            receiver.headers = {"Location": elsewhere.url, "Retry-After": "120"}
            here = World(world.settings(to(receiver), wait_s=0))
            await here.notifier.start()
            here.commit(here.raised(FIRST_LINE))
            await here.turn()
            (letter,) = here.store.outbox.letters(state)
            assert letter.reason.startswith(code)
            assert elsewhere.posts == []
            if state == "waiting":
                assert letter.due == START + 120 * S
            await here.passing(30)
            assert len(receiver.posts) == 1

    run(tmp_path, scene)


def test_after_the_limit_it_is_a_dead_letter_with_its_reason(tmp_path: Path) -> None:
    async def scene(folder: Path) -> None:
        async with servers.http() as receiver:
            receiver.status = 500
            here = World(world.settings(to(receiver), wait_s=0, give_up_s=600), folder)
            await here.notifier.start()
            here.commit(here.raised(FIRST_LINE))
            await here.passing(700, step_s=5)
            (letter,) = here.store.outbox.letters("dead")
            assert letter.reason == "receiver_failed: it answered 500"
            assert letter.attempts == len(receiver.posts) > 4
            assert here.waiting() == 0
            here.store.close()

    run(tmp_path, scene)


def test_a_full_queue_loses_nothing(tmp_path: Path) -> None:
    async def scene(folder: Path) -> None:
        async with servers.http() as receiver:
            receiver.status = 500
            here = World(world.settings(to(receiver), wait_s=0, queue_max=5), folder, lines=40)
            await here.notifier.start()
            for n in range(40):
                here.commit(here.raised(FIRST_LINE + n))
                here.clock.advance(1)
                await here.notifier.read()
            assert here.waiting() == 5
            receiver.status = 200
            await here.passing(10)
            alerts = [a["id"] for post in receiver.posts for a in post.event["data"]["alerts"]]
            assert len(alerts) == len(set(alerts)) == 40
            here.store.close()

    run(tmp_path, scene)


class Refusing:
    """An outbox whose transaction fails a few times, as a store on a full disk does."""

    def __init__(self, outbox: object, times: int) -> None:
        self._outbox, self.left = outbox, times

    def __getattr__(self, name: str) -> object:
        return getattr(self._outbox, name)

    def keep(self, *row: object) -> None:
        if self.left:
            self.left -= 1
            raise StoreError("no space")
        self._outbox.keep(*row)  # type: ignore[attr-defined]


def test_a_store_that_refuses_rows_for_a_while_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async def scene(folder: Path) -> None:
        async with servers.http() as receiver:
            here = World(world.settings(to(receiver)), folder)
            await here.notifier.start()
            here.notifier._outbox = Refusing(here.store.outbox, 3)  # type: ignore[assignment]
            here.commit(here.raised(FIRST_LINE), here.raised(FIRST_LINE + 1))
            for _ in range(12):
                here.clock.advance(1)
                try:
                    await here.turn()
                except StoreError:
                    continue
            units = sorted(a["unit"] for post in receiver.posts for a in post.event["data"]["alerts"])
            assert units == [f"site/line{FIRST_LINE}", f"site/line{FIRST_LINE + 1}"]
            here.store.close()

    run(tmp_path, scene)


def test_the_event_is_a_cloudevent_signed_over_its_bytes(tmp_path: Path) -> None:
    async def scene(_: Path) -> None:
        async with servers.http() as receiver:
            here = World(world.settings(to(receiver, secret_env="KEY"), wait_s=0, source="/room/1"))
            await here.notifier.start()
            here.commit(here.raised(FIRST_LINE))
            await here.turn()
            (post,) = receiver.posts
            event = post.event
            assert post.headers["content-type"].startswith("application/cloudevents+json")
            key = here.environ["KEY"].encode()
            assert (
                post.headers["x-opsroom-signature"]
                == "sha256=" + hmac.digest(key, post.body, hashlib.sha256).hex()
            )
            assert {"id", "source", "specversion", "type"} <= set(event)
            assert (event["specversion"], event["source"]) == ("1.0", "/room/1")
            assert event["time"] == "2023-11-14T22:13:20.000+00:00"
            assert all(name.isalnum() and name == name.lower() and len(name) <= 20 for name in event)
            assert event["data"]["alerts"][0]["why"] == [
                f"site/line{FIRST_LINE}/power behaves unlike its own past."
            ]

    run(tmp_path, scene)


@given(st.text(min_size=1, max_size=40), st.integers(1, 2_000))
def test_pauses_grow_stay_within_bounds_and_depend_on_the_id_alone(notice_id: str, attempts: int) -> None:
    pause = pause_s(notice_id, attempts, 5.0, 300.0)
    whole = min(300.0, 5.0 * 2.0 ** min(attempts - 1, 32))
    assert whole / 2 <= pause <= whole
    assert pause == pause_s(notice_id, attempts, 5.0, 300.0)


def test_jitter_spreads_equal_failures() -> None:
    assert len({pause_s(f"n{n}", 3, 5.0, 300.0) for n in range(50)}) == 50


def test_a_receiver_cannot_ask_for_a_pause_without_end() -> None:
    group = world.grouping(world.settings({**HOOK, "to": "http://127.0.0.1/"}, wait_s=0))
    (notice,) = group.step([world.raised(world.catalog(), FIRST_LINE, START)], START, world.catalog(), [])
    asked = Undelivered("later", code="receiver_failed", wait_s=1e9)
    after = after_failure(Delivery(notice=notice, due=START), asked, START, NotifySection())
    assert (after.due, after.state) == (START + 300 * S, "waiting")


@pytest.mark.parametrize(
    ("route", "code"),
    [
        ({**HOOK, "to": "ftp://example.org/x"}, "notify_route_invalid"),
        ({**HOOK, "to": "https://user:word@example.org/x"}, "notify_route_invalid"),
        ({**HOOK, "to": "http://127.0.0.1/", "channel": "pigeon"}, "notify_route_invalid"),
        ({**HOOK, "to": "http://127.0.0.1/", "secret_env": "NOT_SET"}, "notify_secret_missing"),
        ({**HOOK, "to": "nobody", "channel": "email"}, "notify_route_invalid"),
    ],
)
def test_a_receiver_that_cannot_be_used_stops_the_start(route: dict[str, object], code: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_channels(world.settings(route).notify, {})
    assert refused.value.code == code
    assert "word@" not in str(refused.value)


def test_two_receivers_of_one_name_are_refused() -> None:
    route = {**HOOK, "to": "http://127.0.0.1/"}
    with pytest.raises(SettingsError) as refused:
        open_channels(world.settings(route, route).notify, {})
    assert refused.value.code == "notify_route_invalid"
