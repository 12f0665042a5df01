"""Wall screens, paper and hands in the whole product: links that open once, a report, a finger's sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.assembled.test_page import in_thread, seated
from tests.assembled.town import Town, town, works
from tests.dashboards.conftest import Visit, browser, visit
from tests.faults.server import Nursery

__all__ = ["browser", "visit"]  # fixtures, used by name

pytestmark = pytest.mark.browser

Visits = Callable[..., Visit]
TITLES = {"en": "Shift hand-over", "de": "Schichtübergabe", "es": "Entrega de turno"}
PARTS = 7


@pytest.fixture(scope="module")
def server(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    async def breaks(running: Town) -> None:
        async with works(running) as dam:
            await dam.breaks("output")

    with town(tmp_path_factory.mktemp("town"), nursery) as running:
        in_thread(breaks(running))
        yield running


def link_of(council: Any) -> str:
    """Make a wall screen by the dialog, as a council does, and give its link."""
    council.click(".screens")
    council.fill(".dialog [name=name]", "hall")
    for wall in ("figures", "rules"):
        council.check(f".dialog [name=wall][value={wall}]")
    council.fill(".dialog [name=every]", "5")
    council.select_option(".dialog [name=scale]", "1.5")
    council.click(".dialog .button.strong")
    found: str = council.locator(".kiosk-link code").inner_text()
    return found


def test_a_wall_screen_watches_turns_and_is_ended(server: Town, visit: Visits, slack: float) -> None:
    """One link, opened once; walls in turn, nothing to focus; revoked: it sees nothing any more."""
    council = seated(visit("wall", "day", "en"), server, "chair-1")
    link = link_of(council)
    screen = visit("wall", "night", "es")
    page = screen.page
    page.goto(link)
    page.wait_for_selector("#room:not([hidden]) .feed.is-live")
    assert "kiosk" not in page.url, "the code is not left in the address"
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    page.wait_for_selector("html.kiosk")
    for _ in range(4):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.body"), "nothing takes the focus"
    page.keyboard.press("k")
    page.keyboard.press("a")
    assert page.locator("html.kiosk").count() == 1, "a wall screen cannot leave its view"
    assert page.locator(".card form, dialog[open]").count() == 0
    page.wait_for_selector('#walls[data-front="figures"]', timeout=8_000 * slack)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.reload()
    page.wait_for_selector("html.kiosk #room:not([hidden]) .feed.is-live")
    assert screen.complaints == []
    other = visit("phone", "day", "en").page
    other.goto(link)
    other.wait_for_selector("#signin:not([hidden])")
    assert "used, too old or revoked" in other.locator("#notice").inner_text()
    council.click(".kiosk-list li .button")
    page.wait_for_selector("#signin:not([hidden])", timeout=5_000 * slack)


@pytest.mark.parametrize("lang", TITLES)
def test_a_shift_is_handed_over_on_paper(server: Town, visit: Visits, lang: str) -> None:
    seen = visit("tablet", "night", lang)
    seen.page.add_init_script("window.print = () => { window.printed = true; };")
    page = seated(seen, server, "shift")
    page.wait_for_selector(".card")
    page.keyboard.press("p")
    page.wait_for_selector("html.reporting #report", state="attached")
    page.emulate_media(media="print")
    text = page.locator("#report").inner_text()
    assert text.startswith(TITLES[lang])
    assert "output" in text
    assert "shift" in text
    assert page.locator("#report h2").count() == PARTS
    assert "room." not in text, "every sentence has words"
    assert not page.locator("#room").is_visible(), "no furniture"
    assert page.evaluate("getComputedStyle(document.getElementById('report')).color") == "rgb(0, 0, 0)"
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    assert paper.count(b"/Type /Page\n") >= 1
    assert seen.complaints == []


def test_a_finger_finds_its_targets_and_a_listener_hears(server: Town, visit: Visits) -> None:
    seen = visit("phone", "day", "es", has_touch=True, is_mobile=True)
    seen.page.add_init_script(
        "window.shaken = 0; navigator.vibrate = () => { window.shaken += 1; return true; };"
    )
    page = seated(seen, server, "shift")
    page.wait_for_selector(".card")
    small = page.evaluate(
        "[...document.querySelectorAll('button')].filter((one) => one.offsetParent && !one.closest('.tile'))"
        ".map((one) => [one.className, one.getBoundingClientRect()])"
        ".filter(([, box]) => box.width < 44 || box.height < 44).map(([name]) => name)"
    )
    assert small == []
    sizes = []
    for _ in range(3):
        sizes.append(page.evaluate("getComputedStyle(document.documentElement).fontSize"))
        page.click("#choices .text-size")
    assert sizes == ["16px", "18px", "20px"]
    page.click("#wall-panel .panel-help")
    about = page.locator(".dialog .docs-link").get_attribute("href")
    assert "<h1>Alarms</h1>" in page.request.get(f"{server.home}{about}").text()
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.complaints == []
