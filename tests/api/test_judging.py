"""Judging over HTTP: rights, repetition, the card, the journal and the budget that follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from opsroom.records import Judge
from tests.api.doors import Door, code, told
from tests.api.small_room import HEAT, SmallRoom

Doors = Callable[[str], Awaitable[Door]]

# What each seat gets for an alert of the mill that has climbed 0, 1, 2 times: 404 where it does not see it.
JUDGE = {
    "mill-operator": (200, 403, 403),
    "mill-council": (200, 200, 200),
    "mill-observer": (403, 403, 403),
    "branch-operator": (404, 200, 403),
    "branch-council": (404, 200, 200),
    "top-council": (404, 404, 200),
    "top-observer": (404, 404, 403),
    "press-operator": (404, 404, 404),
}


@pytest.mark.parametrize(("person", "statuses"), JUDGE.items())
@pytest.mark.parametrize("climbs", [0, 1, 2])
def test_who_may_judge(person: str, statuses: tuple[int, ...], climbs: int) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(HEAT)
        for _ in range(climbs):
            room.climb()
        ada = await door(person)
        answer = await ada.post(f"/api/v1/alerts/{alert_id}/judge", {"useful": False})
        assert answer.status_code == statuses[climbs], answer.text
        if answer.status_code == 200:
            assert isinstance(room.acts[-1], Judge)
            assert answer.json()["changed"] is True
            assert [one["useful"] for one in answer.json()["alert"]["judgements"]] == [False]
        else:
            assert code(answer) in {"alert_unknown", "judge_refused"}
            assert room.acts == []

    told(story)


def test_the_card_the_journal_and_the_budget_tell_of_it() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(HEAT)
        ada = await door("mill-council")
        path = f"/api/v1/alerts/{alert_id}/judge"
        card = (await ada.get("/api/v1/alerts")).json()["alerts"][0]
        assert (card["judgements"], card["may_judge"]) == ([], True)
        first = await ada.post(path, {"useful": False}, Idempotency_Key="k1")
        again = await ada.post(path, {"useful": True}, Idempotency_Key="k1")
        assert again.content == first.content, "one key is one act"
        same = await ada.post(path, {"useful": False})
        assert same.json()["changed"] is False
        told_of = (await ada.get(f"/api/v1/alerts/{alert_id}")).json()
        edge = told_of["edges"][-1]
        assert (edge["verb"], edge["actor"]) == ("judged", "mill-council")
        assert edge["params"] == {"useful": False, "before": 0.1, "budget": 0.05}
        budget = (await ada.get(f"/api/v1/series/{HEAT}/budget")).json()
        assert (budget["per_week"], budget["usual"], budget["useless"]) == (0.05, 0.1, 1)
        verdict = budget["verdicts"][0]
        assert (verdict["alert"], verdict["sign"]) == (alert_id, -1)
        assert verdict["judgements"] == told_of["alert"]["judgements"]
        assert verdict["judgements"][0]["person"] == "mill-council"

    told(story)


def test_a_budget_is_told_only_where_the_readings_are() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        path = f"/api/v1/series/{HEAT}/budget"
        statuses = [
            (await (await door(person)).get(path)).status_code
            for person in ("branch-council", "press-operator")
        ]
        assert statuses == [403, 404]

    told(story)


def test_a_verdict_needs_the_token_and_says_yes_or_no() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(HEAT)
        ada = await door("mill-council")
        path = f"/api/v1/alerts/{alert_id}/judge"
        assert (await ada.post(path, {})).status_code == 422
        assert (await ada.post(path, {"useful": "perhaps"})).status_code == 422
        ada.csrf = "wrong"
        assert code(await ada.post(path, {"useful": True})) == "csrf_wrong"
        assert room.acts == []

    told(story)
