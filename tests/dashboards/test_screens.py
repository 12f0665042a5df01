"""What must hold on any screen, on a few of them; `make accept` asks it of all that there are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.acceptance.screens import Cell, Screen, vocabulary_of, written_in
from tests.dashboards import stand_in_figures as figures
from tests.dashboards.conftest import SIZES
from tests.dashboards.stand_in import PASSWORD, Served
from tests.dashboards.stand_in_state import StandIn

pytestmark = pytest.mark.browser

CELLS = (
    Cell("room", "wall", "day", "en"),
    Cell("figures", "tablet", "night", "de"),
    Cell("room", "phone", "night", "es"),
)


def test_what_must_hold_on_any_screen(browser: Any) -> None:
    """No violation, complaint or other host; nothing sideways, cut, covered, small or in another language."""
    room = StandIn()
    room.flood = {"on": True, "raises_10min": 23}
    with Served(room) as served:
        page = browser.new_context(
            viewport=dict(zip(("width", "height"), SIZES["wall"], strict=True))
        ).new_page()
        screen = Screen(page, served.url.removesuffix("/room/"))
        screen.sign_in("council-1", PASSWORD)
        page.wait_for_selector("#chart canvas")
        said = [room.snapshot("council-1", ""), figures.told(0, 1), "America/Santiago, pump bearing"]
        vocabulary = vocabulary_of(page, written_in(json.dumps(said, ensure_ascii=False)))
        found = {}
        for cell in CELLS:
            screen.show(cell)
            if faults := screen.faults(cell, vocabulary):
                found[str(cell)] = faults
        page.context.close()
    assert found == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("room.menu", 'key "room.menu" stands raw'),
        ("Overview", '"overview" is English, in "Overview"'),
        ("Blursch", '"blursch" is in no catalogue, in "Blursch"'),
    ],
)
def test_a_word_of_another_language_is_found(text: str, fault: str) -> None:
    from tests.acceptance.screens import Vocabulary

    known = Vocabulary({"en": {"room.menu": "Overview"}, "de": {"room.menu": "Überblick"}})
    assert known.strange([text], "de") == [fault]
    assert known.strange(["Überblick 42"], "de") == []
