"""Units, tokens, seats and dismissed series over HTTP: who may, what follows, what the journal keeps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from opsroom.model import Role
from tests.api.doors import Door, code, told
from tests.api.small_room import BRANCH, MILL, ROOT, SmallRoom
from tests.api.test_series import brought

Doors = Callable[[str], Awaitable[Door]]
API = "/api/v1"


async def admin(room: SmallRoom, door: Doors) -> Door:
    top = await door("top-council")
    seat = next(one for one in room.access.seats() if one.person == "top-council")
    await room.access.alter_seat(seat.id, Role.ADMIN, ROOT)
    return top


def test_a_unit_is_made_named_by_its_part_and_found_at_once() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council = await door("branch-council")
        made = await council.post(f"{API}/units", {"parent": "energy", "name": "Wind Farm 2"})
        unit = made.json()["unit"]
        assert (made.status_code, unit["path"], unit["level_name"]) == (200, "energy/wind-farm-2", "plant")
        again = await council.post(f"{API}/units", {"parent": "energy", "name": "wind farm 2"})
        assert (again.status_code, code(again)) == (409, "conflict")
        for person in ("mill-council", "branch-operator"):
            refused = await (await door(person)).post(f"{API}/units", {"parent": "energy", "name": "X"})
            assert refused.status_code in {403, 404}
        slashed = await council.post(f"{API}/units", {"parent": "energy", "name": "a/b"})
        assert code(slashed) == "name_invalid"

    told(story)


def test_a_retired_unit_leaves_screens_and_lists_and_comes_back_as_it_was() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council = await door("branch-council")
        before = room.catalog.series_of(MILL)
        assert (await council.post(f"{API}/units/{MILL}/retire")).status_code == 200
        paths = [unit["path"] for unit in (await council.get(f"{API}/units")).json()["units"]]
        assert paths == ["energy", "energy/press"]
        assert all(one.aside for one in room.catalog.series_of(MILL))
        gone = await council.get(f"{API}/series", unit="energy/mill")
        assert code(gone) == "unit_retired"
        below = await council.post(f"{API}/units", {"parent": "energy/mill", "name": "Hall"})
        assert code(below) == "unit_retired"
        mill = await door("mill-council")
        assert code(await mill.post(f"{API}/units/{MILL}/revive")) == "unit_refused"
        assert (await council.post(f"{API}/units/{MILL}/revive")).status_code == 200
        assert room.catalog.series_of(MILL) == before
        root = await (await admin(room, door)).post(f"{API}/units/{ROOT}/retire")
        assert code(root) == "root_stays"

    told(story)


def test_a_series_stays_dismissed_and_only_where_nobody_adopted_it() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        junk = brought(room, "junk")
        council = await door("mill-council")
        assert (await council.get(f"{API}/series/unadopted")).json()["waiting"] == 1
        assert (await council.post(f"{API}/series/{junk}/dismiss")).json()["aside"] == "dismissed"
        assert (await council.get(f"{API}/series/unadopted")).json()["waiting"] == 0
        assert room.catalog.unadopted(MILL) == 0
        told_ = (await council.get(f"{API}/settings")).json()["dismissed"]
        assert told_ == [{"id": junk, "path": "energy/mill/junk"}]
        assert code(await council.post(f"{API}/series/1/dismiss")) == "series_adopted"
        assert (
            code(await (await door("mill-operator")).post(f"{API}/series/{junk}/dismiss")) == "adopt_refused"
        )
        assert (await council.post(f"{API}/series/{junk}/bring-back")).json()["aside"] == ""
        assert (await council.get(f"{API}/series/unadopted")).json()["waiting"] == 1
        fields = [
            change["field"]
            for version in (await council.get(f"{API}/series/{junk}/versions")).json()["versions"]
            for change in version["changes"]
        ]
        assert fields.count("aside") == 2

    told(story)


def test_a_token_is_shown_once_ends_by_itself_and_is_revoked_at_once() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council = await door("mill-council")
        made = (await council.post(f"{API}/tokens", {"unit": "energy/mill", "name": "press"})).json()
        assert await room.access.find(made["token"]) == MILL
        short = (await council.post(f"{API}/tokens", {"unit": "energy/mill", "life_s": 60})).json()["token"]
        assert await room.access.find(short) == MILL
        room.clock.advance(61.0)
        assert await room.access.find(short) is None
        listed = await council.get(f"{API}/settings")
        assert made["token"] not in listed.text
        rows = {one["name"]: one for one in listed.json()["tokens"]}
        assert [rows["press"]["expired"], rows["mill"]["expired"]] == [False, True]
        assert (await council.post(f"{API}/tokens/{rows['press']['id']}/revoke")).status_code == 200
        assert await room.access.find(made["token"]) is None
        assert code(await council.post(f"{API}/tokens", {"unit": "energy"})) == "unit_unknown"
        above = await door("branch-council")
        assert code(await above.post(f"{API}/tokens", {"unit": "energy/mill"})) == "token_refused"

    told(story)


def test_a_repeated_request_is_not_told_the_secret_again() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council, key = await door("mill-council"), {"Idempotency-Key": "one"}
        first = (await council.post(f"{API}/tokens", {"unit": "energy/mill"}, **key)).json()
        again = (await council.post(f"{API}/tokens", {"unit": "energy/mill"}, **key)).json()
        assert ("token" in first, "token" in again) == (True, False)
        assert len(room.access.tokens()) == 1

    told(story)


def test_an_admin_gives_alters_and_takes_seats_but_not_the_own() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        top = await admin(room, door)
        body = {"person": "R. Soto", "unit": "energy/mill", "role": "operator"}
        made = (await top.post(f"{API}/seats", body)).json()
        seat_id, password = made["seat"]["id"], made["password"]
        _, caller = await room.access.sign_in("R. Soto", password, "one")
        changed = await top.post(f"{API}/seats/{seat_id}", {"unit": "energy", "role": "council"})
        assert changed.json()["seat"]["role"] == "council"
        still = room.access.still(caller)
        assert still is not None
        assert (still.seat.role, still.seat.unit_id) == (Role.COUNCIL, BRANCH)
        new = (await top.post(f"{API}/seats/{seat_id}/password")).json()["password"]
        assert new != password
        await room.access.sign_in("R. Soto", new, "two")
        assert (await top.post(f"{API}/seats/{seat_id}/remove")).status_code == 200
        assert room.access.still(caller) is None
        mine = next(one.id for one in room.access.seats() if one.person == "top-council")
        assert code(await top.post(f"{API}/seats/{mine}/remove")) == "seat_own"
        refused = await (await door("branch-council")).post(f"{API}/seats", body)
        assert code(refused) == "seat_refused"
        journal = (await top.get(f"{API}/settings")).json()["journal"]
        did = [(one["person"], one["did"], one["subject"]) for one in reversed(journal)]
        verbs = ("seat_made", "seat_altered", "seat_password", "seat_removed")
        assert did == [("top-council", verb, "R. Soto") for verb in verbs]

    told(story)
