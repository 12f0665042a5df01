"""Files and screen, both edited: ahead, caught up, in conflict, never silently overwritten."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from opsroom.catalog import Catalog
from opsroom.errors import SettingsError
from opsroom.records import AnyConfig, RuleSet
from opsroom.rule import Rule
from opsroom.rulefolder import RuleFolder
from opsroom.rules.draft import read_draft, read_text
from opsroom.rules.plan import compare
from opsroom.rules.text import as_toml, fingerprint
from tests.rules.feed import tree

HOT = """
[[rule]]
id = "hot"
series = "mill/press/heat"
when.limit = { above = 10.0, deadband = 1.0 }
consequence = "major"
response_s = 600
response = "Open the valve."
"""
DRAFT = {
    "id": "hot",
    "series": "mill/press/heat",
    "when": {"limit": {"above": 12.0, "deadband": 1.0}},
    "consequence": "major",
    "response_s": 600,
    "response": "Open the valve.",
}


class Beside:
    """A catalog beside a folder, with changes applied at once."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "press.toml"
        self.catalog = Catalog()
        for change in tree():
            self.catalog.apply(change)
        self.folder = RuleFolder(folder, self.catalog)
        self.folder.join(self.change)

    async def change(self, changes: list[AnyConfig]) -> None:
        for change in changes:
            self.catalog.apply(change)

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    async def edit(self, **keys: object) -> Rule:
        draft, faults = read_draft({**DRAFT, **keys}, self.catalog.rules.values())
        assert draft is not None, faults
        (made,) = await self.folder.put([draft], "Ana", 5)
        return made

    @property
    def hot(self) -> Rule:
        return self.catalog.rules["hot"]


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    made = Beside(tmp_path)
    made.write(HOT)
    for change in made.folder.start():
        made.catalog.apply(change)
    return made


