"""What people do to alerts, in real browsers on a real room: race, shelve, acknowledge many, open a line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.assembled import crowd
from tests.assembled.town import GOOD, PASSWORD, Town, person, town, works
from tests.dashboards.conftest import Visit, browser, visit

__all__ = ["browser", "visit"]  # fixtures, used by name

Visits = Callable[..., Visit]
SECOND_MS, BULK_MS = 1_000, 2_000
HEAD_START_MS = 500
RACES = ("output", "level", "flow")
ROWS_DRAWN_MAX = 40
COUNTS = "#wall-tools .wall-silenced"
# The page notes by its own clock when its line of the alert names somebody: asking from outside is coarser.
NAMED = """(id) => {
  const line = document.querySelector(`.card[data-alert="${id}"] > .card-text > .card-acknowledged`);
  window.named = null;
  const note = () => {
    if (!window.named && line.textContent) window.named = [Date.now(), line.textContent];
  };
  new MutationObserver(note).observe(line, {childList: true, characterData: true, subtree: true});
}"""
# Both pages send at the same instant of the one clock they share.
SENDS_AT = """(at) => setTimeout(() => {
  window.sent = Date.now();
  document.querySelector(".card form").requestSubmit();
}, at - Date.now())"""
# From the key that sends to the frame in which nothing waits on this wall any more.
UNTIL_SEEN = """() => {
  window.took = null;
  let from = 0;
  const look = () => {
    const waits = document.querySelector("#wall .card.waiting, #wall-picks:not([hidden])");
    if (waits) requestAnimationFrame(look);
    else requestAnimationFrame(() => (window.took = Date.now() - from));
  };
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || from) return;
    from = Date.now();
    requestAnimationFrame(look);
  }, true);
}"""

START_MS = 45_000  # five hundred tiles and a room that has just begun
PATIENT_MS = 15_000  # for what is waited for but not promised in time
expect.set_options(timeout=PATIENT_MS)

ANSWERED = """() => performance.getEntriesByType("resource")
  .filter((one) => one.name.endsWith("/alerts/acknowledge")).at(-1).duration"""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


@contextmanager
def a_dam(folder: Path, *names: str) -> Iterator[Town]:
    """Run a room whose dam has these series."""
    with town(folder, None, tree=partial(crowd.economy, names), seats=crowd.SEATS) as server:
        yield server


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Run one small room for the stories about few alerts; each breaks series of its own."""
    with a_dam(tmp_path_factory.mktemp("dam"), *RACES, "pressure", "gauge") as server:
        yield server


