"""Annotations and marks over HTTP: who writes, who is told, what a trend marks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from opsroom.past import PastAnnotations
from tests.api.doors import Door, code, told
from tests.api.small_room import BRANCH_STOCK, HEAT, MILL, OUTPUT, START, S, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
URL, MARKS = "/api/v1/annotations", "/api/v1/marks"
NOW = START // 1000


def body(**other: Any) -> dict[str, Any]:
    return {"text": "Valve 3 changed", "from": NOW - 60_000, **other}


async def texts(door: Door, **which: Any) -> list[str]:
    found = await door.get(URL, **which)
    assert found.status_code == 200, found.text
    return [one["text"] for one in found.json()["annotations"]]


async def marks(door: Door, **which: Any) -> list[dict[str, Any]]:
    found = await door.get(MARKS, **{"from": NOW - 10**8, "to": NOW + 10**8, **which})
    assert found.status_code == 200, found.text
    rows: list[dict[str, Any]] = found.json()["marks"]
    return rows


def test_who_wrote_an_annotation_takes_it_away_and_nobody_else() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        operator, second = await doors("mill-operator"), await doors("mill-second")
        assert code(await (await doors("mill-observer")).post(URL, body())) == "annotation_refused"
        sent = body(series_id=HEAT, to=NOW)
        answer = await operator.post(URL, sent, Idempotency_Key="k1")
        made = answer.json()["annotation"]
        assert (made["person"], made["series_name"], made["may_remove"]) == ("mill-operator", "heat", True)
        assert (made["from"], made["to"]) == (NOW - 60_000, NOW)
        assert (await operator.post(URL, sent, Idempotency_Key="k1")).json() == answer.json()
        assert await texts(operator) == ["Valve 3 changed"], "one, though sent twice"
        one = f"{URL}/{made['id']}"
        assert code(await second.post(one, method="DELETE")) == "annotation_theirs"
        then = room.view.at
        room.view.now(then + S)
        assert (await operator.post(one, method="DELETE")).json() == {"removed": made["id"]}
        assert (await operator.post(one, method="DELETE")).json() == {"removed": made["id"]}, "twice is once"
        assert await texts(second) == []
        past = PastAnnotations(room.store.annotations, then)
        assert [one.text for one in past.of(MILL, 0, START)] == ["Valve 3 changed"], "a replay has it still"
        assert code(await operator.post(f"{URL}/n999", method="DELETE")) == "annotation_unknown"

    told(story)


def test_annotations_are_told_where_they_stand_to_who_wrote_them_and_with_an_opened_series() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        operator, branch, press = [await doors(f"{name}-operator") for name in ("mill", "branch", "press")]
        await operator.post(URL, body(series_id=OUTPUT, text="belt slips"))
        await operator.post(URL, body(text="night shift short of two"))
        await branch.post(URL, body(text="visit", unit="energy/mill"))
        assert await texts(branch, unit="energy/mill") == ["visit"], (
            "autonomy keeps what the mill writes for itself"
        )
        assert await texts(operator) == ["belt slips", "night shift short of two", "visit"]
        assert code(await branch.get(URL, series=OUTPUT)) == "series_autonomous"
        assert code(await press.get(URL, unit="energy/mill")) == "unit_unknown"
        assert code(await press.post(URL, body(series_id=OUTPUT))) == "series_unknown"
        room.raise_alert(OUTPUT)
        room.climb()
        assert await texts(branch, series=OUTPUT) == ["belt slips", "visit"], (
            "the alert brings its history along"
        )
        assert code(await operator.post(URL, body(to=NOW - 70_000))) == "range_empty"
        assert code(await operator.post(URL, body(text=" "))) == "invalid"

    told(story)


def test_a_trend_marks_what_was_agreed_ruled_decided_and_rehearsed() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        council, branch = await doors("mill-council"), await doors("branch-council")
        at = NOW
        await council.post(URL, body(series_id=HEAT))
        await council.post(f"/api/v1/series/{HEAT}/adopt", {"period_s": 60.0})
        at += 1000
        room.view.now(at * 1000)
        await council.post(f"/api/v1/series/{HEAT}/adopt", {"band": [10, 80]})
        await council.post(f"/api/v1/units/{MILL}/rename", {"name": "Mill One"})
        at += 1000
        room.view.now(at * 1000)
        await council.post(f"/api/v1/units/{MILL}/rename", {"name": "Mill"})
        rule = {
            "id": "hot",
            "series": "energy/mill/heat",
            "when": {"limit": {"above": 80.0}},
            "consequence": "major",
            "response_s": 600,
            "response": "Cool it.",
        }
        assert (await council.post("/api/v1/rules", {"rule": rule})).status_code == 200
        await council.post("/api/v1/rules", {"rule": {**rule, "title": "Hot"}, "version": 1})
        await council.post("/api/v1/rules/hot/retire", {"version": 2})
        sent = {
            "text": "Cool it down",
            "addressee": "energy/mill",
            "followup": at + 10_000,
            "series_id": HEAT,
        }
        await council.post("/api/v1/decisions", sent)
        begun = await council.post("/api/v1/drills", {"unit": "energy/mill"})
        assert begun.status_code == 200, begun.text
        found = await marks(council, series=HEAT)
        told_ = [(one["kind"], one.get("what"), one["text"]) for one in found]
        assert ("annotation", None, "Valve 3 changed") in told_
        assert ("series", ["band"], "") in told_
        assert ("unit", ["name"], "") in told_
        assert [what for kind, what, _ in told_ if kind == "rule"] == [["begun"], ["title"], ["retired"]]
        assert ("decision", [], "Cool it down") in told_
        assert ("exercise", [], "") in told_
        assert [one["from"] for one in found] == sorted(one["from"] for one in found)
        assert await marks(council, series=HEAT, to=NOW - 70_000) == []
        others = {one["kind"] for one in await marks(council, series=OUTPUT)}
        assert others == {"unit", "exercise"}, "what concerns its unit is marked on each of its trends"
        assert {one["kind"] for one in await marks(branch, unit="energy/mill")} == {"unit", "exercise"}
        assert await marks(branch, series=BRANCH_STOCK) == []

    told(story)
