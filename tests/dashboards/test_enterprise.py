"""The unit page: all that the seat may know of one unit, what is missing said, each part with its way on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.drawn import DRAW_MS, draw_ms, holds
from tests.dashboards.stand_in import Served

pytestmark = pytest.mark.browser


def test_one_page_says_all_and_leads_on(served: Served, visit: Callable[..., Visit]) -> None:
    size = "phone"
    seen = visit(size, "night")
    page = seen.page
    seen.sign_in(f"{served.url}#enterprise")
    page.locator(".part-feeds", has_text="works").wait_for()
    for part, words in {
        "who": "council-2",
        "indices": "steam",
        "recovery": "10 min",
        "alerts": "backlog",
        "decisions": "<script>",
        "notes": "Boiler cleaned",
        "audits": "stock does not add up",
        "feeds": "2 series silent",
        "flows": "outside",
        "children": "Light industry",
    }.items():
        assert words in page.inner_text(f".part-{part}"), part
    holds(seen, size)
    assert draw_ms(page, "enterprise.js", "redrawEnterprise") < DRAW_MS
    page.locator('.part-children [data-key="unit copper"]').focus()
    page.keyboard.press("Enter")
    page.locator("#where-name", has_text="Copper").wait_for()
    assert page.url.endswith("?unit=copper#enterprise")
    page.locator(".part-decisions", has_text="council-2").wait_for()
    page.click('[data-key="above"]')
    page.locator("#where-name", has_text="Economy").wait_for()
    page.locator('[data-key^="alert"]').first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#wall-panel:not([hidden])")
    assert seen.complaints == []
