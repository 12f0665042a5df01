"""The whole product: Alertmanager in, an alert in the journal, a notification out; over real sockets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx

from opsroom.access.hashes import hash_of
from opsroom.alarm import Rota
from opsroom.clock import wall_now
from opsroom.main import build, run
from opsroom.model import Role, Unit
from opsroom.records import AnyConfig, RotaSet, UnitSet
from opsroom.seats import PlantToken, Seat
from opsroom.settings import Settings
from tests.notify import servers
from tests.notify.test_alertmanager import alert, payload

TOKEN = "a-token-of-the-site"
ANNA = 1
TREE: list[AnyConfig] = [
    UnitSet(Unit(id=1, root_id=1, parent_id=None, path="", name="E", level_name="root", depth=0)),
    UnitSet(Unit(id=2, root_id=1, parent_id=1, path="site", name="site", level_name="site", depth=1)),
    RotaSet(Rota(unit_id=2, steps=((ANNA,),))),
]


def settings_of(folder: Path, hook: str, alive: str, phone: str) -> Settings:
    route = {"name": "hook", "channel": "webhook", "to": hook, "below": True, "priority_max": 3}
    anna = {"name": "anna", "channel": "webhook", "to": phone, "unit": "site", "seat": "anna"}
    return Settings.model_validate(
        {
            "server": {"port": 0},
            "store": {"url": f"sqlite:///{folder}/store.db"},
            "log": {"url": f"sqlite:///{folder}/log.db"},
            "room": {
                "economy": str(folder / "none.toml"),
                "rules": str(folder / "rules"),
                "detection": False,
            },
            "notify": {"wait_s": 0.2, "route": [route, anna], "watchdog": {"url": alive, "every_s": 0.2}},
        }
    )


async def until(done: Any, within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not done():  # noqa: ASYNC110 - servers of this test, no event between them
            await asyncio.sleep(0.05)


def test_an_alert_of_another_system_comes_in_and_a_notification_goes_out(tmp_path: Path) -> None:
    async def scene() -> None:
        async with servers.http() as hook, servers.http() as alive, servers.http() as phone:
            made = settings_of(tmp_path, hook.url, alive.url, phone.url)
            app = build(made, changes=TREE, screens=False)
            assert app.store.access.put_seat(Seat(0, "anna", Role.OPERATOR, 2)).id == ANNA
            app.store.access.put_token(PlantToken(hash_of(TOKEN), 2, "am", wall_now()))
            stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
            async with asyncio.TaskGroup() as group:
                group.create_task(run(app, stop=stop, on_ready=ready.set_result))
                url = await ready + "/api/v1/receive/alertmanager"
                async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
                    fired = await client.post(url, content=payload(alert()))
                    again = await client.post(url, content=payload(alert()))
                    assert (fired.status_code, fired.json()) == (200, {"alerts": 1, "series": 1})
                    assert again.status_code == 200
                    await until(lambda: hook.posts and phone.posts)
                    ended = await client.post(url, content=payload(alert("resolved")))
                    assert ended.status_code == 200
                    await until(lambda: len(hook.posts) == 2)
                    bad = await client.post(url, content=b"{}")
                    assert (bad.status_code, bad.json()["error"]["code"]) == (422, "alertmanager_invalid")
                async with httpx.AsyncClient() as stranger:
                    shut = await stranger.post(url, content=payload(alert()))
                    assert (shut.status_code, shut.json()["error"]["code"]) == (401, "token_unknown")
                await until(lambda: alive.posts)
                stop.set()
            kinds = [(p.event["data"]["kind"], p.event["data"]["alerts"][0]["series"]) for p in hook.posts]
            assert kinds == [
                ("raised", "site/alertmanager/DiskFull"),
                ("recovered", "site/alertmanager/DiskFull"),
            ]
            why = hook.posts[0].event["data"]["alerts"][0]["why"][0]
            assert why == "site/alertmanager/DiskFull: a system outside reports that it fires."
            calls = [(post.event["data"]["kind"], post.event["data"]["person"]) for post in phone.posts]
            assert calls == [("called", "anna")]
            assert "s3cret" not in json.dumps([post.event for post in hook.posts])

    asyncio.run(scene())
