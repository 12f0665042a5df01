"""Declared audits over HTTP and the live feed: what they open, to whom, how it is seen, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.api import test_live
from tests.api.doors import Door, code, told
from tests.api.small_room import BRANCH_STOCK, HEAT, OTHER_OUTPUT, OUTPUT, START, S, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
MILL_PATH = "energy/mill"
WHY = {"unit": MILL_PATH, "reason": "yearly sample", "duration_s": 600}


async def declared(door: Door, **body: Any) -> dict[str, Any]:
    answer = await door.post("/api/v1/audits", {**WHY, **body})
    assert answer.status_code == 200, answer.text
    row: dict[str, Any] = answer.json()["audit"]
    return row


async def listed(door: Door) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await door.get("/api/v1/audits")).json()["audits"]
    return rows


def past(room: SmallRoom, seconds: float) -> None:
    room.view.now(room.view.at + round(seconds * S))


def test_an_audit_opens_one_units_readings_and_alerts_and_nothing_else() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        for series in (OUTPUT, HEAT, OTHER_OUTPUT):
            room.reading(series, START, 90.0)
        found, other = room.raise_alert(OUTPUT), room.raise_alert(OTHER_OUTPUT)
        ada, operator = await doors("top-council"), await doors("top-operator")
        branch, press = await doors("branch-council"), await doors("press-operator")
        path = f"/api/v1/series/{HEAT}/readings"
        assert code(await ada.get(path)) == "series_autonomous"
        await declared(ada)
        for door in (ada, operator):  # the unit looks: each of its seats
            assert (await door.get(path)).json()["v"] == [90.0]
            rows = (await door.get("/api/v1/series", unit=MILL_PATH)).json()["series"]
            assert {row["name"] for row in rows} == {"output", "heat"}
            alerts = (await door.get("/api/v1/alerts", unit=MILL_PATH)).json()["alerts"]
            assert [(row["id"], row["audited"], row["own"]) for row in alerts] == [(found, True, False)]
        assert code(await ada.get(f"/api/v1/series/{OTHER_OUTPUT}/readings")) == "series_autonomous"
        assert code(await ada.get(f"/api/v1/series/{BRANCH_STOCK}/readings")) == "series_autonomous"
        assert code(await ada.get(f"/api/v1/alerts/{other}")) == "alert_unknown"
        assert (await ada.get("/api/v1/alerts")).json()["alerts"] == [], "an audit puts nothing on the wall"
        assert code(await branch.get(path)) == "series_autonomous", "the unit between looks at nothing"
        for stranger in (branch, press):
            assert await listed(stranger) == []

    told(story)


def test_an_audit_lets_nobody_act() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        found = room.raise_alert(OUTPUT)
        ada = await doors("top-council")
        await declared(ada)
        alert = (await ada.get(f"/api/v1/alerts/{found}")).json()["alert"]
        assert not [name for name, allowed in alert.items() if name.startswith("may_") and allowed]
        bodies: dict[str, Any] = {
            "acknowledge": {},
            "recovering": {"note": "x"},
            "judge": {"useful": True},
            "decide": {"text": "x", "addressee": "", "followup": 1},
            "shelve": {"reason": "x", "duration_s": 60},
            "out-of-service": {"reference": "x"},
            "unacknowledge": {},
        }
        for verb, body in bodies.items():
            assert code(await ada.post(f"/api/v1/alerts/{found}/{verb}", body)) == "audit_read_only", verb
        assert code(await ada.post(f"/api/v1/series/{HEAT}/press", {"note": "x"})) == "press_refused"
        assert len(room.acts) == 1, "only the declaration reached the log"

    told(story)


def test_an_audit_of_one_series_opens_that_series() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        found = room.raise_alert(OUTPUT)
        ada = await doors("top-council")
        row = await declared(ada, series_id=HEAT)
        assert (row["series_id"], row["series_name"]) == (HEAT, "heat")
        assert (await ada.get(f"/api/v1/series/{HEAT}/readings")).status_code == 200
        assert code(await ada.get(f"/api/v1/series/{OUTPUT}/readings")) == "series_autonomous"
        assert code(await ada.get(f"/api/v1/alerts/{found}")) == "alert_unknown"
        wrong = await ada.post("/api/v1/audits", {**WHY, "series_id": OTHER_OUTPUT})
        assert code(wrong) == "series_unknown"

    told(story)


def test_it_ends_by_time_and_by_hand_and_the_list_of_who_looked_stays_on_both_sides() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        ada, mill = await doors("top-council"), await doors("mill-operator")
        path = f"/api/v1/series/{HEAT}/readings"
        first = await declared(ada)
        assert (first["side"], first["by_name"], first["unit"], first["may_end"]) == (
            "by",
            "Economy",
            MILL_PATH,
            True,
        )
        for _ in range(3):
            await ada.get(path)
        room.look()
        past(room, 600)
        assert code(await ada.get(path)) == "series_autonomous"
        assert code(await ada.post(f"/api/v1/audits/{first['id']}/end")) == "audit_ended"
        second = await declared(ada, reason="again")
        assert code(await mill.post(f"/api/v1/audits/{second['id']}/end")) == "audit_refused"
        ended = (await ada.post(f"/api/v1/audits/{second['id']}/end")).json()["audit"]
        assert (ended["in_force"], ended["ended_by"]) == (False, "top-council")
        assert code(await ada.get(path)) == "series_autonomous"
        rows = await listed(mill)
        assert [(row["id"], row["side"], row["may_end"]) for row in rows] == [
            (second["id"], "of", False),
            (first["id"], "of", False),
        ]
        (look,) = rows[1]["looks"]
        assert (look["series"], look["person"], look["n"]) == ("heat", "top-council", 3)
        assert rows[0]["looks"] == []
        assert [{**row, "side": "of", "may_end": False} for row in await listed(ada)] == rows

    told(story)


@pytest.mark.parametrize(
    ("person", "body", "refusal"),
    [
        ("top-operator", {}, "audit_refused"),
        ("top-council", {"unit": ""}, "audit_own"),
        ("mill-council", {"unit": "energy/press"}, "unit_unknown"),
        ("mill-council", {"unit": "energy"}, "unit_unknown"),
        ("top-council", {"unit": "nowhere"}, "unit_unknown"),
        ("top-council", {"duration_s": 100_000}, "audit_too_long"),
        ("top-council", {"duration_s": None}, "audit_time"),
        ("top-council", {"duration_s": None, "until": 5}, "audit_time"),
        ("top-council", {"reason": "  "}, "note_required"),
        ("top-council", {"reason": ""}, "invalid"),
        ("top-council", {"reason": "x" * 3_000}, "text_too_long"),
    ],
)
def test_what_cannot_be_declared_is_refused_by_name(person: str, body: dict[str, Any], refusal: str) -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        door = await doors(person)
        assert code(await door.post("/api/v1/audits", {**WHY, **body})) == refusal
        assert room.acts == []

    told(story)


def test_a_unit_has_a_bounded_number_of_audits_in_force() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        ada = await doors("top-council")
        for _ in range(20):
            await declared(ada)
        assert code(await ada.post("/api/v1/audits", WHY)) == "audits_too_many"
        past(room, 600)
        await declared(ada)

    told(story)


def test_a_repeated_declaration_is_one_audit() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        ada = await doors("top-council")
        rows = [await ada.post("/api/v1/audits", WHY, Idempotency_Key="k") for _ in range(2)]
        assert rows[0].json() == rows[1].json()
        assert len(await listed(ada)) == 1

    told(story)


async def until(feed: Any, kind: str) -> dict[str, Any]:
    while True:
        frame = await test_live.frame_of(feed)
        if frame["type"] == kind:
            return frame


def test_both_rooms_see_it_at_once_and_the_feed_closes_with_it() -> None:
    async def story(room: SmallRoom, open_: test_live.Open) -> None:
        room.reading(HEAT, START, 90.0)
        async with (
            open_("mill-operator") as mill,
            open_("top-observer") as top,
            open_("press-operator") as by,
        ):
            assert (await test_live.ask(mill))["audits"] == []
            before = await test_live.ask(top, unit=MILL_PATH, series=[HEAT])
            assert (before["series"], before["audits"]) == ([], [])
            await test_live.ask(by)
            declare = room.declare("top-council", MILL_PATH)
            told_of = (await until(mill, "snapshot"))["audits"]
            assert [(row["by_name"], row["side"], row["reason"]) for row in told_of] == [
                ("Economy", "of", "sample")
            ]
            opened = await until(top, "snapshot")
            assert [row["name"] for row in opened["series"]] == ["output", "heat"]
            assert opened["audits"][0]["side"] == "by"
            found = room.raise_alert(HEAT)
            shown = await until(top, "changes")
            while not shown["alerts"]:
                shown = await until(top, "changes")
            assert [(row["id"], row["audited"]) for row in shown["alerts"]] == [(found, True)]
            assert sum(shown["lamps"]) == 0, "what an audit shows lights no lamp"
            await test_live.ask(top, unit=MILL_PATH, series=[HEAT])
            room.end(declare)
            closed = await until(top, "snapshot")
            assert (closed["series"], closed["alerts"], closed["audits"]) == ([], [], [])
            room.reading(HEAT, START + S, 91.0)
            assert (await until(mill, "snapshot"))["audits"] == []
            async with asyncio.timeout(3):
                beat = await until(top, "changes")
                while beat["to"] < room.view.revision:
                    beat = await until(top, "changes")
            assert beat["trails"] == beat["values"] == {}
            room.look()
            looks = room.store.journal.audits(1)[0].looks
            assert [(one.series_id, one.person) for one in looks] == [
                (OUTPUT, "top-observer"),
                (HEAT, "top-observer"),
            ]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await until(by, "snapshot")

    test_live.told(story)


def test_a_screen_that_slept_over_the_end_resumes_with_a_new_picture() -> None:
    async def story(room: SmallRoom, open_: test_live.Open) -> None:
        room.reading(HEAT, START, 90.0)
        room.declare("top-council", MILL_PATH)
        async with open_("top-observer") as top:
            seen = await test_live.ask(top, unit=MILL_PATH)
        past(room, 600)
        async with open_("top-observer") as top:
            again = await test_live.ask(top, unit=MILL_PATH, revision=seen["revision"], boot=seen["boot"])
        assert (again["type"], again["series"], again["audits"]) == ("snapshot", [], [])

    test_live.told(story)
