"""Good news in a real browser: a quiet line, a list, one button, and nothing that calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.stand_in import Served
from tests.dashboards.test_room import violations

pytestmark = pytest.mark.browser


def news(at: int, **more: Any) -> dict[str, Any]:
    said = {"series": "mill/output", "before": 80.0, "after": 95.0, "unit": "t/h"}
    return {
        "id": "g1-1",
        "own": True,
        "unit": "mill",
        "unit_name": "Mill",
        "series": "mill/output",
        "series_name": "output",
        "kind": "step",
        "onset": at,
        "at": at,
        "explanation": [{"code": "why.better", "params": said}],
        "offered": None,
        "offered_by": None,
        "may_offer": True,
        **more,
    }


def test_good_news_stands_on_a_quiet_line_and_opens_a_list(
    served: Served, visit: Callable[..., Visit]
) -> None:
    seen = visit("phone", "night", "en").sign_in(served.url)
    page, room = seen.page, served.room
    page.wait_for_selector(".card")
    assert page.locator("#good").is_hidden(), "no line where there is no news"
    lamps = page.locator(".lamp-count").all_inner_texts()
    offered = news(
        room.clock(), id="g2-1", own=False, may_offer=False, offered=room.clock(), offered_by="ana"
    )
    room.tell(room.changes(pleasures=[news(room.clock()), offered]))
    page.locator("#good-open:visible", has_text="2").wait_for()
    assert page.locator(".lamp-count").all_inner_texts() == lamps
    page.locator("#good-open").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] .good")
    assert page.locator("dialog .good").count() == 2
    assert "95" in page.locator("dialog .good").first.inner_text()
    assert page.locator("dialog .good .button").count() == 1, "what was offered is not offered again"
    assert "ana" in page.locator("dialog .good").last.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    assert violations(axe, page) == []
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert seen.complaints == []
