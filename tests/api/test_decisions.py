"""Decisions over HTTP: taken on an alert or freely, followed up, judged; told to whom they concern."""

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any

from tests.api.doors import Door, code, told
from tests.api.small_room import MILL, OUTPUT, START, S, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
URL = "/api/v1/decisions"
SOON = START + 100 * S


async def listed(door: Door) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await door.get(URL)).json()["decisions"]
    return rows


def body(**other: Any) -> dict[str, Any]:
    return {"text": "Run the second kiln", "addressee": "energy/mill", "followup": SOON // 1000, **other}


def test_a_free_decision_is_followed_up_by_itself_and_judged_once_its_time_has_come() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        council, operator = await doors("mill-council"), await doors("mill-operator")
        room.reading(OUTPUT, START, 70.0)
        answer = await council.post(URL, body(series_id=OUTPUT))
        assert answer.status_code == 200, answer.text
        made = answer.json()["decision"]
        assert (made["person"], made["pending"], made["due"], made["alert"]) == (
            "mill-council",
            True,
            False,
            None,
        )
        assert made["measured"] == {"value": 70.0, "productivity": 0.7, "read_at": START // 1000}
        verdict = f"{URL}/{made['id']}/verdict"
        assert code(await council.post(verdict, {"effect": "worked"})) == "followup_awaited"
        room.reading(OUTPUT, START + 50 * S, 95.0)
        room.wait_until(SOON + S)
        (row,) = await listed(council)
        assert row["found"]["value"] == 95.0
        assert (row["found"]["outcome"], row["due"]) == ("quiet", True)
        assert code(await operator.post(verdict, {"effect": "worked"})) == "verdict_refused"
        assert code(await council.post(verdict, {"effect": "perhaps"})) == "invalid"
        answer = await council.post(verdict, {"effect": "worked", "note": "by noon"})
        assert answer.json()["decision"]["verdict"]["note"] == "by noon"
        (row,) = await listed(operator)
        assert (row["pending"], row["verdict"]["effect"], row["may_assess"]) == (False, "worked", False)
        told_ = room.view.minutes.told((await room.access.caller(council.cookie.partition("=")[2])).seat)
        assert (told_["pending"], told_["followups"]) == (0, [])

    told(story)


def test_a_decision_on_an_alert_stands_in_the_minutes_with_what_came_of_it() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        council, mill, press = (
            await doors("top-council"),
            await doors("mill-council"),
            await doors("press-operator"),
        )
        room.reading(OUTPUT, START, 60.0)
        alert = room.raise_alert(OUTPUT)
        room.climb()
        room.climb()
        followup = room.view.at + 100 * S
        sent = {"text": "=Shed load", "addressee": "energy/press", "followup": followup // 1000}
        assert (await council.post(f"/api/v1/alerts/{alert}/decide", sent)).status_code == 200
        (row,) = await listed(council)
        assert (row["alert"], row["series_name"], row["measured"]["value"]) == (alert, "output", 60.0)
        (theirs,) = await listed(press)
        assert theirs["text"] == "=Shed load"
        assert (theirs["series_name"], theirs["alert"], theirs["measured"]) == (None, None, None)
        assert code(await press.get(f"{URL}/{row['id']}/trend")) == "series_unknown"
        assert await listed(mill) == [], "the mill sees it on the alert's card, and has not decided"
        room.reading(OUTPUT, followup - 20 * S, 99.0)
        room.back(OUTPUT)
        room.wait_until(followup + S)
        (row,) = await listed(council)
        assert (row["found"]["outcome"], row["found"]["value"]) == ("recovered", 99.0)
        trend = (await council.get(f"{URL}/{row['id']}/trend")).json()
        assert trend["v"] == [99.0], "open to who decided, also now that the alert has ended"
        lines = list(csv.DictReader(io.StringIO((await council.get(URL, format="csv")).text)))
        assert (lines[0]["text"], lines[0]["value_at_followup"]) == ("'=Shed load", "99.0")

    told(story)


def test_only_a_council_decides_and_only_below_itself() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        operator, council = await doors("mill-operator"), await doors("mill-council")
        assert code(await operator.post(URL, body())) == "decision_refused"
        assert code(await council.post(URL, body(addressee="energy"))) == "unit_unknown"
        assert code(await council.post(URL, body(followup=START // 1000 - 1))) == "followup_past"
        assert code(await council.post(URL, body(series_id=4))) == "series_unknown"
        branch = await doors("branch-council")
        assert code(await branch.post(URL, body(series_id=OUTPUT))) == "series_autonomous"
        assert room.minute_book.rows == {}
        assert room.catalog.units[MILL].path == "energy/mill"

    told(story)
