"""Agreements over HTTP: who reads them, who proposes and confirms, what is refused, what screens are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from opsroom.model import Role
from tests.api.doors import Door, code, told
from tests.api.small_room import BRANCH, BRANCH_STOCK, HEAT, MILL, OTHER_OUTPUT, OUTPUT, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
PATH = f"/api/v1/agreements/{OUTPUT}"
TERMS: dict[str, Any] = {
    "recovery_s": [600, 900],
    "essential": True,
    "version": 1,
    "note": "the kiln is slow",
}


def test_one_side_proposes_the_other_confirms_and_both_read_both_names() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        mill, branch = await door("mill-council"), await door("branch-council")
        alert = room.book.open[room.raise_alert(OUTPUT)]
        said = (await mill.post(f"{PATH}/propose", TERMS)).json()["agreement"]
        assert (said["version"], said["proposal"]["number"], said["may_answer"]) == (1, 1, False)
        assert [level["recovery_s"] for level in said["levels"]] == [180.0, 180.0]
        seen = (await branch.get("/api/v1/agreements")).json()["rows"][0]
        assert (seen["series_id"], seen["waits_for_us"], seen["may_answer"]) == (OUTPUT, True, True)
        assert seen["proposal"]["proposed"]["person"] == "mill-council"
        room.clock.advance(60)
        assert (await branch.post(f"{PATH}/confirm", {"proposal": 1})).status_code == 200
        for reader in (mill, branch):
            row = (await reader.get(PATH)).json()
            assert [level["recovery_s"] for level in row["levels"]] == [600.0, 900.0]
            assert [one["version"] for one in row["versions"]] == [2, 1]
            newest = row["versions"][0]
            assert (newest["proposed"]["person"], newest["confirmed"]["person"]) == (
                "mill-council",
                "branch-council",
            )
            assert (newest["note"], row["versions"][1]["proposed"]) == ("the kiln is slow", None)
        assert room.book.open[alert.id].deadline == alert.deadline
        room.back(OUTPUT)
        assert room.agreed.as_agreed(room.catalog.series[OUTPUT]).recovery_at(1, 0.0) == 900.0

    told(story)


def test_a_seat_reads_its_own_unit_and_those_directly_below() -> None:
    async def story(_room: SmallRoom, door: Doors) -> None:
        async def read(person: str) -> set[int]:
            answer = await (await door(person)).get("/api/v1/agreements")
            return {row["series_id"] for row in answer.json()["rows"]}

        assert await read("mill-observer") == {OUTPUT, HEAT}
        assert await read("branch-council") == {OUTPUT, HEAT, BRANCH_STOCK, OTHER_OUTPUT}
        assert await read("top-council") == {BRANCH_STOCK}
        assert (await (await door("top-council")).get(PATH)).status_code == 404
        assert (await (await door("press-operator")).get(PATH)).status_code == 404

    told(story)


@pytest.mark.parametrize(
    ("person", "way", "body", "status", "expected"),
    [
        ("mill-operator", "propose", TERMS, 403, "agreement_not_yours"),
        ("top-council", "propose", TERMS, 404, "series_unknown"),
        ("mill-council", "propose", TERMS | {"recovery_s": [0.5]}, 422, "recovery_limits"),
        ("mill-council", "propose", TERMS | {"recovery_s": [9e9]}, 422, "recovery_limits"),
        ("mill-council", "propose", TERMS | {"recovery_s": [60, 60, 60]}, 422, "recovery_levels"),
        ("mill-council", "propose", TERMS | {"recovery_s": []}, 422, "invalid"),
        ("mill-council", "propose", TERMS | {"version": 4}, 409, "agreement_stale"),
        ("mill-council", "propose", TERMS | {"note": "x" * 2001}, 422, "text_too_long"),
        ("branch-council", "confirm", {"proposal": 1}, 409, "nothing_proposed"),
        ("branch-operator", "confirm", {"proposal": 1}, 403, "agreement_not_yours"),
        ("branch-council", "decline", {"proposal": 1, "reason": "no"}, 409, "nothing_proposed"),
    ],
)
def test_refusals_are_named(person: str, way: str, body: dict[str, Any], status: int, expected: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        answer = await (await door(person)).post(f"{PATH}/{way}", body)
        assert (answer.status_code, code(answer)) == (status, expected)
        assert room.agreed.accords == {}

    told(story)


def test_own_proposals_are_withdrawn_not_confirmed_and_a_repeated_request_does_nothing_twice() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        mill, branch = await door("mill-council"), await door("branch-council")
        for _ in range(2):
            answer = await mill.post(f"{PATH}/propose", TERMS, Idempotency_Key="once")
            assert answer.json()["agreement"]["proposal"]["number"] == 1
        assert code(await mill.post(f"{PATH}/confirm", {"proposal": 1})) == "agreement_own"
        assert code(await branch.post(f"{PATH}/decline", {"proposal": 1})) == "note_required"
        refused = await branch.post(f"{PATH}/decline", {"proposal": 1, "reason": "the kiln is fast"})
        assert refused.json()["agreement"]["proposal"] is None
        ended = (await mill.get(PATH)).json()["ended"]
        assert [(one["how"], one["by"]["person"], one["reason"]) for one in ended] == [
            ("declined", "branch-council", "the kiln is fast")
        ]
        assert room.agreed.accords[OUTPUT].version == 1

    told(story)


def test_what_is_agreed_as_essential_may_be_pressed_and_what_is_no_longer_may_not() -> None:
    async def story(_room: SmallRoom, door: Doors) -> None:
        mill, branch = await door("mill-council"), await door("branch-council")
        await mill.post(f"{PATH}/propose", TERMS | {"essential": False})
        await branch.post(f"{PATH}/confirm", {"proposal": 1})
        assert code(await mill.post(f"/api/v1/series/{OUTPUT}/press")) == "press_refused"
        await branch.post(f"{PATH}/propose", TERMS | {"version": 2})
        await mill.post(f"{PATH}/confirm", {"proposal": 2})
        assert (await mill.post(f"/api/v1/series/{OUTPUT}/press")).status_code == 200

    told(story)


def test_screens_hear_what_waits_for_their_council_and_that_essential_changed() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        def waiting(role: Role, unit_id: int) -> int:
            seat = next(s for s in room.access.seats() if (s.role, s.unit_id) == (role, unit_id))
            found: int = room.view.agreements.told(seat)["waiting"]
            return found

        await (await door("mill-council")).post(f"{PATH}/propose", TERMS | {"essential": False})
        assert waiting(Role.COUNCIL, BRANCH) == 1
        assert waiting(Role.OPERATOR, BRANCH) == waiting(Role.COUNCIL, MILL) == 0
        await (await door("branch-council")).post(f"{PATH}/confirm", {"proposal": 1})
        assert waiting(Role.COUNCIL, BRANCH) == 0
        shown = room.view.board.series(room.view.board.slot_of[OUTPUT])
        assert shown.indicator is not None
        assert not shown.indicator.essential
        assert room.view.agreements.revision > 0
        assert room.acts[-1].person == "branch-council"

    told(story)
