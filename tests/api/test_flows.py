"""Flows over HTTP: who may declare them, what is refused, who is told of which end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.api.doors import Door, code, told
from tests.api.small_room import OUTPUT, START, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
FLOWS = "/api/v1/flows"
PULP = {
    "from": "energy/mill",
    "to": "energy/press",
    "name": "pulp",
    "series": "energy/mill/output",
    "usual": 100,
}


def test_a_council_that_holds_both_ends_declares_alters_and_retires() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council = await door("top-council")
        made = (await council.post(FLOWS, PULP)).json()["flow"]
        assert (made["from"], made["to"], made["unit"], made["starved"]) == (
            "energy/mill",
            "energy/press",
            "t/h",
            0.5,
        )
        assert made["declared"]["person"] == "top-council"
        room.reading(OUTPUT, START, 40.0)
        answer = (await council.get(FLOWS, unit="energy")).json()
        assert [(one["share"], one["starved"]) for one in answer["links"]] == [(0.4, True)]
        again = (await council.post(FLOWS, {**PULP, "starved": 0.3})).json()["flow"]
        assert (again["id"], again["starved"]) == (made["id"], 0.3)
        assert not (await council.get(FLOWS, unit="energy")).json()["links"][0]["starved"]
        gone = (await council.post(f"{FLOWS}/{made['id']}/retire", {})).json()["flow"]
        assert gone["retired"]
        assert (await council.get(FLOWS, unit="energy")).json()["links"] == []
        assert len(room.catalog.flows) == 1

    told(story)


def test_others_may_not_and_are_told_their_own_end_alone() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council, mill = await door("top-council"), await door("mill-council")
        made = (await council.post(FLOWS, PULP)).json()["flow"]
        (row,) = (await mill.get(FLOWS)).json()["flows"]
        assert (row["from"], row["to"], row["may_declare"]) == ("energy/mill", None, False)
        refused = await mill.post(f"{FLOWS}/{made['id']}/retire", {})
        assert (refused.status_code, code(refused)) == (403, "flow_refused")
        refused = await mill.post(FLOWS, PULP)
        assert (refused.status_code, code(refused)) == (404, "unit_unknown"), "names of others are not told"
        refused = await mill.get(FLOWS, unit="energy/press")
        assert refused.status_code == 404

    told(story)


def test_what_cannot_be_a_flow_is_refused() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council = await door("top-council")
        for change, wanted in (
            ({"to": "energy"}, (422, "flow_ends")),
            ({"to": "energy/no"}, (404, "unit_unknown")),
            ({"series": "energy/mill/no"}, (404, "series_unknown")),
            ({"starved": 1.5}, (422, "invalid")),
        ):
            refused = await council.post(FLOWS, {**PULP, **change})
            assert (refused.status_code, code(refused)) == wanted, change
        refused = await council.post(f"{FLOWS}/77/retire", {})
        assert (refused.status_code, code(refused)) == (404, "flow_unknown")
        assert room.catalog.flows == {}

    told(story)
