"""`opsroom notify`: try a receiver, list dead letters, have them tried again."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from opsroom.cli import app
from tests.notify import servers, world
from tests.notify.world import FIRST_LINE, World


@pytest.fixture
def receiver() -> Iterator[servers.Receiver]:
    """A receiver on a thread of its own, since verbs run a loop of theirs."""
    got, up, stop = [], threading.Event(), threading.Event()

    async def serve() -> None:
        async with servers.http() as one:
            got.append(one)
            up.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert up.wait(10)
    yield got[0]
    stop.set()
    thread.join(10)


def verb(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["notify", *words, "--settings", str(folder / "opsroom.toml"), "--json"])


def configured(folder: Path, url: str) -> None:
    (folder / "opsroom.toml").write_text(
        f'[store]\nurl = "sqlite:///{folder}/store.db"\n'
        "[notify]\nexercise = true\n"
        f'[[notify.route]]\nname = "hook"\nchannel = "webhook"\nto = "{url}"\nbelow = true\n',
        encoding="utf-8",
    )


def test_a_test_goes_out_at_once_and_says_what_came_back(tmp_path: Path, receiver: servers.Receiver) -> None:
    configured(tmp_path, receiver.url)
    sent = verb(tmp_path, "test", "hook")
    assert sent.exit_code == 0, sent.output
    (post,) = receiver.posts
    assert post.event["id"] == json.loads(sent.stdout)["id"]
    assert (post.event["type"], post.event["exercise"]) == ("io.opsroom.notice.test", True)
    receiver.status = 302
    refused = verb(tmp_path, "test", "hook")
    assert (refused.exit_code, "receiver_redirects" in refused.output) == (1, True)
    assert "notify_route_unknown" in verb(tmp_path, "test", "nobody").output


def test_a_dead_letter_is_listed_and_tried_again_under_its_id(tmp_path: Path) -> None:
    async def died() -> str:
        async with servers.http() as hook:
            hook.status = 410
            here = World(
                world.settings(
                    {"name": "hook", "channel": "webhook", "to": hook.url, "below": True}, wait_s=0
                ),
                tmp_path,
            )
            await here.notifier.start()
            here.commit(here.raised(FIRST_LINE))
            await here.turn()
            here.store.close()
            return hook.ids[0]

    notice_id = asyncio.run(died())
    configured(tmp_path, "http://127.0.0.1:9/")
    (row,) = json.loads(verb(tmp_path, "dead").stdout)
    assert (row["id"], row["reason"]) == (notice_id, "receiver_refused: it answered 410")
    assert "notice_unknown" in verb(tmp_path, "retry", "no-such").output
    assert json.loads(verb(tmp_path, "retry", "--all", "--route", "other").stdout) == []
    assert json.loads(verb(tmp_path, "retry", notice_id).stdout) == [notice_id]
    assert json.loads(verb(tmp_path, "dead").stdout) == []

    async def arrives() -> None:
        async with servers.http() as hook:
            here = World(
                world.settings({"name": "hook", "channel": "webhook", "to": hook.url, "below": True}),
                tmp_path,
            )
            await here.notifier.start()
            await here.turn()
            assert hook.ids == [notice_id]
            here.store.close()

    asyncio.run(arrives())
