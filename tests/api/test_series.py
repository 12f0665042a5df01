"""Adoption, names and versions over HTTP: who may, what is refused, what is converted, what stays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from opsroom.model import Role
from opsroom.records import SeriesSet
from opsroom.rule import Rule, RuleKind
from tests.api.doors import Door, code, told
from tests.api.small_room import HEAT, MILL, OUTPUT, ROOT, START, S, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
INDICATOR = {"orientation": "more", "capability": 3.5}
SERIES = "/api/v1/series"


def brought(room: SmallRoom, name: str = "power", unit: str = "kW") -> int:
    """Let a plant bring a series below the mill; gives its id."""
    changes = room.catalog.propose_series(MILL, name, unit, 60.0, unit_verified=True)
    room.offset += 1
    room.store.journal.commit(room.offset, [], changes, [])
    room.view.apply(room.view.at, [], catalog_changed=True)
    assert isinstance(changes[-1], SeriesSet)
    return changes[-1].series.id


def test_what_a_plant_brought_is_adopted_as_an_indicator_in_another_unit() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        series_id = brought(room)
        for n in range(3):
            room.reading(series_id, START + n * 60 * S, 3_000.0 + n)
        council = await door("mill-council")
        waiting = (await council.get(f"{SERIES}/unadopted")).json()
        (row,) = waiting["rows"]
        assert (waiting["waiting"], row["id"], row["path"]) == (1, series_id, "energy/mill/power")
        assert (row["unit"], row["value"]) == ("kW", 3_002.0)
        body = {"unit": "MW", "indicator": INDICATOR, "recovery_s": [600, 900], "description": "Busbar"}
        answer = await council.post(f"{SERIES}/{series_id}/adopt", body)
        assert answer.status_code == 200, answer.text
        listed = (await council.get(SERIES)).json()["series"]
        (seen,) = (one for one in listed if one["id"] == series_id)
        assert (seen["unit"], seen["value"], seen["adopted"]) == ("MW", 3.002, True)
        assert [point[1] for point in seen["trail"]] == [3.0, 3.001, 3.002]
        assert seen["productivity"] == pytest.approx(3.002 / 3.5, abs=1e-4)
        past = (await council.get(f"{SERIES}/{series_id}/readings")).json()
        assert past["v"] == [3.0, 3.001, 3.002]
        assert (await council.get(f"{SERIES}/unadopted")).json()["waiting"] == 0
        series = room.catalog.series[series_id]
        assert (series.kept, series.recovery_s, series.description) == ("kW", (600.0, 900.0), "Busbar")

    told(story)


def test_many_are_adopted_at_once_and_none_of_others() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        own, below = [brought(room, name) for name in ("a", "b")], brought(room, "kiln/heat")
        council = await door("mill-council")
        listed = (await council.get(f"{SERIES}/unadopted")).json()
        assert [row["id"] for row in listed["rows"]] == own, "a council adopts its own unit's"
        refused = await council.post(f"{SERIES}/adopt", {"ids": [*own, below]})
        assert (refused.status_code, code(refused)) == (403, "adopt_refused")
        assert not any(room.catalog.series[one].adopted for one in own)
        assert (await council.post(f"{SERIES}/adopt", {"ids": own})).json() == {"adopted": 2}
        await room.seat("admin", Role.ADMIN, ROOT)
        admin = await door("admin")
        rows = (await admin.get(f"{SERIES}/unadopted")).json()["rows"]
        assert [(row["id"], row["value"]) for row in rows] == [(below, None)]
        assert (await admin.post(f"{SERIES}/adopt", {"ids": [below]})).json() == {"adopted": 1}
        assert (await (await door("mill-operator")).get(f"{SERIES}/unadopted")).json()["rows"] == []

    told(story)


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"unit": "kWh"}, 422, "unit_mismatch"),
        ({"recovery_s": [0.5]}, 422, "recovery_limits"),
        ({"recovery_s": []}, 422, "invalid"),
        ({"indicator": {"capability": 3}}, 422, "invalid"),
        ({"description": "x" * 2001}, 422, "text_too_long"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    body: dict[str, Any], status: int, expected: str
) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        before = room.catalog.series[brought(room)]
        answer = await (await door("mill-council")).post(f"{SERIES}/{before.id}/adopt", body)
        assert (answer.status_code, code(answer)) == (status, expected)
        assert room.catalog.series[before.id] == before

    told(story)


def test_recovery_times_of_an_adopted_series_are_agreed_and_a_rule_holds_its_unit() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        council, path = await door("mill-council"), f"{SERIES}/{HEAT}/adopt"
        answer = await council.post(path, {"recovery_s": [60]})
        assert (answer.status_code, code(answer)) == (422, "recovery_agreed")
        room.catalog.apply(SeriesSet(replace(room.catalog.series[HEAT], unit_verified=True)))
        rule = Rule(id="hot", root_id=1, kind=RuleKind.LIMIT, series="energy/mill/heat", high=80.0)
        room.catalog.rules["hot"] = rule
        answer = await council.post(path, {"unit": "[degF]"})
        assert (answer.status_code, code(answer)) == (409, "unit_in_use")
        room.catalog.rules["hot"] = replace(rule, retired=True)
        assert (await council.post(path, {"unit": "°F"})).status_code == 200
        assert room.catalog.series[HEAT].kept == "Cel"

    told(story)


def test_a_rename_keeps_id_history_and_the_old_name_until_it_is_given_up() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        room.reading(OUTPUT, START, 5.0)
        council = await door("mill-council")
        at, names, units = f"{SERIES}/at", f"{SERIES}/{OUTPUT}", f"/api/v1/units/{MILL}"
        assert (await council.post(f"{names}/rename", {"name": "tons"})).status_code == 200
        assert (await council.get(f"{names}/readings")).json()["v"] == [5.0]
        answer = await council.post(f"{units}/rename", {"name": "Rolling mill", "part": "rolling"})
        assert answer.json()["unit"]["path"] == "energy/rolling"
        for path in ("energy/rolling/tons", "energy/mill/output"):
            found = (await council.get(at, path=path)).json()["series"]
            assert (found["id"], found["path"]) == (OUTPUT, "energy/rolling/tons")
        assert (await council.get(SERIES, unit="energy/mill")).status_code == 200
        assert (await council.post(f"{names}/give-up", {"name": "output"})).status_code == 200
        gone = await council.get(at, path="energy/mill/output")
        assert (gone.status_code, code(gone)) == (404, "series_unknown")
        assert (await council.post(f"{units}/give-up", {"name": "mill"})).status_code == 200
        assert (await council.get(SERIES, unit="energy/mill")).status_code == 404
        for body, expected in (({"name": "heat"}, "conflict"), ({"name": "a/b"}, "name_invalid")):
            assert code(await council.post(f"{names}/rename", body)) == expected

    told(story)


def test_who_may_name_and_who_may_read_the_versions() -> None:
    async def story(_: SmallRoom, door: Doors) -> None:
        for person, status in (("mill-operator", 403), ("branch-council", 403), ("press-operator", 404)):
            asked = await door(person)
            for path in (f"{SERIES}/{HEAT}/rename", f"/api/v1/units/{MILL}/rename"):
                assert (await asked.post(path, {"name": "other"})).status_code == status, (person, path)
            for path in (f"{SERIES}/{HEAT}/versions", f"/api/v1/units/{MILL}/versions"):
                assert (await asked.get(path)).status_code == (404 if status == 404 else 200), (person, path)

    told(story)


def test_versions_say_who_altered_what_and_when() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        series_id = brought(room)
        council, branch = await door("mill-council"), await door("branch-council")
        body: dict[str, Any] = {"unit": "MW", "indicator": INDICATOR}
        await council.post(f"{SERIES}/{series_id}/adopt", body)
        await council.post(f"{SERIES}/{series_id}/rename", {"name": "busbar"})
        terms = {"recovery_s": [120, 240], "essential": True, "version": 1}
        await council.post(f"/api/v1/agreements/{series_id}/propose", terms)
        room.view.now(room.view.at + S)
        await branch.post(f"/api/v1/agreements/{series_id}/confirm", {"proposal": 1})
        rows = (await council.get(f"{SERIES}/{series_id}/versions")).json()["versions"]
        assert [(row["version"], row["via"], row["person"]) for row in rows] == [
            (None, "terms", "branch-council"),
            (3, "seat", "mill-council"),
            (2, "seat", "mill-council"),
            (1, "plant", ""),
        ]
        altered = [{one["field"]: [one["before"], one["after"]] for one in row["changes"]} for row in rows]
        assert altered[0] == {"recovery_s": [[], [120.0, 240.0]], "essential": [False, True]}
        assert altered[1] == {"name": ["power", "busbar"], "formerly": [[], ["power"]]}
        assert altered[2]["unit"] == ["kW", "MW"]
        assert altered[2]["capability"] == [None, 3.5]
        assert altered[3]["name"] == [None, "power"]
        unit = (await council.get(f"/api/v1/units/{MILL}/versions")).json()["versions"]
        assert [(row["version"], row["at"]) for row in unit] == [(1, None)], "a store older than versions"

    told(story)
