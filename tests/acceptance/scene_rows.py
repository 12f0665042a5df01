"""Rows about what people see and do together: the past, the chairs, the journal; told in real browsers."""

from __future__ import annotations

import time
from typing import Any, Final

from tests.acceptance.stage import (
    LIVE,
    SECOND_MS,
    Stage,
    Told,
    scene_row,
    titles,
    until_js,
    until_ms,
)

TARGET_PX: Final = 64
VERBS: Final = ("acknowledged", "noted", "shelved")
FRONT: Final = "document.getElementById('walls').dataset.front"


# -- replay ------------------------------------------------------------------------------------------


@scene_row(
    "replay in the room",
    limit="scrubbed back, the wall shows what was known then; acts refused, nothing told to anybody, no "
    "press button; at the end of the bar the room is live again",
)
def replay(scene: Stage, told: Told) -> None:
    page = scene.seated("shift")
    at = [_instant(scene)]
    for name in ("output", "stage"):
        time.sleep(2.5)
        scene.breaks(name)
        time.sleep(2.5)
        at.append(_instant(scene))
    until_ms(lambda: titles(page) >= {"output", "stage"})
    edges = scene.count("SELECT count(*) FROM edge")
    page.keyboard.press("i")
    page.wait_for_selector("#replay:not([hidden])")
    told.holds("the head says that it is a replay", page.inner_text("#replay").startswith("REPLAY"))
    for moment, known in ((at[1], {"output"}), (at[0], set()), (at[2], {"output", "stage"})):
        _scrub(page, moment)
        took = until_ms(lambda known=known: titles(page) == known)
        told.figures.setdefault("scrubbed_ms", []).append(round(took))
    _in_the_past(scene, page, told, at[1])
    time.sleep(1.5)
    told.holds("a replay adds nothing to the journal", scene.count("SELECT count(*) FROM edge") == edges)
    told.holds("and queues no notification", scene.count("SELECT count(*) FROM notice") == 0)
    _scrub(page, _instant(scene) + 60_000)
    page.wait_for_selector("#replay", state="hidden")
    page.wait_for_selector(LIVE)
    told.holds("live again", titles(page) == {"output", "stage"} and "at=" not in page.url)
    scene.breaks("gate")
    until_ms(lambda: "gate" in titles(page))


def _instant(scene: Stage) -> int:
    return int(scene.reads("shift", "replay")["now"])


def _scrub(page: Any, at: int) -> None:
    """Move the bar to an instant as a hand does."""
    page.evaluate(
        "(at) => { const bar = document.querySelector('.replay-scrub'); bar.max = Math.max(bar.max, at);"
        " bar.min = Math.min(bar.min, at); bar.value = at; bar.dispatchEvent(new Event('change')); }",
        at,
    )


def _in_the_past(scene: Stage, page: Any, told: Told, at: int) -> None:
    """Try to act in the replay, by hand and over REST."""
    _scrub(page, at)
    until_ms(lambda: titles(page) == {"output"})
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    if page.locator(".card form").count():
        page.keyboard.press("Enter")
        page.wait_for_selector(".card .fault:not(:empty)")
        told.figures["refused_by_hand"] = page.inner_text(".card .fault")
        page.keyboard.press("Escape")
    else:
        told.figures["refused_by_hand"] = page.inner_text("#notice")
    told.holds("A acknowledges nothing there", page.locator("#wall .card.waiting").count() == 1)
    page.locator(".tile", has_text="flow").first.click()
    page.wait_for_timeout(300)
    told.holds("no press button in the past", page.locator("#datafeed .df-head button:visible").count() == 0)
    (alert,) = [
        one for one in scene.reads("shift", "alerts", at=at)["alerts"] if one["series_name"] == "output"
    ]
    status, answer = scene.acts("shift", f"alerts/{alert['id']}/acknowledge?at={at}", {"note": ""})
    told.holds(
        "an act is refused with its reason", (status, answer["error"]["code"]) == (409, "replay_no_acts")
    )
    told.holds("and is not done", scene.count("SELECT count(*) FROM edge WHERE verb = 'acknowledged'") == 0)


# -- chairs and panes --------------------------------------------------------------------------------


