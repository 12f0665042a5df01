"""Armrests and the floor over HTTP: the last press wins, all see whose it was, and no more than they may."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from opsroom.model import Role
from opsroom.seats import Seat
from opsroom.view.chairs import Pointer
from tests.api.doors import Door, code, told
from tests.api.small_room import BRANCH_STOCK, HEAT, MILL, OUTPUT, PRESS, START, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
ARMREST, FLOOR = "/api/v1/chairs/armrest", "/api/v1/chairs/floor"
HEAT_OPEN = {"kind": "series", "id": str(HEAT), "opened": True}


def seat_of(room: SmallRoom, person: str) -> Seat:
    return next(one for one in room.access.seats() if one.person == person)


def shown(room: SmallRoom, person: str) -> dict[str, Any]:
    subscription = room.view.subscribe(seat_of(room, person))
    try:
        frame: dict[str, Any] = json.loads(subscription.snapshot())
        return frame
    finally:
        subscription.close()


def test_the_last_press_takes_the_pane_and_all_see_whose_it_was() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        first, second = await doors("mill-operator"), await doors("mill-second")
        watching = [room.view.subscribe(seat_of(room, one)) for one in ("mill-operator", "mill-second")]
        assert code(await first.post(ARMREST, {"button": "5"})) == "pane_not_held"
        assert (await first.post(ARMREST, {"button": "2"})).status_code == 200
        assert (await first.post(ARMREST, {"button": "8", "shows": HEAT_OPEN})).status_code == 200
        told_ = shown(room, "mill-observer")["chairs"]
        assert told_["panes"][1]["person"] == "mill-operator"
        assert told_["panes"][1]["shows"] == HEAT_OPEN
        assert (told_["pressed"]["person"], told_["pressed"]["key"]) == ("mill-operator", "8")
        await second.post(ARMREST, {"button": "2"})
        assert code(await first.post(ARMREST, {"button": "0"})) == "pane_not_held", (
            "it was taken out of his hand"
        )
        await second.post(ARMREST, {"button": "1"})
        panes = shown(room, "mill-operator")["chairs"]["panes"]
        assert [pane["person"] for pane in panes] == ["mill-second", "", ""], "one hand, one pane"
        assert panes[1]["shows"] == HEAT_OPEN, "it stands until somebody leads it elsewhere"
        for one in watching:
            one.close()
        assert [pane["seat_id"] for pane in shown(room, "mill-operator")["chairs"]["panes"]] == [0, 0, 0]
        other = shown(room, "press-operator")["chairs"]
        assert (other["pressed"], other["panes"][1]["shows"]["id"]) == (None, "")

    told(story)


def test_nothing_is_put_into_a_pane_that_the_unit_may_not_see() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        mill, branch, observer = (
            await doors("mill-operator"),
            await doors("branch-operator"),
            await doors("mill-observer"),
        )
        alert = room.raise_alert(OUTPUT)
        await branch.post(ARMREST, {"button": "1"})
        for shows, why in (
            ({"kind": "series", "id": str(OUTPUT)}, "series_autonomous"),
            ({"kind": "alert", "id": alert}, "alert_unknown"),
            ({"kind": "unit", "id": ""}, "unit_unknown"),
            ({"kind": "series", "id": "x"}, "series_unknown"),
        ):
            assert code(await branch.post(ARMREST, {"button": "5", "shows": shows})) == why
        assert (
            await branch.post(ARMREST, {"button": "5", "shows": {"kind": "unit", "id": "energy/mill"}})
        ).status_code == 200
        assert code(await observer.post(ARMREST, {"button": "1"})) == "chair_refused"
        assert code(await observer.post(FLOOR, {"speaks": True})) == "chair_refused"
        assert code(await mill.post(ARMREST, {"button": "9"})) == "invalid"

    told(story)


def test_one_speaks_at_a_time_and_only_the_chairs_beside_him_are_told_what_he_opens() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        first, second = await doors("mill-operator"), await doors("mill-second")
        speaker, other = seat_of(room, "mill-operator"), seat_of(room, "mill-second")
        watching = [room.view.subscribe(one) for one in (speaker, other)]
        room.reading(HEAT, START, 20.0)
        assert not room.view.chairs.point(speaker, Pointer(wall="figures")), "nobody has the floor"
        await first.post(FLOOR, {"speaks": True})
        assert room.view.chairs.point(speaker, Pointer(wall="room", series=HEAT))
        assert not room.view.chairs.point(speaker, Pointer(series=BRANCH_STOCK)), "not his to open"
        assert not room.view.chairs.point(speaker, Pointer(unit="energy"))
        assert not room.view.chairs.point(speaker, Pointer(alert="no-such"))
        assert not room.view.chairs.point(speaker, Pointer(wall="x" * 100))
        seen = shown(room, "mill-second")["chairs"]
        assert (seen["floor"]["person"], seen["pointer"]["series"]) == ("mill-operator", HEAT)
        assert shown(room, "press-operator")["chairs"]["pointer"] is None
        assert shown(room, "branch-operator")["chairs"]["floor"] is None
        await second.post(FLOOR, {"speaks": True})
        assert not room.view.chairs.point(speaker, Pointer(wall="figures")), "another speaks now"
        assert shown(room, "mill-operator")["chairs"]["pointer"] is None
        await first.post(FLOOR, {"speaks": False})
        assert shown(room, "mill-operator")["chairs"]["floor"]["person"] == "mill-second"
        for one in watching:
            one.close()
        assert shown(room, "mill-operator")["chairs"]["floor"] is None, "who has left speaks no more"
        assert (speaker.role, speaker.unit_id, 4) == (Role.OPERATOR, MILL, PRESS)

    told(story)
