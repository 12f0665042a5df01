"""Rotas, classes and causes over HTTP: who agrees them, what is refused, what they do to the next alert."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.api.doors import Door, code, told
from tests.api.small_room import HEAT, MILL, OUTPUT, SmallRoom

Doors = Callable[[str], Awaitable[Door]]


def seat_ids(room: SmallRoom) -> list[int]:
    return [seat.id for seat in room.access.seats() if seat.unit_id == MILL]


@pytest.mark.parametrize(
    ("person", "status"),
    [("mill-council", 200), ("mill-operator", 403), ("branch-council", 403), ("press-operator", 404)],
)
def test_the_units_council_agrees_its_rota(person: str, status: int) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        first, second, *_ = seat_ids(room)
        body: dict[str, Any] = {"unit": "energy/mill", "steps": [[first], [second]], "step_s": 60}
        answer = await (await door(person)).post("/api/v1/rota", body)
        assert answer.status_code == status
        if status != 200:
            assert code(answer) == ("agreement_refused" if status == 403 else "unit_unknown")
            assert room.agreed.rotas == {}
            return
        shown = (await (await door("mill-observer")).get("/api/v1/rota")).json()
        assert (shown["now"], shown["rota"]["step_s"]) == ([[first], [second]], 60)
        alert = room.book.open[room.raise_alert(OUTPUT)]
        assert [call.seat_id for call in alert.calls] == [first]
        room.climb()
        assert [call.seat_id for call in room.book.open[alert.id].calls] == [first, second]

    told(story)


def test_a_rota_with_a_hole_or_a_stranger_is_refused() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-council")
        hole = await ada.post("/api/v1/rota", {"unit": "energy/mill", "steps": [[seat_ids(room)[0]], []]})
        assert (hole.status_code, code(hole)) == (422, "rota_hole")
        stranger = await ada.post("/api/v1/rota", {"unit": "energy/mill", "steps": [[99_999]]})
        assert (stranger.status_code, code(stranger)) == (422, "rota_seat")
        assert room.agreed.rotas == {}
        read = (await ada.get("/api/v1/rota")).json()
        assert (read["unit"], read["rota"], read["now"], read["version"]) == ("energy/mill", None, [], 0)

    told(story)


def test_who_stands_in_is_called_and_a_hole_is_named_before_it_bites() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        seats = {seat.person: seat.id for seat in room.access.seats()}
        first, second = seats["mill-operator"], seats["mill-second"]
        council, operator = await door("mill-council"), await door("mill-operator")
        now = room.view.at // 1000
        mine = {"unit": "energy/mill", "seat_id": second, "instead": first, "end": now + 3_600_000}
        assert code(await operator.post("/api/v1/rota/stand-in", mine)) == "rota_unknown"
        body = {"unit": "energy/mill", "steps": [[second]], "version": 0}
        agreed = (await council.post("/api/v1/rota", body)).json()
        assert (agreed["version"], agreed["now"], agreed["holes"]) == (1, [[second]], [])
        assert agreed["rota"]["person"] == "mill-council"
        taken = (await operator.post("/api/v1/rota/stand-in", mine | {"version": 1})).json()
        assert (taken["version"], taken["now"], taken["may_take_over"]) == (2, [[first]], True)
        given: dict[str, Any] = {"unit": "energy/mill", "seat_id": second, "instead": 0}
        night: dict[str, Any] = given | {"start": now + 7_200_000, "end": now + 21_600_000}
        assert code(await operator.post("/api/v1/rota/stand-in", night)) == "agreement_refused"
        left = (await council.post("/api/v1/rota/stand-in", night)).json()
        assert left["holes"] == [{"start": night["start"], "end": night["end"], "steps": [0], "whole": True}]
        over = given | {"start": now + 1_000_000, "end": now + 2_000_000}
        assert code(await council.post("/api/v1/rota/stand-in", over)) == "rota_overlap"
        assert code(await council.post("/api/v1/rota/stand-in", over | {"end": now})) == "stand_in_empty"
        stale = over | {"start": night["end"], "end": night["end"] + 1, "version": 1}
        assert code(await council.post("/api/v1/rota/stand-in", stale)) == "rota_stale"
        room.clock.advance(60)
        room.view.now(room.view.at + 60_000_000)
        ended = {"unit": "energy/mill", "seat_id": second, "start": taken["rota"]["overrides"][0]["start"]}
        back = (await operator.post("/api/v1/rota/stand-in/end", ended)).json()
        assert back["now"] == [[second]]
        assert code(await operator.post("/api/v1/rota/stand-in/end", ended)) == "stand_in_unknown"
        off = {"unit": "energy/mill", "seat_id": second, "start": night["start"]}
        assert (await council.post("/api/v1/rota/stand-in/end", off)).json()["holes"] == []

    told(story)


def test_the_council_at_the_top_agrees_classes() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        refused = await (await door("mill-council")).post("/api/v1/alarm-classes", {"note_required": True})
        assert code(refused) == "agreement_refused"
        top = await door("top-council")
        assert (await top.post("/api/v1/alarm-classes", {"note_required": True})).status_code == 200
        assert room.agreed.classes["anomaly"].note_required

    told(story)


def test_causes_hide_what_they_explain_and_never_themselves() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-council")
        path = "/api/v1/series/{}/causes"
        assert (await ada.post(path.format(HEAT), {"causes": [OUTPUT], "reason": "feed"})).status_code == 200
        cycle = await ada.post(path.format(OUTPUT), {"causes": [HEAT]})
        assert (cycle.status_code, code(cycle)) == (422, "cause_cycle")
        assert code(await ada.post(path.format(HEAT), {"causes": [999]})) == "series_unknown"
        refused = await (await door("mill-operator")).post(path.format(HEAT), {"causes": []})
        assert code(refused) == "agreement_refused"
        cause, effect = room.raise_alert(OUTPUT), room.raise_alert(HEAT)
        assert room.book.open[effect].state == "suppressed"
        assert room.book.open[cause].state == "unacked"
        room.back(OUTPUT)
        assert room.book.open[effect].state == "unacked"

    told(story)
