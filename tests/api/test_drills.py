"""Exercises over HTTP: who may, what they look like, and that nothing real is ever marked as one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from opsroom.drill import is_exercise
from opsroom.model import ChangeKind, Finding, FindingVerb
from opsroom.records import Reported
from tests.api.doors import Door, code, told
from tests.api.small_room import HEAT, START, S, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
DRILLS = "/api/v1/drills"


def test_an_exercise_is_begun_marked_and_ended_by_the_units_council() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council = await door("mill-council")
        begun = await council.post(DRILLS, {"unit": "energy/mill"})
        assert begun.status_code == 200, begun.text
        (drill,) = begun.json()["drills"]
        alerts = (await council.get("/api/v1/alerts")).json()["alerts"]
        assert [(one["series_name"], one["exercise"]) for one in alerts] == [("exercise", True)]
        assert room.view.condition.drills(2) == [drill]
        assert code(await council.post(DRILLS, {"unit": "energy/mill"})) == "drill_on"
        press = await door("press-operator")
        assert code(await press.post(f"{DRILLS}/{drill['id']}/end")) == "drill_unknown"
        operator = await door("mill-operator")
        assert code(await operator.post(f"{DRILLS}/{drill['id']}/end")) == "drill_refused"
        ended = await council.post(f"{DRILLS}/{drill['id']}/end")
        assert ended.json()["drills"] == []
        assert (await operator.post(f"/api/v1/alerts/{drill['id']}/acknowledge", {})).status_code == 200
        own = (await council.get("/api/v1/series/own")).json()["rows"]
        agreed = (await council.get("/api/v1/agreements")).json()["rows"]
        shown = (await council.get("/api/v1/series")).json()["series"]
        assert "exercise" not in {one["name"] for one in [*own, *agreed, *shown]}
        assert code(await operator.post(DRILLS, {"unit": "energy/mill"})) == "drill_refused"

    told(story)


def test_what_is_real_beside_an_exercise_is_not_marked() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council = await door("mill-council")
        await council.post(DRILLS, {"unit": "energy/mill"})
        real = Finding(
            series_id=HEAT, verb=FindingVerb.OPEN, detector="am", kind=ChangeKind.REPORTED, at=room.view.at
        )
        await room.act(Reported(source="am", findings=(real,)))
        marks = {alert.series_id: is_exercise(alert) for alert in room.view.alerts.values()}
        assert marks.pop(HEAT) is False
        assert list(marks.values()) == [True]

    told(story)


def test_an_exercise_has_an_end_and_ends_there_by_itself() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council = await door("mill-council")
        longer = await council.post(DRILLS, {"unit": "energy/mill", "duration_s": 28_801})
        assert (longer.status_code, code(longer)) == (422, "drill_too_long")
        begun = await council.post(DRILLS, {"unit": "energy/mill", "duration_s": 600})
        (drill,) = begun.json()["drills"]
        assert drill["until"] == START // 1_000 + 600_000
        room.wait_until(START + 599 * S)
        assert room.view.condition.drills(1) == [drill]
        room.wait_until(START + 600 * S)
        assert room.view.condition.drills(1) == []
        assert code(await council.post(f"{DRILLS}/{drill['id']}/end")) == "drill_unknown"
        again = await council.post(DRILLS, {"unit": "energy/mill"})
        assert again.json()["drills"][0]["until"] == START // 1_000 + 600_000 + 1_800_000

    told(story)
