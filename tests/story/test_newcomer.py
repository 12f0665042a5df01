"""A newcomer at the demo, in a real browser, by keyboard alone: find the worst, read why, say "seen"."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.conftest import Visit, browser, visit
from tests.story.demo import Demo, Plant, demo, plant

__all__ = ["browser", "visit"]  # fixtures, used by name

SEED = 1
FOR_S = 165.0
RISEN_S = 120.0
SECOND_S = 1.0
KEYS_MAX = 4
NOTE = "The spare valve goes in at once."

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(170)]


def sign_in(seen: Visit, room: Demo, person: str) -> None:
    """Sign in through the form, as a person types."""
    seen.page.goto(room.page)
    seen.page.wait_for_selector("#person")
    seen.page.keyboard.type(person)
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.type(room.passwords[person])
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector("#room:not([hidden]) .feed.is-live")


class Keys:
    """The keyboard of one page, counting."""

    def __init__(self, page: Any) -> None:
        """Count from here."""
        self._page = page
        self.pressed = 0

    def press(self, key: str) -> float:
        """Press; give the instant before it went down (monotonic s)."""
        self.pressed += 1
        at = time.monotonic()
        self._page.keyboard.press(key)
        return at


def said(page: Any, alert: str, line: str) -> str:
    """Give a line of an alert's card as a person reads it."""
    text: str = page.locator(f'.card[data-alert="{alert}"] > .card-text .card-{line}').first.inner_text()
    return text


def shows(page: Any, alert: str, line: str, text: str, within_s: float) -> float:
    """Wait until a line of the card holds `text`; give the instant when that was seen."""
    card = page.locator(f'.card[data-alert="{alert}"] > .card-text > .card-{line}', has_text=text)
    card.wait_for(state="visible", timeout=within_s * 1000)
    return time.monotonic()


def test_a_newcomer_finds_the_worst_alert_reads_why_and_has_it(
    visit: Callable[..., Visit], tmp_path: Path, record_property: Callable[[str, object], None], slack: float
) -> None:
    with demo(tmp_path / "demo.log", seed=SEED, for_s=FOR_S) as room:
        first, second = room.chairs[:2]
        (token,) = room.tokens.values()
        mine, other = visit(), visit()
        with plant(room.home, token) as works:
            sign_in(mine, room, first)
            sign_in(other, room, second)
            figures = story(mine, other, works, first, SECOND_S * slack)
        for one in (mine, other):
            assert one.complaints == []
            ours = (room.home, room.home.replace("http", "ws", 1))
            assert [url for url in one.asked if not url.startswith(ours)] == []
    for name, figure in figures.items():
        record_property(name, figure)
    print(json.dumps(figures))


def story(mine: Visit, other: Visit, works: Plant, person: str, within_s: float) -> dict[str, Any]:
    """Act the story out; give its figures."""
    begun = time.monotonic()
    risen = mine.page.locator("#wall [aria-labelledby=wall-risen] > .card.waiting").first
    risen.wait_for(timeout=RISEN_S * 1000)
    risen_s = time.monotonic() - begun
    alert: str = risen.get_attribute("data-alert")
    lines = {line: said(mine.page, alert, line) for line in ("what", "since", "standing", "expected")}
    why = " ".join(lines.values())
    assert all(lines[line].endswith(".") for line in ("what", "since", "expected")), why
    assert "Republic" in lines["standing"], why
    assert any(character.isdigit() for character in lines["what"]), why

    keys = Keys(mine.page)
    keys.press("a")
    assert mine.page.locator(".card:has(form)").get_attribute("data-alert") == alert, (
        "A means the worst alert"
    )
    pressed = keys.press("Enter")
    seen = shows(other.page, alert, "acknowledged", person, 5)
    heard, _ = works.hears(
        lambda m: m["type"] == "alert" and m["id"] == alert and m["event"] == "acknowledged", 5
    )
    assert keys.pressed <= KEYS_MAX
    assert seen - pressed <= within_s
    assert heard - pressed <= within_s

    spoken = time.monotonic()
    works.say({"type": "recovering", "alert": alert, "note": NOTE})
    noted = shows(mine.page, alert, "reply", NOTE, 5)
    works.hears(lambda m: m["type"] == "done" and m.get("alert") == alert, 5)
    return {
        "keys": keys.pressed,
        "second_browser_ms": round((seen - pressed) * 1000),
        "plant_ms": round((heard - pressed) * 1000),
        "note_on_card_ms": round((noted - spoken) * 1000),
        "risen_after_s": round(risen_s, 1),
        "why": why,
    }
