"""The time range of the trends in a real browser: the address, holding, comparing, one cursor for all."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.stand_in import Served

pytestmark = pytest.mark.browser

DAY_MS = 86_400_000
HELD = "#held:not([hidden])"
POINTED = """() => {
  const line = document.querySelector("#chart .u-cursor-x");
  const over = document.querySelector("#chart .u-over")?.getBoundingClientRect();
  const at = line?.getBoundingClientRect().x;
  return Boolean(over) && Math.abs(at - over.x - over.width / 2) < over.width * 0.05;
}"""


def test_the_address_holds_a_range_until_a_key(served: Served, visit: Callable[..., Visit]) -> None:
    """A link shows what its sender saw; what is held says how far behind it is, and a key goes back."""
    seen = visit().sign_in(f"{served.url}?from=2026-11-20T10:00:00Z&to=2026-11-20T12:00:00Z&compare=-1d")
    page = seen.page
    page.wait_for_selector(f"{HELD} .held-text:has-text('07:00–09:00')")  # in Santiago
    page.wait_for_function("() => document.querySelector('#chart .uplot')")
    span = [url for url in seen.asked if "/readings?" in url]
    spans = {tuple(int(parse_qs(urlsplit(url).query)[end][0]) for end in ("from", "to")) for url in span}
    late, early = sorted(spans, reverse=True)
    assert late[1] - late[0] == 7_200_000
    assert (late[0] - early[0], late[1] - early[1]) == (DAY_MS, DAY_MS)
    page.keyboard.press("z")
    page.wait_for_selector("#held", state="hidden")
    page.wait_for_function("() => location.search === '?compare=-1d'")
    page.keyboard.press("-")
    page.wait_for_function("() => location.search === '?compare=-7d'")
    assert seen.complaints == []


def test_dragging_over_a_trend_holds_all_of_them(served: Served, visit: Callable[..., Visit]) -> None:
    """The dragged span is the range of every trend; pointing at one shows the instant on the others."""
    seen = visit().sign_in(served.url)
    page = seen.page
    page.wait_for_selector("#chart .u-over")
    box = page.locator("#chart .u-over").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, y, steps=4)
    page.mouse.up()
    page.wait_for_selector(HELD)
    page.wait_for_function("() => /^.from=[^&]+&to=[^&]+$/.test(location.search)")
    page.wait_for_function("() => document.querySelector('#chart .u-over')")
    tile = page.locator(".tile:not(.of-unit) canvas").first.bounding_box()
    for n in range(100):  # the chart is drawn anew with what has come: a hand goes on pointing
        page.mouse.move(tile["x"] + tile["width"] / 2 + n % 2, tile["y"] + 5)
        if page.evaluate(POINTED):
            break
        page.wait_for_timeout(100)
    assert page.evaluate(POINTED)
    assert seen.complaints == []
