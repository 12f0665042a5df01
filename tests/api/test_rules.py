"""Rules over HTTP: seen, tried, put in force, refused with the field named; events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from opsroom.model import ChangeKind, Finding, FindingVerb
from opsroom.rule import Ruling
from opsroom.rules.binding import series_of
from tests.api.doors import Door, code, told
from tests.api.small_room import HEAT, MILL, PRESS, START, S, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
HOT: dict[str, Any] = {
    "id": "hot",
    "title": "Mill runs hot",
    "series": "energy/mill/heat",
    "when": {"limit": {"above": 80.0, "deadband": 2.0}},
    "consequence": "major",
    "response_s": 600,
    "response": "Open the cooling valve.",
}


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in HOT.items() if key not in keys}


async def put(door: Door, rule: dict[str, Any], version: int = 0) -> Any:
    return await door.post("/api/v1/rules", {"rule": rule, "version": version})


async def listed(door: Door) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in (await door.get("/api/v1/rules")).json()["rules"]}


def test_a_rule_is_put_in_force_versioned_and_journalled() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-council")
        seen = (await ada.post("/api/v1/rules/preview", {"rule": HOT})).json()
        assert (seen["new"], seen["watches"], seen["keys"]) == (True, 1, {})
        assert (seen["rule"]["priority"], seen["rule"]["cell"]) == (2, {"row": 1, "column": 2})
        assert room.catalog.rules == {}
        assert (await put(ada, HOT)).status_code == 200
        changed = {**HOT, "when": {"limit": {"above": 90.0, "deadband": 2.0}}}
        seen = (await ada.post("/api/v1/rules/preview", {"rule": changed})).json()
        assert seen["keys"] == {"when": [HOT["when"], changed["when"]]}
        assert (await put(ada, changed, version=1)).status_code == 200
        (rule,) = (await listed(ada)).values()
        assert (rule["version"], rule["approved_by"], rule["state"]) == (2, "mill-council", "screen")
        assert (rule["unit"], rule["watches"], rule["may_edit"]) == ("energy/mill", 1, True)
        kept = (await ada.get("/api/v1/rules/hot/versions")).json()["versions"]
        assert [one["version"] for one in kept] == [2, 1]
        assert kept[0]["keys"] == {"when": [HOT["when"], changed["when"]]}
        assert (await ada.post("/api/v1/rules/hot/retire", {"version": 2})).status_code == 200
        assert await listed(ada) == {}
        assert room.catalog.rules["hot"].retired

    told(story)


def test_the_same_key_does_it_once_and_an_older_version_is_refused() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada, top = await door("mill-council"), await door("top-council")
        body = {"rule": HOT, "version": 0}
        first = await ada.post("/api/v1/rules", body, Idempotency_Key="k")
        again = await ada.post("/api/v1/rules", body, Idempotency_Key="k")
        assert first.json() == again.json()
        assert room.catalog.rules["hot"].version == 1
        assert (await put(top, {**HOT, "title": "Hot"}, version=1)).status_code == 200
        late = await put(ada, HOT, version=1)
        assert (late.status_code, code(late)) == (409, "rule_moved")
        assert late.json()["error"]["params"]["version"] == 2

    told(story)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (without("response"), "response"),
        (without("consequence"), "consequence"),
        (without("response_s"), "response_s"),
        ({**HOT, "when": {"limit": {}}}, "when.limit"),
        ({**HOT, "when": {"limit": {"above": "hot"}}}, "when.limit.above"),
        ({**HOT, "suppress": [{"rule": "hot"}]}, "suppress"),
        ({**HOT, "suppress": [{"rule": "gone"}]}, "suppress"),
        ({**HOT, "owner": "energy/moon"}, "owner"),
        ({**HOT, "colour": "red"}, "colour"),
        ({}, "id"),
    ],
)
def test_what_is_no_alarm_is_refused_with_the_field_named(rule: dict[str, Any], field: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-council")
        for path in ("/api/v1/rules", "/api/v1/rules/preview", "/api/v1/rules/backtest"):
            answer = await ada.post(path, {"rule": rule})
            assert answer.status_code == 422
            assert answer.json()["error"]["params"]["field"] == field
        assert room.catalog.rules == {}

    told(story)


def test_without_a_record_it_may_be_filed_as_event() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        bare = without("response", "consequence", "response_s")
        answer = await put(await door("mill-council"), {**bare, "event": True})
        assert (answer.status_code, answer.json()["rule"]["priority"]) == (200, None)
        assert room.catalog.rules["hot"].event

    told(story)


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("mill-council", 200),
        ("branch-council", 200),
        ("top-council", 200),
        ("mill-operator", 403),
        ("mill-observer", 403),
        ("press-operator", 403),
        ("branch-operator", 403),
    ],
)
def test_councils_agree_to_rules_of_their_own_subtree(person: str, status: int) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        answer = await put(await door(person), {**HOT, "owner": "energy/mill"})
        assert answer.status_code == status
        if status == 403:
            assert code(answer) == "rule_not_yours"
        assert len(room.catalog.rules) == (status == 200)

    told(story)


def test_a_pattern_of_a_unit_watches_that_unit_alone() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada, branch = await door("mill-council"), await door("branch-council")
        assert (await put(ada, {**HOT, "series": "*/output"})).json()["rule"]["unit"] == "energy/mill"
        rule = room.catalog.rules["hot"]
        assert {room.catalog.series[one].unit_id for one in series_of(room.catalog, rule)} == {MILL}
        wide = {**HOT, "id": "wide", "series": "*/output", "owner": "energy"}
        assert (await put(branch, wide)).status_code == 200
        units = {
            room.catalog.series[one].unit_id for one in series_of(room.catalog, room.catalog.rules["wide"])
        }
        assert units == {MILL, PRESS}
        stolen = await put(ada, {**wide, "owner": "energy/mill"}, version=1)
        assert code(stolen) == "rule_not_yours"
        seen = await listed(ada)
        assert [(one, seen[one]["may_edit"]) for one in sorted(seen)] == [("hot", True), ("wide", False)]
        assert seen["wide"]["watches"] == 1

    told(story)


def test_raises_stand_against_the_budget_and_below_only_as_numbers() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-council")
        await put(ada, HOT)
        found(room, "hot", at=START - S)
        found(room, "hot", at=START - 31 * 86_400 * S)
        rule = (await listed(ada))["hot"]
        assert (rule["raises_30d"], round(rule["budget_30d"], 3)) == (1, round(0.1 * 30 / 7, 3))
        assert (await listed(await door("branch-council")))["hot"]["raises_30d"] == 1
        assert await listed(await door("press-operator")) == {}

    told(story)


def test_a_draft_is_tried_on_what_is_stored() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-council")
        empty = (await ada.post("/api/v1/rules/backtest", {"rule": HOT})).json()
        assert (empty["readings"], empty["draft"], empty["present"]) == (0, 0, None)
        await put(ada, HOT)
        for n in range(60):
            room.reading(HEAT, START + n * 60 * S, 70.0 + 15.0 * (n % 3 == 0) + 10.0 * (n % 20 == 0))
        wider = {**HOT, "when": {"limit": {"above": 90.0, "deadband": 2.0}}}
        tried = (await ada.post("/api/v1/rules/backtest", {"rule": wider, "days": 30})).json()
        assert (tried["readings"], tried["present"], tried["draft"]) == (60, 20, 1)

    told(story)


def test_only_so_many_readings_are_played() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        for n in range(60 * 5):
            room.reading(HEAT, START + n * 60 * S, 70.0)
        tried = (await (await door("mill-council")).post("/api/v1/rules/backtest", {"rule": HOT})).json()
        assert 0 < tried["readings"] <= 120
        assert tried["days"] < 0.2

    told(story, backtest_readings=120)


def test_a_file_is_taken_in_whole_or_not_at_all() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-council")
        await put(ada, HOT)
        text = (await ada.get("/api/v1/rules/export")).text
        same = await ada.post("/api/v1/rules/import", {"text": text})
        assert same.json() == {"changes": [], "in_force": False}
        text = text.replace("80.0", "85.0") + text.replace('"hot"', '"hotter"')
        shown = (await ada.post("/api/v1/rules/import", {"text": text})).json()
        assert [(one["rule"], one["change"]) for one in shown["changes"]] == [
            ("hot", "altered"),
            ("hotter", "new"),
        ]
        assert list(room.catalog.rules) == ["hot"]
        assert (await ada.post("/api/v1/rules/import", {"text": text, "force": True})).json()["in_force"]
        assert room.catalog.rules["hot"].high == 85.0
        bad = await ada.post("/api/v1/rules/import", {"text": text.replace("response_s", "respond_s")})
        assert (bad.status_code, bad.json()["error"]["params"]["key"]) == (400, "rule.respond_s")
        other = text.replace("energy/mill", "energy/press")
        assert (
            code(await ada.post("/api/v1/rules/import", {"text": other, "force": True})) == "rule_not_yours"
        )

    told(story)


def test_a_rule_at_peace_is_not_settled() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-council")
        await put(ada, HOT)
        answer = await ada.post("/api/v1/rules/hot/settle", {"take_file": True})
        assert (answer.status_code, code(answer)) == (404, "rule_at_peace")
        assert code(await ada.post("/api/v1/rules/cold/settle", {"take_file": True})) == "rule_unknown"
        assert code(await (await door("press-operator")).get("/api/v1/rules/hot/versions")) == "rule_unknown"
        assert room.catalog.rules["hot"].version == 1

    told(story)


def found(room: SmallRoom, rule: str, *, at: int, event: bool = False) -> None:
    """Let a rule be met by a reading of the mill."""
    finding = Finding(
        series_id=HEAT,
        verb=FindingVerb.OPEN,
        detector=f"rule:{rule}",
        kind=ChangeKind.LIMIT,
        at=at,
        value=91.0,
        high=80.0,
    )
    room.offset += 1
    ruling = Ruling(finding=finding, rule=rule, unit_id=MILL, event=event)
    room.store.journal.commit(room.offset, [], [], [], rulings=[ruling])


def test_events_are_the_units_own_and_newest_first() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        found(room, "warm", at=START - 5 * S, event=True)
        found(room, "warm", at=START - 2 * S, event=True)
        found(room, "hot", at=START - S)
        body = (await (await door("mill-observer")).get("/api/v1/events")).json()
        assert [(one["rule"], one["at"]) for one in body["events"]] == [
            ("warm", (START - 2 * S) // 1000),
            ("warm", (START - 5 * S) // 1000),
        ]
        assert (body["events"][0]["series"], body["events"][0]["value"]) == ("energy/mill/heat", 91.0)
        assert not body["more"]
        assert (await (await door("branch-council")).get("/api/v1/events")).json()["events"] == []
        late = await (await door("mill-observer")).get("/api/v1/events", **{"from": 5, "to": 5})
        assert code(late) == "range_empty"
        assert room.view.alerts == {}

    told(story)
