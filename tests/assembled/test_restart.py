"""A room that is killed comes back with everything people and plants had told it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from opsroom.clock import wall_now
from tests.assembled.town import GOOD, Person, Town, eventually, person, town, works
from tests.faults.server import Nursery

HOUR_MS = 3_600_000
WATCHERS = ("chair-1", "shift")


async def wall(home: str) -> dict[str, dict[str, Any]]:
    """Give what each watcher's wall shows and what the feed's first picture shows, by alert."""
    found: dict[str, dict[str, Any]] = {}
    for name in WATCHERS:
        async with person(home, name) as one, one.screen() as screen:
            rows = await one.alerts()
            assert screen.came[0][1]["alerts"] == rows
            found |= {f"{name} {row['series']}": row for row in rows}
    return found


def differences(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Give what differs between two walls, by alert and field."""
    return {
        f"{alert} {name}": (before.get(alert, {}).get(name), after.get(alert, {}).get(name))
        for alert in before | after
        for name in before.get(alert, {}) | after.get(alert, {})
        if before.get(alert, {}).get(name) != after.get(alert, {}).get(name)
    }


async def edges(who: Person, alert: str) -> list[dict[str, Any]]:
    """Give the journal of an alert."""
    rows: list[dict[str, Any]] = (await who.get(f"alerts/{alert}"))["edges"]
    return rows


async def acts(server: Town) -> tuple[str, bytes]:
    """Let every kind of alert stand on the wall; give the one acknowledged with the key, and the answer."""
    async with (
        works(server) as dam,
        person(server.home, "chair-1") as chair,
        person(server.home, "shift") as shift,
    ):
        await dam.breaks("heat", "noise", "wear", "output", "gate")
        decided = (await chair.alert("heat", standing=""))["id"]
        body = {"text": "Cool it.", "addressee": "energy/dam", "followup": wall_now() // 1000 + HOUR_MS}
        assert (await chair.post(f"alerts/{decided}/decide", body)).status_code == 200
        await dam.say(type="recovering", alert=decided, note="valve opened")
        await dam.heard.until(lambda f: f["type"] == "done" and f["alert"] == decided)

        await chair.alert("noise", standing="")
        await dam.measure("noise", GOOD, GOOD)
        await chair.alert("noise", active=False, unacked=True)

        mine = (await shift.alert("output"))["id"]
        answer = await shift.post(f"alerts/{mine}/acknowledge", {"note": "on my way"}, key="one")
        assert answer.json()["changed"]
        await dam.say(type="press", indicator="flow", note="by hand")
        await chair.alert("flow", kind="press")
        await chair.alert("wear", standing="", unacked=True)
        await eventually(is_delivered, shift, "gate")
        return mine, answer.content


async def is_delivered(who: Person, name: str) -> bool:
    """Tell whether the alert's clock has begun."""
    return (await who.alert(name))["delivered"] is not None


@pytest.mark.parametrize("snapshot_s", [0.2, 60.0], ids=["from a snapshot", "from the log alone"])
def test_what_people_did_survives_a_kill(nursery: Nursery, tmp_path: Path, snapshot_s: float) -> None:
    async def repeat(server: Town, alert: str) -> Any:
        async with person(server.home, "shift") as shift:
            before = await edges(shift, alert)
            answer = await shift.post(f"alerts/{alert}/acknowledge", {"note": "on my way"}, key="one")
            assert answer.status_code == 200, answer.text
            assert await edges(shift, alert) == before
            return answer

    with town(tmp_path, nursery, room={"snapshot_s": snapshot_s}) as server:
        alert, said = asyncio.run(acts(server))
        again = asyncio.run(repeat(server, alert))
        assert again.content == said
        before = asyncio.run(wall(server.home))
        assert {key.rpartition("/")[2] for key in before} == {
            "heat",
            "noise",
            "wear",
            "output",
            "gate",
            "flow",
        }
        server.kill()
        server.start()
        after = asyncio.run(wall(server.home))
        assert differences(before, after) == {}
        again = asyncio.run(repeat(server, alert))
        assert again.json()["changed"] is False
        card = before["shift energy/dam/output"]
        assert again.json()["alert"]["acknowledgements"] == card["acknowledgements"]
        assert differences(before, asyncio.run(wall(server.home))) == {}


def test_a_card_counts_its_raises_after_a_kill(nursery: Nursery, tmp_path: Path) -> None:
    async def raised(server: Town) -> int:
        async with works(server) as dam, person(server.home, "shift") as shift:
            await dam.breaks("output")
            count: int = (await shift.alert("output"))["raises_30d"]
            return count

    async def counted(server: Town) -> int:
        async with person(server.home, "shift") as shift:
            count: int = (await shift.alert("output"))["raises_30d"]
            return count

    with town(tmp_path, nursery) as server:
        assert asyncio.run(raised(server)) == 1
        server.kill()
        server.start()
        assert asyncio.run(counted(server)) == 1