def outside(what: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine where the browser's event loop is not."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, what).result()


def seated(seen: Visit, server: Town, name: str) -> Any:
    """Sign in through the form; give the page."""
    page = seen.page
    page.set_default_timeout(START_MS)
    page.goto(f"{server.home}/room/")
    page.wait_for_selector("#person")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room:not([hidden]) .feed.is-live")
    return page


async def broken(server: Town, *names: str) -> list[str]:
    """Break series after all else was seen; give their alerts."""
    async with works(server, f"story-{names[0]}") as program, person(server.home, "warden") as warden:
        await crowd.settle(warden)
        await crowd.breaks_all(program, list(names))
        rows = await crowd.standing(warden, len(names), unacked=True)
        return [row["id"] for row in rows]


def card(page: Any, alert: str) -> Any:
    """Give the card of an alert."""
    return page.locator(f'.card[data-alert="{alert}"]')


def seen_by(page: Any, alert: str) -> Any:
    """Give the line of its card that says who acknowledged it."""
    return card(page, alert).locator(":scope > .card-text > .card-acknowledged")


def test_of_two_browsers_that_acknowledge_at_once_one_wins(dam: Town, visit: Visits, slack: float) -> None:
    """Both pages name the same person within a second; the other is told who was first. Three times over."""
    visits = [visit(), visit()]
    pages = [seated(seen, dam, name) for seen, name in zip(visits, ("shift", "night"), strict=True)]
    took = []
    for name in RACES:
        (alert,) = outside(broken(dam, name))
        for page in pages:
            page.bring_to_front()
            page.locator("#wall .card.waiting").first.wait_for(state="attached")
            page.keyboard.press("a")
            card(page, alert).locator("form").wait_for()
            page.evaluate(NAMED, alert)
        at = max(page.evaluate("Date.now()") for page in pages) + HEAD_START_MS
        for page in pages:
            page.evaluate(SENDS_AT, at)
        for page in pages:
            expect(seen_by(page, alert)).not_to_be_empty()
        noted = [page.evaluate("window.named") for page in pages]
        assert noted[0][1] == noted[1][1], noted
        sent = min(page.evaluate("window.sent") for page in pages)
        took.append(max(named for named, _ in noted) - sent)
        winner = "shift" if "shift" in noted[0][1] else "night"
        loser = pages[0 if winner == "night" else 1]
        loser.locator(f".card .fault:has-text('{winner} was first')").wait_for()
        loser.keyboard.press("Escape")
    print(json.dumps({"races": len(RACES), "sent_to_both_named_ms": took}))
    assert max(took) <= SECOND_MS * slack, took
    conflicts = [line for seen in visits for line in seen.complaints if "409" not in line]
    assert conflicts == []


@pytest.mark.slow
def test_a_class_that_needs_a_note_says_so_and_keeps_what_was_typed(dam: Town, visit: Visits) -> None:
    async def wants_note(needed: bool) -> None:
        async with person(dam.home, "chair-1") as chair:
            answer = await chair.post("alarm-classes", {"name": "anomaly", "note_required": needed})
            assert answer.status_code == 200

    outside(wants_note(True))
    try:
        (alert,) = outside(broken(dam, "pressure"))
        page = seated(visit(), dam, "shift")
        answers: list[int] = []
        page.on("response", lambda one: answers.append(one.status) if "acknowledge" in one.url else None)
        page.keyboard.press("a")
        form = card(page, alert).locator("form")
        expect(form.locator(".field > span")).to_contain_text("asks for a note")
        page.keyboard.type("  ")
        page.keyboard.press("Enter")
        expect(form.locator(".fault")).to_contain_text("A note or reason is required here")
        assert (answers, form.locator("input").input_value()) == ([422], "  ")
        assert form.locator("input").get_attribute("aria-invalid") == "true"
        page.keyboard.type("gauge hangs")
        with page.expect_response(lambda one: "acknowledge" in one.url) as answered:
            page.keyboard.press("Enter")
        expect(seen_by(page, alert)).to_contain_text("gauge hangs")
        assert answered.value.status == 200
    finally:
        outside(wants_note(False))


@pytest.mark.slow
def test_a_shelved_alert_is_counted_named_and_comes_back(dam: Town, visit: Visits) -> None:
    async def shelve_again(alert: str) -> None:
        async with person(dam.home, "night") as night:
            body = {"duration_s": 3, "reason": "crew on its way"}
            assert (await night.post(f"alerts/{alert}/shelve", body)).status_code == 200

    (alert,) = outside(broken(dam, "gauge"))
    mine, other = (seated(visit(), dam, name) for name in ("shift", "warden"))
    mine.bring_to_front()
    mine.keyboard.press("a")
    mine.keyboard.press("Escape")
    mine.keyboard.press("s")
    form = card(mine, alert).locator("form")
    assert "until it clears" in form.locator("select option").last.inner_text()
    expect(form.locator(".about")).to_contain_text("The clock runs on: to energy in")
    mine.keyboard.press("Tab")
    mine.keyboard.press("Enter")
    expect(form.locator(".fault")).to_contain_text("A note or reason is required here")
    mine.keyboard.type("valve is being changed")
    mine.keyboard.press("Enter")
    for page in (mine, other):
        expect(page.locator(COUNTS)).to_contain_text("1 shelved")
        expect(card(page, alert), "what is silenced stands in its quiet place, put away").to_have_count(0)
    other.bring_to_front()
    other.keyboard.press("q")
    said = card(other, alert).locator(":scope > .card-text > .card-silenced")
    expect(said).to_contain_text("Shelved by shift until")
    expect(said).to_contain_text("valve is being changed")
    card(other, alert).locator(".card-title").click()
    other.keyboard.press("s")
    other.keyboard.press("Enter")
    expect(other.locator(COUNTS)).to_contain_text("0 shelved")
    expect(seen_by(mine, alert)).to_contain_text("warden")
    outside(shelve_again(alert))
    expect(mine.locator(COUNTS)).to_contain_text("1 shelved")
    expect(mine.locator(COUNTS)).to_contain_text("0 shelved", timeout=30_000)
    mine.locator(f'.card.waiting[data-alert="{alert}"]').wait_for(state="attached")


@pytest.mark.slow
def test_two_hundred_are_picked_and_acknowledged_with_one_note(
    tmp_path: Path, visit: Visits, slack: float
) -> None:
    with a_dam(tmp_path, *crowd.VALVES, "late-1", "late-2") as server:
        two_hundred(server, visit, slack)


def two_hundred(dam: Town, visit: Visits, slack: float) -> None:
    """Act it out."""

    async def first_come(alert: str) -> None:
        async with person(dam.home, "night") as night:
            assert (await night.post(f"alerts/{alert}/acknowledge", {"note": ""})).status_code == 200

    ids = outside(broken(dam, *crowd.VALVES))
    assert len(ids) == len(crowd.VALVES)
    page = seated(visit(), dam, "shift")
    page.locator("#wall .card.waiting").first.wait_for(state="attached", timeout=30_000)
    page.evaluate(UNTIL_SEEN)
    page.keyboard.press("w")
    expect(page.locator(".picks-count")).to_have_text(f"{len(ids)} picked")
    page.keyboard.press("a")
    page.keyboard.type("power cut")
    page.keyboard.press("Enter")
    expect(page.locator("#wall-picks")).to_be_hidden(timeout=20_000)
    page.wait_for_timeout(300)
    took = page.evaluate("window.took")
    answer = page.evaluate(ANSWERED)
    print(json.dumps({"bulk": len(ids), "answered_ms": round(answer), "press_to_painted_ms": took}))

    async def notes() -> list[str]:
        async with person(dam.home, "shift") as shift:
            rows = [row for row in await shift.alerts() if row["id"] in ids]
            return [row["acknowledgements"][-1]["note"] for row in rows]

    assert outside(notes()) == ["power cut"] * len(ids)
    assert took is not None
    assert took <= BULK_MS * slack
    late, *_ = outside(broken(dam, "late-1", "late-2"))
    page.keyboard.press("w")
    expect(page.locator(".picks-count")).to_have_text("2 picked")
    page.route("**/alerts/acknowledge", lambda route: (outside(first_come(late)), route.continue_()))
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator(".refused li")).to_have_count(1)
    expect(page.locator(".refused li")).to_contain_text("late-")
    expect(page.locator(".refused li")).to_contain_text("night was first")


