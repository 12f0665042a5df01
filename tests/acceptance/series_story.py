"""The wall of series at every size, and the verbs that act on it: longer than a test may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsroom.cli.rest import signed_in
from tests.assembled.conftest import nursery
from tests.assembled.test_series import enter, feed, power, room
from tests.assembled.town import PASSWORD, Town
from tests.cli.conftest import run
from tests.dashboards.conftest import Visit, browser, visit

__all__ = ["browser", "nursery", "room", "visit"]  # fixtures, used by name

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_the_command_adopts_and_renames_too(room: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(room, *({"series": f"pump/{n}", "value": 1.0, "unit": "degC"} for n in range(3)))
    monkeypatch.setenv("OPSROOM_PASSWORD", PASSWORD)
    act = ("--person", "keeper", "--url", room.home, "--json")
    feed(room, {"series": "head", "value": 80.0, "unit": "ft"})
    words = ("--in", "m", "--orientation", "more", "--capability", "25", "--recovery-s", "600")
    assert run(room.folder, "series", "adopt", "energy/dam/head", *words, *act).json == {"adopted": 1}
    waiting = run(room.folder, "series", "list", "--unadopted", "--json").json
    mine = [one for one in waiting if one["path"].count("/") == 2]
    assert run(room.folder, "series", "adopt", "--all", *act).json == {"adopted": len(mine)}
    renamed = run(room.folder, "units", "rename", "energy/dam", "--part", "north-dam", *act).json
    assert renamed["unit"]["path"] == "energy/north-dam"
    renamed = run(room.folder, "series", "rename", "energy/dam/head", "fall", *act).json
    assert renamed["series"]["name"] == "fall"
    with signed_in(room.home, "keeper") as door:
        found = door.get("series/at", path="energy/dam/head")["series"]
    assert (found["path"], round(found["value"], 3)) == ("energy/north-dam/fall", 24.384)
    for wrong in (("adopt",), ("adopt", "--all", "x"), ("adopt", "x", "--capability", "2")):
        assert run(room.folder, "series", *wrong, "--person", "keeper").code == 2
    assert run(room.folder, "series", "give-up", "energy/north-dam/fall", "head", *act[:-1]).code == 0


@pytest.mark.parametrize("size", ["wall", "tablet", "phone"])
@pytest.mark.parametrize("palette", ["day", "night"])
@pytest.mark.parametrize("lang", ["en", "de"])
def test_the_wall_of_series_fits_and_is_accessible(
    room: Town, visit: Callable[..., Visit], size: str, palette: str, lang: str
) -> None:
    if (lang == "de") != (size == "phone"):
        pytest.skip("each size in one language")
    power(room, 5.0, name=f"feeder {size} {palette}")
    seen = visit(size, palette, lang)
    page = enter(seen, room, "keeper", "#series")
    page.locator("#unadopted .accord").first.wait_for()
    page.locator("#unadopted .accord button").nth(1).click()
    page.locator("#unadopted form").wait_for()
    page.locator("#catalogue .accord-acts button").last.click()
    page.locator("#catalogue .version").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    violations(page)
    assert seen.complaints == []


def violations(page: Any) -> None:
    """Let axe look at the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found] == []
