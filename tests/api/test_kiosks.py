"""Wall screens: a code opens one once, it watches its unit, it does nothing, and it can be ended."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.api.doors import Door, code, told
from tests.api.small_room import SmallRoom

Doors = Callable[[str], Awaitable[Door]]
MADE = {"name": "hall", "days": 2}


async def opened(door: Doors, made: dict[str, object]) -> Door:
    screen = await door("")
    answer = await screen.client.post("/api/v1/kiosk", json={"code": made["code"]})
    assert answer.status_code == 200, answer.text
    screen.set_cookie = answer.headers["set-cookie"]
    screen.cookie, screen.csrf = screen.set_cookie.split(";")[0], answer.json()["csrf"]
    return screen


async def made(door: Doors, person: str = "mill-council") -> dict[str, object]:
    answer = await (await door(person)).post("/api/v1/kiosks", MADE)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_wall_screen_sees_its_unit_and_may_do_nothing() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        screen = await opened(door, await made(door))
        assert f"Max-Age={2 * 86_400}" in screen.set_cookie
        me = (await screen.get("/api/v1/session")).json()
        assert (me["unit"], me["role"], me["kiosk"], me["person"]) == (
            "energy/mill",
            "observer",
            True,
            "hall",
        )
        assert (await screen.get("/api/v1/alerts")).status_code == 200
        assert (await screen.get("/api/v1/kiosks")).json() == {"kiosks": []}
        for path in ("alerts/x/acknowledge", "series/1/press", "kiosks", "nothing"):
            assert code(await screen.post(f"/api/v1/{path}", {})) == "kiosk_watches"
        assert not room.acts
        assert all(seat.id > 0 for seat in room.access.seats())

    told(story)


def test_a_code_works_once_even_for_two_at_the_same_moment() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        told_code = (await made(door))["code"]
        client = (await door("")).client
        tries = [client.post("/api/v1/kiosk", json={"code": told_code}) for _ in range(4)]
        answers = await asyncio.gather(*tries)
        assert sorted(one.status_code for one in answers) == [200, 401, 401, 401]
        assert {code(one) for one in answers if one.status_code == 401} == {"kiosk_code_wrong"}

    told(story)


@pytest.mark.parametrize("person", ["mill-council", "top-council"])
def test_a_revoked_wall_screen_sees_nothing_more(person: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        new = await made(door)
        screen, council = await opened(door, new), await door(person)
        answer = await council.post(f"/api/v1/kiosks/{new['id']}", method="DELETE")
        if person == "top-council":
            assert code(answer) == "kiosk_refused"
            return
        assert answer.json()["revoked_by"] == "mill-council"
        assert code(await screen.get("/api/v1/session")) == "not_signed_in"
        assert code(await council.post(f"/api/v1/kiosks/{new['id']}", method="DELETE")) == "kiosk_unknown"
        (row,) = (await council.get("/api/v1/kiosks")).json()["kiosks"]
        assert (row["made_by"], row["revoked_by"], row["opened_at"] is not None) == (person, person, True)

    told(story)


@pytest.mark.parametrize("person", ["mill-operator", "mill-observer", "press-operator"])
def test_only_a_council_hangs_a_wall_screen(person: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        answer = await (await door(person)).post("/api/v1/kiosks", {**MADE, "unit": "energy/mill"})
        assert (answer.status_code, code(answer)) == (403, "kiosk_refused")

    told(story)


@pytest.mark.parametrize("limit", ["kiosk_code_s", "kiosk_days_max"])
def test_a_code_grows_old_and_a_life_has_a_limit(limit: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council = await door("mill-council")
        answer = await council.post("/api/v1/kiosks", MADE)
        if limit == "kiosk_days_max":
            assert (answer.status_code, answer.json()["error"]["params"]["field"]) == (422, "days")
            return
        tried = await council.client.post("/api/v1/kiosk", json={"code": answer.json()["code"]})
        assert code(tried) == "kiosk_code_wrong"

    told(story, **{limit: 1e-9})