@pytest.mark.slow
def test_three_hundred_under_one_cause_are_one_line(tmp_path: Path, visit: Visits) -> None:
    with a_dam(tmp_path, "feeder", *crowd.PUMPS) as server:
        three_hundred(server, visit)


def three_hundred(dam: Town, visit: Visits) -> None:
    """Act it out."""

    async def power_cut() -> None:
        async with works(dam, "cut") as program, person(dam.home, "warden") as warden:
            await crowd.by_design(warden)
            await program.breaks("feeder")
            await crowd.breaks_all(program, crowd.PUMPS)
            await crowd.standing(warden, len(crowd.PUMPS), state="suppressed")

    async def power_back() -> None:
        async with works(dam, "back") as program:
            await crowd.moves_all(program, [*crowd.PUMPS, "feeder"], GOOD, GOOD)

    page = seated(visit(), dam, "shift")
    outside(power_cut())
    expect(page.locator(COUNTS)).to_contain_text("300 suppressed")
    expect(page.locator("[aria-labelledby=wall-own] > .card")).to_have_count(1)
    line = page.locator("[aria-labelledby=wall-own] > .card")
    expect(line.locator(":scope > .card-text .card-title")).to_have_text("feeder")
    expect(line.locator(".inside-count")).to_contain_text("300 explained by it")
    assert line.locator(".inside .card").count() == 0, "what is put away is not in the page"
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    expect(line.locator(".inside .card").first).to_be_visible()
    frame = line.locator(".inside-list")
    frame.evaluate("node => (node.scrollTop = node.scrollHeight)")
    expect(line.locator(".inside .card").last).to_contain_text("pump-")
    assert line.locator(".inside .card").count() <= ROWS_DRAWN_MAX
    assert frame.evaluate("node => node.scrollHeight") > 300 * 20
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    expect(line.locator(".inside .card.chosen .card-title")).to_be_focused()
    outside(power_back())
    expect(page.locator(COUNTS)).to_contain_text("0 suppressed", timeout=30_000)