@scene_row(
    "chairs and panes",
    limit=f"two browsers: whose hand is on a pane stands at both within {SECOND_MS} ms, the last press wins "
    "and is in the journal; who follows the speaker goes where he goes, until he goes his own way",
)
def chairs(scene: Stage, told: Told) -> None:
    scene.breaks("output")
    one, two = scene.seated("chair-1"), scene.seated("chair-2")
    pages = {"chair-1": one, "chair-2": two}
    took = []
    for page in pages.values():
        page.keyboard.press("1")
        page.wait_for_selector("#pane-1-panel.in-hand")
    for name in ("chair-2", "chair-1", "chair-2", "chair-1"):
        pages[name].bring_to_front()
        pages[name].keyboard.press("1")
        took.append(until_ms(lambda name=name: all(_holds(page, name) for page in pages.values())))
    told.figures["hand_at_both_ms"] = [round(ms) for ms in took]
    told.holds("both within a second", max(took) <= SECOND_MS)
    told.holds("the loser's pane is not in hand", two.locator("#pane-1-panel.in-hand").count() == 0)
    told.holds("every press is journalled", scene.count(ARMREST) == 6)
    one.click("#floor button >> nth=0")
    follow = two.locator("#floor button", has_text="Follow chair-1")
    follow.click()
    for key, wall in (("f", "figures"), ("d", "feeds")):
        one.bring_to_front()
        one.keyboard.press(key)
        took.append(until_ms(lambda wall=wall: two.evaluate(FRONT) == wall))
    told.figures["followed_ms"] = [round(ms) for ms in took[-2:]]
    told.holds("followed within a second", max(took[-2:]) <= SECOND_MS)
    two.bring_to_front()
    two.keyboard.press("c")
    until_ms(lambda: two.evaluate(FRONT) == "council")
    one.bring_to_front()
    one.keyboard.press("f")
    one.wait_for_timeout(700)
    told.holds("who went his own way stays there", two.evaluate(FRONT) == "council")
    one.context.close()
    until_ms(lambda: two.locator("#floor button", has_text="Follow").count() == 0 or follow.is_hidden())


ARMREST: Final = "SELECT count(*) FROM act WHERE kind = 'armrest'"


def _holds(page: Any, name: str) -> bool:
    text: str = page.inner_text("#pane-1-hand") if page.locator("#pane-1-hand").is_visible() else ""
    return name in text


# -- the Datafeed's armrest --------------------------------------------------------------------------


@scene_row(
    "nine buttons of an armrest",
    limit=f"1-3 take a pane, 4-8 walk and open the index, 0 leads back to it; each key and each button of at "
    f"least {TARGET_PX} px does the same",
)
def armrest(scene: Stage, told: Told) -> None:
    scene.breaks("output", "stage")
    page = scene.seated("shift")
    for by in ("key", "button"):
        _walk_index(page, told, by)
    sizes = page.evaluate(
        "[...document.querySelectorAll('.armrest-button')].map((one) => one.getBoundingClientRect())"
        ".map(({ width, height }) => Math.min(width, height))"
    )
    told.holds("nine of them", len(sizes) == 9)
    told.figures["least_px"] = round(min(sizes))
    told.holds("large enough to pound on", min(sizes) >= TARGET_PX)
    told.figures["presses"] = scene.count(ARMREST)


def _walk_index(page: Any, told: Told, by: str) -> None:
    def press(button: str) -> None:
        if by == "key":
            page.keyboard.press(button)
        else:
            page.locator(f".armrest-button:has(kbd:text-is('{button}'))").click()

    def said(button: str, pane: int) -> None:
        wanted = f"document.querySelector('.armrest-last')?.textContent.includes({button!r})"
        until_js(page, f"{wanted} && document.querySelector('#pane-{pane}-panel.in-hand') !== null")

    def marked(pane: int) -> str:
        rows = page.locator(f"#pane-{pane} [aria-current=true] .pane-row-name")
        return str(rows.first.inner_text()) if rows.count() else ""

    for pane in (1, 2, 3):
        page.keyboard.press(str(pane)) if by == "key" or pane == 1 else press(str(pane))
        said(str(pane), pane)
    press("0")
    said("0", 3)
    press("5")
    until_ms(lambda: marked(3) != "")
    first = marked(3)
    press("5")
    until_ms(lambda: marked(3) != first)
    second = marked(3)
    press("4")
    until_ms(lambda: marked(3) == first)
    press("7")
    until_ms(lambda: marked(3) not in {first, second})
    told.holds(f"by {by}, 7 leads to the next section", marked(3) != "")
    press("6")
    until_ms(lambda: marked(3) == first)
    press("8")
    page.wait_for_selector("#pane-3 .pane-entry:not([hidden])")
    told.holds(f"by {by}, 8 opens what is marked", page.inner_text("#pane-3 .pane-name") == first)
    press("8")
    page.wait_for_selector("#pane-3 .pane-index:not([hidden])")
    press("8")
    page.wait_for_selector("#pane-3 .pane-entry:not([hidden])")
    press("0")
    page.wait_for_selector("#pane-3 .pane-index:not([hidden])")


