"""Acts: the table of rights over HTTP, idempotency, and who was first."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.api.doors import SEATS, Door, code, told
from tests.api.small_room import BRANCH_STOCK, HEAT, MILL, OUTPUT, START, S, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
LATER = (START + 30 * 86_400 * S) // 1000

# What each seat gets for an alert of the mill that has climbed 0, 1, 2 times: 404 where it does not see it.
ACKNOWLEDGE = {
    "mill-operator": (200, 403, 403),
    "mill-council": (200, 403, 403),
    "mill-observer": (403, 403, 403),
    "branch-operator": (404, 200, 403),
    "top-operator": (404, 404, 200),
    "top-observer": (404, 404, 403),
    "press-operator": (404, 404, 404),
}
NOTE = {
    "mill-operator": (200, 200, 200),
    "mill-observer": (403, 403, 403),
    "branch-operator": (404, 403, 403),
    "top-council": (404, 404, 403),
    "press-operator": (404, 404, 404),
}
DECIDE = {
    "top-council": (404, 404, 200),
    "top-operator": (404, 404, 403),
    "branch-council": (404, 403, 403),
    "mill-council": (403, 403, 403),
    "press-operator": (404, 404, 404),
}
BODIES: dict[str, Any] = {
    "acknowledge": {"note": "seen"},
    "recovering": {"note": "pump is being changed", "until": LATER},
    "decide": {"text": "send the spare pump", "addressee": "energy/press", "followup": LATER},
}
TABLE = [
    (act, person, climbs, status)
    for act, rows in (("acknowledge", ACKNOWLEDGE), ("recovering", NOTE), ("decide", DECIDE))
    for person, statuses in rows.items()
    for climbs, status in enumerate(statuses)
]


@pytest.mark.parametrize(("act", "person", "climbs", "status"), TABLE)
def test_who_may_do_what_to_an_alert(act: str, person: str, climbs: int, status: int) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(OUTPUT)
        for _ in range(climbs):
            room.climb()
        answer = await (await door(person)).post(f"/api/v1/alerts/{alert_id}/{act}", BODIES[act])
        assert answer.status_code == status, answer.text
        assert len(room.acts) == (status == 200)
        if status != 200:
            assert code(answer) in {"alert_unknown", "not_your_level", "not_your_alert", "not_at_the_top"}

    told(story)


@pytest.mark.parametrize("person", SEATS)
def test_who_may_press_adopt_and_rebase(person: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door(person)
        below = {"top", "branch", "mill"}
        seen = person.split("-", maxsplit=1)[0] in below
        press = await ada.post(f"/api/v1/series/{OUTPUT}/press", {"note": "smoke"})
        may_press = person in {"mill-operator", "mill-second", "mill-council"}
        assert press.status_code == (200 if may_press else 403 if seen else 404)
        rebase = await ada.post(f"/api/v1/series/{OUTPUT}/rebase", {"capability": 80.0})
        assert rebase.status_code == (200 if person == "branch-council" else 403 if seen else 404)
        adopt = await ada.post(f"/api/v1/series/{HEAT}/adopt", {"band": [10, 30]})
        assert adopt.status_code == (200 if person == "mill-council" else 403 if seen else 404)

    told(story)


def test_a_press_goes_straight_to_the_top() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada, top = await door("mill-operator"), await door("top-council")
        body = (await ada.post(f"/api/v1/series/{OUTPUT}/press", {"note": "smoke"})).json()
        assert body["alert"]["standing"] == ""
        seen = (await top.get("/api/v1/alerts")).json()["alerts"]
        assert [(a["id"], a["pressed"]) for a in seen] == [(body["alert"]["id"], True)]

    told(story)


def test_of_two_at_once_one_wins_and_the_other_hears_who() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(OUTPUT)
        ada, ben = await door("mill-operator"), await door("mill-second")
        path = f"/api/v1/alerts/{alert_id}/acknowledge"
        answers = await asyncio.gather(ada.post(path), ben.post(path))
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        assert (won.status_code, lost.status_code, code(lost)) == (200, 409, "conflict")
        winner = won.json()["alert"]["acknowledgements"][0]["person"]
        assert lost.json()["error"]["params"]["person"] == winner

    told(story)


def test_a_repeated_request_gets_the_same_answer_and_does_nothing() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(OUTPUT)
        ada, ben = await door("mill-operator"), await door("mill-second")
        path = f"/api/v1/alerts/{alert_id}/acknowledge"
        first = await ada.post(path, Idempotency_Key="k1")
        room.climb()
        again = await ada.post(path, Idempotency_Key="k1")
        assert (again.status_code, again.content) == (200, first.content)
        assert len(room.acts) == 1
        assert room.acts[0].key == "6-k1"
        other = await ada.post(f"/api/v1/alerts/{alert_id}/recovering", {"note": "x"}, Idempotency_Key="k1")
        assert (other.status_code, code(other)) == (409, "key_reused")
        # A key is its seat's: another's use of the same one is another act, refused on its own grounds.
        assert code(await ben.post(path, Idempotency_Key="k1")) == "not_your_level"

    told(story)


def test_the_key_holds_in_the_book_when_the_answer_is_forgotten() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(OUTPUT)
        ada = await door("mill-operator")
        path = f"/api/v1/alerts/{alert_id}/acknowledge"
        await ada.post(path, Idempotency_Key="k1")
        transport = ada.client._transport
        transport.app.state.replays._kept.clear()  # type: ignore[attr-defined]
        again = await ada.post(path, Idempotency_Key="k1")
        assert again.json()["changed"] is False
        assert len(again.json()["alert"]["acknowledgements"]) == 1

    told(story)


def test_acknowledging_stops_no_clock() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(OUTPUT)
        before = room.view.alerts[alert_id].deadline
        await (await door("mill-operator")).post(f"/api/v1/alerts/{alert_id}/acknowledge")
        assert room.view.alerts[alert_id].deadline == before is not None

    told(story)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x", "addressee": "nowhere", "followup": LATER}, "addressee"),
        ({"text": "x", "addressee": "energy", "followup": START // 1000}, "followup"),
        ({"text": "", "addressee": "energy", "followup": LATER}, "text"),
        ({"text": "x" * 2001, "addressee": "energy", "followup": LATER}, "text"),
        ({"text": "x", "addressee": "energy", "followup": 10**18}, "followup"),
        ({"text": "x", "addressee": "energy"}, "followup"),
        ({"text": "x", "addressee": "energy", "followup": LATER, "extra": 1}, "extra"),
    ],
)
def test_a_decision_that_does_not_fit_names_the_field(body: dict[str, Any], field: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(OUTPUT)
        room.climb()
        room.climb()
        answer = await (await door("top-council")).post(f"/api/v1/alerts/{alert_id}/decide", body)
        assert answer.status_code == 422
        code(answer)
        assert answer.json()["error"]["params"]["field"] == field

    told(story)


def test_a_decision_shows_what_came_of_it_also_once_its_alert_has_left_the_wall() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(OUTPUT)
        room.climb()
        room.climb()
        room.reading(OUTPUT, room.view.at, 60.0)
        council = await door("top-council")
        made = await council.post(f"/api/v1/alerts/{alert_id}/decide", BODIES["decide"])
        read_at = room.view.at // 1000
        measured = {"value": 60.0, "productivity": 0.6, "read_at": read_at}
        decision = made.json()["alert"]["decision"]
        assert (decision["measured"], decision["found"]) == (measured, None)
        room.back(OUTPUT)
        room.reading(OUTPUT, room.view.at + S, 90.0)
        room.climb()  # what falls due next is the follow-up
        await council.sign_in("top-council")  # a session does not last that long
        shown = (await council.get(f"/api/v1/alerts/{alert_id}")).json()
        found = {"at": LATER, "outcome": "recovered", "value": 90.0, "productivity": 0.9}
        assert shown["alert"]["decision"]["found"] == found | {"read_at": read_at + 1000}
        assert shown["edges"][-1]["verb"] == "followed_up"
        assert (shown["edges"][-1]["params"]["value"], shown["edges"][-1]["params"]["value_then"]) == (
            60.0,
            90.0,
        )
        listed = (await council.get("/api/v1/alerts", open=0)).json()["alerts"]
        assert [one["decision"]["found"]["outcome"] for one in listed] == ["recovered"]

    told(story)


@pytest.mark.parametrize("body", [{"band": [30, 10]}, {"period_s": 0}, {"recovery_s": [60]}, {"nonsense": 1}])
def test_an_agreement_that_does_not_fit_is_refused(body: dict[str, Any]) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        before = room.catalog.series[HEAT]
        answer = await (await door("mill-council")).post(f"/api/v1/series/{HEAT}/adopt", body)
        assert answer.status_code == 422
        code(answer)
        assert room.catalog.series[HEAT] == before

    told(story)


def test_adopting_changes_what_is_given_and_keeps_the_rest() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        body = {
            "band": [10, None],
            "indicator": {"orientation": "less", "capability": 3, "potentiality": 2},
        }
        answer = await (await door("mill-council")).post(f"/api/v1/series/{HEAT}/adopt", body)
        assert answer.status_code == 200
        now = room.catalog.series[HEAT]
        assert (now.unit, now.period_s, now.band) == ("Cel", 60.0, (10.0, None))
        assert now.indicator is not None
        assert now.indicator.capability == 3.0

    told(story)


def test_no_act_names_a_seat_but_its_own() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        alert_id = room.raise_alert(OUTPUT)
        await (await door("mill-operator")).post(f"/api/v1/alerts/{alert_id}/acknowledge", {"note": "seen"})
        act = room.acts[0]
        assert (act.person, act.seat_id, act.unit_id) == ("mill-operator", 6, MILL)

    told(story)


@pytest.mark.parametrize(
    "path", ["alerts/none/acknowledge", "series/99/press", f"series/{BRANCH_STOCK}/press"]
)
def test_what_is_not_there_or_not_below_is_not_found(path: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        answer = await (await door("mill-operator")).post(f"/api/v1/{path}")
        assert answer.status_code == 404
        code(answer)

    told(story)
