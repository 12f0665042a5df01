"""A rule in a real browser: altered with a preview, refused with its field, in conflict; events; guidance."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cli.conftest import run
from tests.dashboards.conftest import Visit, browser, visit
from tests.story.mill import PASSWORD, RULES, Mill, mill

__all__ = ["browser", "visit"]  # fixtures, used by name

DRAFT_MOST, PRESENT_LEAST = 5, 50

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mill]:
    """One room for the whole page: its month takes a while to be fed."""
    with mill(tmp_path_factory.mktemp("mill")) as served:
        yield served


def sign_in(seen: Visit, room: Mill, person: str, wall: str = "") -> Any:
    """Sign in through the form, as a person types; gives the page."""
    page = seen.page
    page.goto(room.page + wall)
    page.wait_for_selector("#person")
    page.keyboard.type(person)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room:not([hidden]) .feed.is-live")
    return page


def opened(page: Any, rule: str) -> Any:
    """Open a rule's facts."""
    row = page.locator(f'.rule[data-rule="{rule}"]')
    row.locator("summary").wait_for()
    if not row.locator("details[open]").count():
        row.locator("summary").click()
    return row


def raises(text: str) -> list[int]:
    """Give the numbers of raises out of what the preview says."""
    return [int(part.split(" times")[0].replace(",", "")) for part in text.split("raised ")[1:]] + [
        int(part.split(" times")[0].replace(",", "")) for part in text.split("in force: ")[1:]
    ]


def test_a_rule_is_altered_in_the_screen_and_then_its_file_moves(
    room: Mill, visit: Callable[..., Visit]
) -> None:
    """One story, as the second half needs what the first put in force."""
    seen = visit()
    page = sign_in(seen, room, "ada")
    page.keyboard.press("r")
    put_in_force(page)
    assert [one for one in seen.complaints if "422" not in one] == []  # the refusal that was asked for
    seen.complaints.clear()
    file_moves(page, room)
    assert seen.complaints == []


def put_in_force(page: Any) -> None:
    """Alter the rule, past a refusal that names its field, with a preview before."""
    row = opened(page, "hot")
    assert row.locator(".rule-matrix .is-here").inner_text() == "2"
    row.get_by_role("button", name="Edit").click()
    dialog = page.locator(".rule-dialog")
    put = dialog.get_by_role("button", name="Put in force")
    assert put.is_disabled()
    dialog.locator('[name="response"]').fill("")
    dialog.get_by_role("button", name="Preview").click()
    dialog.locator(".fault", has_text="Response is missing").wait_for()
    assert page.evaluate("document.activeElement.name") == "response"
    assert put.is_disabled()
    dialog.locator('[name="response"]').fill("Open the cooling valve and halve the feed.")
    dialog.locator('[name="when.limit.deadband"]').fill("2")
    dialog.locator('[name="on_delay_s"]').fill("1800")
    dialog.locator('[name="response_s"]').fill("120")
    dialog.get_by_role("button", name="Preview").click()
    history = dialog.locator(".rule-history", has_text="in force")
    history.wait_for(timeout=30_000)
    draft, present = raises(history.inner_text())
    assert draft <= DRAFT_MOST
    assert present >= PRESENT_LEAST
    assert dialog.locator(".rule-matrix .is-here").inner_text() == "1"
    assert dialog.locator(".rule-diff tbody tr").count() == 3
    put.click()
    dialog.wait_for(state="detached")
    page.locator('.rule[data-rule="hot"] .rule-state.is-ahead').wait_for()
    row = opened(page, "hot")
    assert "version 2" in row.inner_text()
    assert "ada" in row.inner_text()
    row.get_by_role("button", name="Versions").click()
    row.locator(".version-list > li").nth(1).wait_for()
    print(json.dumps({"present": present, "draft": draft}))


def file_moves(page: Any, room: Mill) -> None:
    """The file says something else than it did: a conflict, named by screen and command line, and mended."""
    room.rules.write_text(RULES.replace("above = 80.0", "above = 78.0"), encoding="utf-8")
    page.wait_for_timeout(1_000)
    page.reload()
    page.locator('.rule[data-rule="hot"] .rule-state.is-conflict').wait_for()
    row = opened(page, "hot")
    told = run(room.folder, "rules", "diff", "--json")
    assert (told.code, [(one["rule"], one["change"]) for one in told.json]) == (1, [("hot", "conflict")])
    assert "mill.toml" in row.locator(".rule-conflict").inner_text()
    assert "Above 78" in row.locator(".rule-conflict").inner_text()
    row.get_by_role("button", name="Keep the screen's").click()
    page.locator('.rule[data-rule="hot"] .rule-state.is-ahead').wait_for()
    room.rules.write_text(RULES.replace("response_s = 900", ""), encoding="utf-8")
    page.wait_for_timeout(1_000)
    page.reload()
    page.locator(".rules-faults", has_text="response_s").wait_for()
    page.locator('.rule[data-rule="hot"] .rule-state.is-ahead').wait_for()
    room.rules.write_text(RULES, encoding="utf-8")


def test_events_are_seen_and_never_annunciated(room: Mill, visit: Callable[..., Visit]) -> None:
    seen = visit()
    page = sign_in(seen, room, "olga", "#rules")
    page.locator("#events .event", has_text="Mill is warm").first.wait_for()
    assert page.locator('.rule[data-rule="warm"] .rule-event').count() == 1
    assert page.locator('.rule[data-rule="hot"]').get_by_role("button", name="Edit").count() == 0
    page.keyboard.press("r")
    assert "warm" not in page.locator("#wall").inner_text()
    assert seen.complaints == []


def test_the_card_says_what_helps_and_from_which_unit(room: Mill, visit: Callable[..., Visit]) -> None:
    seen = visit()
    page = sign_in(seen, room, "ada")
    alerts = page.evaluate("fetch('/api/v1/alerts?open=0').then((answer) => answer.json())")["alerts"]
    card = page.locator("#wall .card-guidance").first
    assert "Guidance from Works: Ask the shift lead of the works." in card.inner_text()
    assert card.locator("a").get_attribute("href") == "https://works.invalid/procedures/heat"
    told = {one["code"]: one["params"] for one in alerts[0]["explanation"]}
    assert told["why.unit.guidance"] == {"guidance": "Ask the shift lead of the works.", "place": "Works"}
    assert told["why.unit.procedure"]["procedure"].startswith("https://")


def test_a_rule_that_is_edited_fits_and_is_accessible(room: Mill, visit: Callable[..., Visit]) -> None:
    seen = visit("phone", "night")
    page = sign_in(seen, room, "ada", "#rules")
    opened(page, "hot")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened(page, "hot").get_by_role("button", name="Edit").click()
    page.locator(".rule-dialog").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    violations(page)


def violations(page: Any) -> None:
    """Let axe look at the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found] == []