# -- alerts and journal ------------------------------------------------------------------------------


@scene_row(
    "alerts and journal",
    limit="filtered, sorted, several picked, acknowledged with one note, noted on, shelved; the file agrees",
)
def journal(scene: Stage, told: Told) -> None:
    names = ("output", "flow", "stage", "gate")
    scene.breaks(*names)
    page = scene.seated("shift")
    page.keyboard.press("b")
    until_ms(lambda: _rows(page) == len(names))
    page.fill(".journal-search input", "sta")
    until_ms(lambda: _sorted(page) == ["stage"])
    page.fill(".journal-search input", "")
    until_ms(lambda: _rows(page) == len(names))
    for way in (sorted, lambda given: sorted(given, reverse=True)):
        page.click(".ag-header-cell[col-id=series]")
        page.wait_for_timeout(600)
        told.holds("a head sorts", _sorted(page) in (way(names), way(names)[::-1]))
    told.figures["sorted"] = _sorted(page)
    _acts_on_picked(page, told)
    text = scene.reads("shift", "journal/alerts", format="csv")
    lines = [line.split(",") for line in text.splitlines()]
    told.holds("the file has each of them", len(lines) == len(names) + 1)
    told.holds("and who saw it", sum("shift" in line for line in lines) == len(names))
    with page.expect_download() as saved:
        page.click("#journal-tools a[download]")
    told.holds("saved by a click", saved.value.suggested_filename.endswith(".csv"))
    told.figures["verbs"] = _verbs(scene)
    told.holds("three verbs in the store", told.figures["verbs"] == dict.fromkeys(VERBS, len(names)))


def _acts_on_picked(page: Any, told: Told) -> None:
    """Pick two by hand, then all that match, and act on them together."""
    boxes = page.locator(".ag-row .ag-checkbox-input")
    for n in (0, 1):
        boxes.nth(n).click()
    page.wait_for_selector(".journal-picks:not([hidden])")
    told.holds("two are picked", page.inner_text(".journal-picks .picks-count").startswith("2"))
    page.get_by_role("button", name="Pick all that match").click()
    until_js(page, "document.querySelector('.journal-picks .picks-count').textContent.startsWith('4')")
    for button, note in (("Acknowledge", "all seen"), ("Note", "crew sent"), ("Shelve", "repair till noon")):
        if page.locator(".journal-picks").is_hidden():
            page.get_by_role("button", name="Pick all that match").click()
            page.wait_for_selector(".journal-picks:not([hidden])")
        page.fill(".journal-picks input[name=note]", note)
        page.locator(".journal-acts button", has_text=button).first.click()
        page.wait_for_selector("#notice:not([hidden])")
        until_js(page, "document.querySelector('.journal-picks').hidden")


def _rows(page: Any) -> int:
    return int(page.locator(".ag-center-cols-container .ag-row .ag-cell[col-id=series]").count())


def _sorted(page: Any) -> list[str]:
    """Give the names in the order in which they stand."""
    rows = page.evaluate(
        "[...document.querySelectorAll('.ag-center-cols-container .ag-row')]"
        ".map((one) => [+one.getAttribute('row-index'), one.querySelector('[col-id=series]').textContent])"
    )
    return [name for _, name in sorted(rows)]


def _verbs(scene: Stage) -> dict[str, int]:
    sql = "SELECT count(*) FROM edge WHERE verb = '{}'"
    return {verb: scene.count(sql.format(verb)) for verb in VERBS}
