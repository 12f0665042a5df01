"""The wall "alarm figures" in a real browser, and the banner of a flood on every wall."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsroom.figures.table import KEYS
from tests.dashboards.conftest import PATIENT_MS, Visit
from tests.dashboards.stand_in import Served

pytestmark = pytest.mark.browser

Visits = Callable[..., Visit]


def test_menu_key_and_address_lead_there_and_back(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    page = seen.page
    assert not page.is_visible("#figures-panel")
    page.click('[data-wall="figures"]')
    page.wait_for_selector(".kpis tbody tr")
    assert page.locator(".kpis tbody tr").count() == len(KEYS)
    assert page.url.endswith("#figures")
    assert not page.is_visible("#wall-panel")
    assert page.get_attribute('[data-wall="figures"]', "aria-current") == "page"
    page.keyboard.press("f")
    assert page.is_visible("#wall-panel")
    assert not page.is_visible("#figures-panel")
    page.keyboard.press("f")
    page.reload()
    page.wait_for_selector(".kpis")
    assert page.is_visible("#figures-panel")


def test_a_span_is_chosen_and_saved_as_a_file(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    page = seen.page
    page.keyboard.press("f")
    page.wait_for_selector(".kpis")
    assert page.is_visible(".figures-short")
    before = page.inner_text(".figures-about")
    page.click('[data-hours="720"]')
    page.wait_for_selector(".figures-short", state="hidden")
    assert page.inner_text(".figures-about") != before
    assert page.get_attribute('[data-hours="720"]', "aria-pressed") == "true"
    with page.expect_download() as saving:
        page.click("text=CSV")
    text = saving.value.path().read_text(encoding="utf-8")
    assert text.startswith("figure,of,value,form,target,most,edition,judgement\n")
    assert all(f"\n{key}," in text for key in KEYS)
    with page.expect_download() as saving:
        page.click("text=JSON")
    assert '"rows"' in saving.value.path().read_text(encoding="utf-8")
    assert seen.complaints == []


def test_the_banner_stands_on_every_wall_while_the_flood_is_on(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    page = seen.page
    assert not page.is_visible("#flood")
    served.room.flood = {"on": True, "raises_10min": 11}
    page.wait_for_selector("#flood:not([hidden])")
    _reads(page, "11 alarms")
    served.room.flood = {"on": True, "raises_10min": 34}
    _reads(page, "34 alarms")
    page.click("#flood button")
    page.wait_for_selector(".kpis")
    assert page.is_visible("#flood")
    served.room.flood = {"on": False, "raises_10min": 4}
    page.wait_for_selector("#flood", state="hidden")


def test_a_refusal_is_said_and_the_wall_stands(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    error = (
        '{"error": {"code": "figures_too_many", "message": "", "remedy": "", "params": {"limit": 500000}}}'
    )
    seen.page.route("**/api/v1/figures*", lambda route: route.fulfill(status=422, body=error))
    seen.page.click('[data-wall="figures"]')
    seen.page.wait_for_selector("#figures .fault:not(:empty)")
    assert "500,000" in seen.page.inner_text("#figures .fault")


def _reads(page: Any, text: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator("#flood")).to_contain_text(text, timeout=PATIENT_MS)
