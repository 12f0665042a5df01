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
        assert (await ada.get("/api/v1/rota")).json() == {"unit": "energy/mill", "rota": None, "now": []}

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