def in_a_loop(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a test of a coroutine."""

    @functools.wraps(story)
    def run(**fixtures: Any) -> None:
        asyncio.run(story(**fixtures))

    return run


@in_a_loop
async def test_a_file_that_changes_is_taken_while_the_room_runs(beside: Beside) -> None:
    beside.write(HOT.replace("10.0", "11.0"))
    await beside.folder.renew()
    assert (beside.hot.high, beside.hot.version) == (11.0, 2)
    beside.file.unlink()
    await beside.folder.renew()
    assert beside.hot.retired


@in_a_loop
async def test_a_bad_file_keeps_the_rules_and_says_so(beside: Beside) -> None:
    beside.write(HOT.replace("response_s = 600\n", ""))
    await beside.folder.renew()
    assert (beside.hot.high, beside.hot.retired) == (10.0, False)
    assert [fault.params["key"] for fault in beside.folder.faults] == ["rule.response_s"]
    again = RuleFolder(beside.file.parent, beside.catalog)
    assert again.start() == []
    assert again.faults
    with pytest.raises(SettingsError, match="no response_s"):
        RuleFolder(beside.file.parent, Catalog()).start()
    beside.write(HOT)
    await beside.folder.renew()
    assert beside.folder.faults == []


@in_a_loop
async def test_the_screen_is_ahead_until_its_file_catches_up(beside: Beside) -> None:
    made = await beside.edit()
    assert (made.high, made.version, made.approved_by, made.approved) == (12.0, 2, "Ana", 5)
    plan = beside.folder.plan()
    assert (plan.changes, plan.conflicts, plan.ahead) == ([], [], [made])
    beside.write(as_toml([made]))
    await beside.folder.renew()
    assert beside.hot == replace(made, edited=False, base="")
    assert beside.folder.plan().ahead == []


@pytest.mark.parametrize("take_file", [True, False])
@in_a_loop
async def test_a_file_that_moved_under_the_screen_is_a_conflict(beside: Beside, take_file: bool) -> None:
    made = await beside.edit()
    beside.write(HOT.replace("10.0", "14.0"))
    await beside.folder.renew()
    assert beside.hot == made
    (conflict,) = beside.folder.plan().conflicts
    assert (conflict.room, conflict.file and conflict.file.high) == (made, 14.0)
    await beside.folder.settle("hot", take_file=take_file)
    assert beside.folder.plan().conflicts == []
    assert (beside.hot.high, beside.hot.edited) == ((14.0, False) if take_file else (12.0, True))
    await beside.folder.renew()
    assert beside.hot.high == (14.0 if take_file else 12.0)


@in_a_loop
async def test_a_file_that_drops_an_edited_rule_is_a_conflict_too(beside: Beside) -> None:
    await beside.edit()
    beside.write("")
    await beside.folder.renew()
    assert not beside.hot.retired
    assert [one.file for one in beside.folder.plan().conflicts] == [None]
    await beside.folder.settle("hot", take_file=False)
    assert [rule.id for rule in beside.folder.plan().ahead] == ["hot"]


@in_a_loop
async def test_a_rule_made_in_the_screen_needs_no_file(beside: Beside) -> None:
    await beside.edit(id="cold", when={"limit": {"below": 1.0}})
    await beside.folder.renew()
    assert compare([], {"cold": beside.catalog.rules["cold"]}).changes == []
    beside.write(HOT + HOT.replace('"hot"', '"cold"'))
    await beside.folder.renew()
    assert [one.room.id for one in beside.folder.plan().conflicts] == ["cold"]


def test_a_draft_is_refused_by_what_refuses_files() -> None:
    hot, faults = read_draft(DRAFT, [])
    assert (hot is not None, faults) == (True, [])
    assert hot is not None
    for key in ("response", "consequence", "response_s", "when"):
        bare = {name: value for name, value in DRAFT.items() if name != key}
        assert [fault.field for fault in read_draft(bare, [])[1]] == [key]
    event, _ = read_draft({key: DRAFT[key] for key in ("id", "series", "when")} | {"event": True}, [])
    assert event is not None
    assert event.event
    other, _ = read_draft({**DRAFT, "id": "other", "suppress": [{"rule": "hot"}]}, [hot])
    assert other is not None
    circle = read_draft({**DRAFT, "suppress": [{"rule": "other"}]}, [hot, other])[1]
    assert [(one.field, "hot -> other -> hot" in one.message) for one in circle] == [("suppress", True)]
    assert [one.field for one in read_draft({**DRAFT, "event": True}, [hot, other])[1]] == ["suppress"]
    assert [one.field for one in read_draft({**DRAFT, "limit": 3}, [])[1]] == ["limit"]


def test_a_draft_keeps_the_class_and_terms_it_was_made_from() -> None:
    text = '[[class]]\nname = "slow"\nack_timeout_s = 60\n' + HOT.replace(
        "consequence", 'class = "slow"\nconsequence'
    )
    (hot,) = read_text(text, [])
    again, faults = read_draft({**DRAFT, "class": "slow"}, [hot])
    assert faults == []
    assert again is not None
    assert again.ack_timeout_s == 60.0
    assert fingerprint(again) != fingerprint(hot)
    assert fingerprint(replace(hot, version=7, edited=True, base="x")) == fingerprint(hot)


def test_no_pattern_reaches_out_of_its_owner() -> None:
    from opsroom.rules.binding import home_of, series_of

    catalog = Catalog()
    for change in tree():
        catalog.apply(change)
    wide, _ = read_draft({**DRAFT, "series": "*"}, [])
    assert wide is not None
    assert len(series_of(catalog, wide)) == len(catalog.series)
    bound = replace(wide, owner="mill/press")
    paths = [catalog.series_path(one) for one in series_of(catalog, bound)]
    assert paths
    assert all(path.startswith("mill/press/") for path in paths)
    assert home_of(catalog, bound).path == "mill/press"
    assert home_of(catalog, wide).path == ""
    assert home_of(catalog, replace(wide, series="mill/press/he*")).path == "mill/press"
    catalog.apply(RuleSet(bound))


@in_a_loop
async def test_a_rule_retired_in_the_screen_stays_so_until_its_file_moves(beside: Beside) -> None:
    await beside.folder.put([replace(beside.hot, retired=True)], "Ana", 5)
    await beside.folder.renew()
    assert beside.folder.plan().ahead == [beside.hot]
    beside.write(HOT.replace("10.0", "14.0"))
    await beside.folder.renew()
    assert beside.hot.retired
    assert [one.room.id for one in beside.folder.plan().conflicts] == ["hot"]
    await beside.folder.settle("hot", take_file=True)
    assert (beside.hot.retired, beside.hot.high) == (False, 14.0)
    await beside.folder.put([replace(beside.hot, retired=True)], "Ana", 6)
    beside.file.unlink()
    await beside.folder.renew()
    assert (beside.hot.retired, beside.hot.edited) == (True, False)
