"""The wall of feeds over HTTP: worst first, filtered and paged, and told to nobody who has no part in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import numpy as np

from opsroom.model import Columns
from tests.api.doors import Door, code, told
from tests.api.small_room import BRANCH, MILL, OTHER_OUTPUT, OUTPUT, PRESS, START, S, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
FEEDS = "/api/v1/feeds"


def bring(room: SmallRoom, key: str, unit_id: int, series_id: int, at: int, door: str = "websocket") -> None:
    columns = Columns(np.array([series_id], np.int32), np.array([at]), np.ones(1), np.full(1, 192, np.uint8))
    room.feeds.took(key, unit_id, door, columns, at)
    room.view.values(columns)


def fed(room: SmallRoom) -> None:
    """The mill is fed well by its own source, the press by one of the branch that broke off."""
    room.feeds.opened(f"{MILL}:mill", MILL, "websocket", START, name="mill")
    room.feeds.opened(f"{BRANCH}:hall", BRANCH, "websocket", START, name="hall")
    bring(room, f"{MILL}:mill", MILL, OUTPUT, START)
    bring(room, f"{BRANCH}:hall", BRANCH, OTHER_OUTPUT, START)
    room.feeds.closed(f"{BRANCH}:hall", left=False)


def test_a_seat_sees_the_sources_of_its_unit_and_what_feeds_it_from_above() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        fed(room)
        seen = {}
        for person in ("top-observer", "branch-operator", "mill-observer", "press-operator"):
            body = (await (await door(person)).get(FEEDS)).json()
            seen[person] = [(row["name"], row["state"]) for row in body["rows"]]
        assert seen["top-observer"] == seen["branch-operator"] == [("hall", "lost"), ("mill", "well")]
        assert seen["mill-observer"] == [("mill", "well")]
        assert seen["press-operator"] == [("hall", "lost")]

    told(story)


def test_refusals_come_with_code_and_count_and_strangers_are_told_to_the_top_alone() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        fed(room)
        refusal = {"series": "output", "params": {"expected": "t/h", "got": "kg"}}
        for _ in range(3):
            room.feeds.refused(f"{MILL}:mill", MILL, "websocket", "unit_mismatch", START, **refusal)  # type: ignore[arg-type]
        room.feeds.sent_away("influx", "token_invalid", START)
        top = (await (await door("top-observer")).get(FEEDS)).json()
        row = next(one for one in top["rows"] if one["name"] == "mill")
        assert (row["faults"], row["refused"]) == (["refused"], 3)
        assert row["refusals"][0]["params"] == {"expected": "t/h", "got": "kg", "series": "output"}
        assert [(one["door"], one["code"], one["n"]) for one in top["turned_away"]] == [
            ("influx", "token_invalid", 1)
        ]
        assert (await (await door("mill-observer")).get(FEEDS)).json()["turned_away"] == []

    told(story)


def test_a_source_opens_to_its_series_and_a_stranger_finds_none() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        fed(room)
        room.view.now(START + 181 * S)
        path = f"{FEEDS}/series"
        mine = (await (await door("mill-observer")).get(path, source=f"{MILL}:mill")).json()
        (row,) = mine["series"]
        assert (row["path"], row["silent"], row["value"]) == ("energy/mill/output", True, 1.0)
        above = (await (await door("branch-operator")).get(path, source=f"{MILL}:mill")).json()
        assert [one["value"] for one in above["series"]] == [None]
        other = await (await door("press-operator")).get(path, source=f"{MILL}:mill")
        assert (other.status_code, code(other)) == (404, "source_unknown")

    told(story)


def test_the_state_of_the_room_is_told_with_its_reasons() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        room.store_failing = True
        body = (await (await door("mill-observer")).get(FEEDS)).json()["room"]
        assert body["reasons"] == ["store_failing"]
        assert body["disk_free_bytes"] > 0

    told(story)


def test_ten_thousand_sources_are_paged() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        for n in range(10_000):
            key = f"{PRESS}:s{n:05}"
            room.feeds.opened(key, PRESS, "websocket", START, name=f"s{n:05}")
            room.feeds.feeds[key].came(1, START)
        room.feeds.closed(f"{PRESS}:s07777", left=False)
        top = await door("top-observer")
        body = (await top.get(FEEDS, limit=100)).json()
        assert (body["all"], len(body["rows"]), body["rows"][0]["name"]) == (10_000, 100, "s07777")
        assert body["counts"] == {**dict.fromkeys(body["counts"], 0), "lost": 1, "well": 9_999}
        last = (await top.get(FEEDS, sort="name", down=True, offset=9_990)).json()["rows"]
        assert [row["name"] for row in last] == [f"s{n:05}" for n in range(9, -1, -1)]
        found = (await top.get(FEEDS, q="S07777")).json()
        assert (found["found"], found["rows"][0]["unit"]) == (1, "energy/press")
        wrong = (await top.get(FEEDS, fault="wrong")).json()
        assert [row["name"] for row in wrong["rows"]] == ["s07777"]

    told(story)
