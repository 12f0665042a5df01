"""Two councils agree in two browsers on the real room; running clocks keep, a restart keeps it all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.assembled.test_page import in_thread, seated
from tests.assembled.town import Town, person, town, works
from tests.dashboards.conftest import Visit, browser, visit
from tests.faults.server import Nursery

__all__ = ["browser", "visit"]  # fixtures, used by name

Visits = Callable[..., Visit]
BADGE = '#menu [data-wall="agreements"] .wall-waiting'
MINUTES_MS = 60_000
TARGET_PX = 44

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def alert_of(server: Town, name: str) -> dict[str, Any]:
    """Give the alert of a series of the dam once it was delivered."""
    found: list[dict[str, Any]] = []

    async def read() -> None:
        async with person(server.home, "keeper") as keeper:
            found.append(await keeper.alert(name))

    in_thread(read())
    return found[0]


def agreements(server: Town) -> list[dict[str, Any]]:
    """Give everything that is told of the dam's agreements, versions included."""
    found: list[dict[str, Any]] = []

    async def read() -> None:
        async with person(server.home, "keeper") as keeper:
            rows = (await keeper.get("agreements"))["rows"]
            found.extend([await keeper.get(f"agreements/{row['series_id']}") for row in rows])

    in_thread(read())
    return found


def breaks(server: Town, name: str) -> None:
    """Let a series leave its band."""

    async def story() -> None:
        async with works(server, f"dam-{name}") as dam:
            await dam.breaks(name)

    in_thread(story())


def sit(seen: Visit, server: Town, who: str) -> Any:
    """Sign in and be patient: two browsers and a room share the machine."""
    seen.page.context.set_default_timeout(45_000)
    return seated(seen, server, who)


def row_of(page: Any, name: str) -> Any:
    """Give the row of a series on the wall of agreements."""
    return page.locator(".accord", has=page.locator("h4", has_text=re.compile(f"^{name}")))


def propose(page: Any, name: str, note: str) -> None:
    """Propose ten minutes a level, with the keyboard where a person would."""
    row = row_of(page, name)
    row.get_by_role("button", name="Propose").click()
    for field in row.locator('[name="recovery"]').all():
        field.fill("10 min")
    row.locator('[name="note"]').fill(note)
    page.keyboard.press("Enter")
    row.locator(".proposal").wait_for()


def confirm(page: Any, name: str) -> None:
    """Agree to what waits."""
    row = row_of(page, name)
    row.get_by_role("button", name="Confirm").click()
    row.locator(".proposal").wait_for(state="detached")


def signed(page: Any, name: str) -> str:
    """Give what the row says of version and signatures, once version 2 is there."""
    row = row_of(page, name)
    row.locator(".accord-version", has_text="Version 2").first.wait_for()
    return str(row.locator(".accord-signed").first.inner_text())


def test_two_councils_agree_and_no_running_deadline_moves(
    nursery: Nursery, tmp_path: Path, visit: Visits
) -> None:
    with town(tmp_path, nursery) as server:
        breaks(server, "output")
        below, above = visit(), visit()
        keeper, branch = sit(below, server, "keeper"), sit(above, server, "branch")
        before = alert_of(server, "output")
        keeper.keyboard.press("v")
        assert not branch.is_visible(BADGE)
        for number, name in enumerate(("output", "gate"), 1):
            propose(keeper, name, "the sluice needs no longer")
            branch.locator(BADGE).get_by_text(str(number)).wait_for()
        branch.click('#menu [data-wall="agreements"]')
        assert "the sluice needs no longer" in row_of(branch, "output").inner_text()
        for name in ("output", "gate"):
            confirm(branch, name)
        branch.wait_for_selector(BADGE, state="hidden")
        for page in (keeper, branch):
            text = signed(page, "output")
            assert "keeper" in text
            assert "branch" in text
        assert alert_of(server, "output")["deadline"] == before["deadline"]
        breaks(server, "gate")
        fresh = alert_of(server, "gate")
        assert fresh["deadline"] - (fresh["delivered"] or fresh["raised"]) == 10 * MINUTES_MS
        held = agreements(server)
        server.kill()
        server.start()
        for page in (keeper, branch):
            page.wait_for_selector(".feed.is-live", timeout=20_000)
            signed(page, "output")
        assert agreements(server) == held
        assert alert_of(server, "output")["deadline"] == before["deadline"]
        versions = {one["name"]: [v["version"] for v in one["versions"]] for one in held}
        assert (versions["output"], versions["gate"], versions["flow"]) == ([2, 1], [2, 1], [1])
        assert above.complaints == []
    print(json.dumps({"version": 2, "running_ms_moved": 0, "next_min": 10, "restart_equal": True}))


@pytest.fixture(scope="module")
def quiet(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A room with an agreement, a proposal that waits for the dam, and a rota."""

    async def furnish(server: Town) -> None:
        async with person(server.home, "keeper") as keeper, person(server.home, "branch") as branch:
            rows = {row["name"]: row["series_id"] for row in (await keeper.get("agreements"))["rows"]}
            terms = {"recovery_s": [600, 1200], "essential": False, "version": 1, "note": "it is slow"}
            for who, name in ((keeper, "output"), (branch, "flow")):
                path = f"agreements/{rows[name]}/propose"
                assert (await who.post(path, terms | {"essential": name == "flow"})).status_code == 200
            done = await branch.post(f"agreements/{rows['output']}/confirm", {"proposal": 1})
            assert done.status_code == 200

    with town(tmp_path_factory.mktemp("quiet"), nursery) as server:
        in_thread(furnish(server))
        yield server


def test_a_rota_is_made_and_its_hole_is_named_before_it_bites(quiet: Town, visit: Visits) -> None:
    seen = visit()
    page = sit(seen, quiet, "keeper")
    page.goto(f"{quiet.home}/room/#agreements")
    page.get_by_role("button", name="Make a rota").click()
    page.locator(".duty-edit").get_by_label("keeper").uncheck()
    page.locator(".duty-edit").get_by_label("shift").check()
    page.get_by_role("button", name="Agree the rota").click()
    page.locator(".duty-called", has_text="shift").wait_for()
    assert "No hole" in page.inner_text("#duty")
    page.get_by_role("button", name="Arrange a stand-in").click()
    page.select_option('[name="who"]', label="nobody")
    day = page.evaluate("new Date(Date.now() + 864e5).toISOString().slice(0, 10)")
    page.fill('[name="from"]', f"{day}T02:00")
    page.fill('[name="until"]', f"{day}T06:00")
    page.locator(".duty-form button[type=submit]").click()
    page.locator(".hole").wait_for()
    hole = page.inner_text(".hole")
    assert "Nobody is called by name" in hole
    assert "02:00" in hole
    assert "06:00" in hole
    page.get_by_role("button", name="Arrange a stand-in").click()
    page.select_option('[name="who"]', label="night")
    page.locator(".duty-form button[type=submit]").click()
    page.locator(".duty-called", has_text="night").wait_for()
    assert "night stands in for shift until" in page.inner_text(".duty-stand-ins")
    page.locator(".stand-in button").first.click()
    page.locator(".duty-called", has_text="shift").wait_for()
    assert seen.complaints == []


@pytest.mark.parametrize(
    ("palette", "lang", "size"), [("day", "en", "wall"), ("night", "de", "tablet"), ("day", "de", "phone")]
)
def test_the_wall_is_quiet_fitting_and_accessible(
    quiet: Town, visit: Visits, palette: str, lang: str, size: str
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    seen = visit(size, palette, lang)
    page = sit(seen, quiet, "keeper")
    page.keyboard.press("v")
    page.wait_for_selector(".is-waiting .proposal")
    page.locator(".accord-acts").last.locator("button").first.click()
    page.locator(".accord-acts").first.locator("button").last.click()
    page.locator(".accord-acts button[aria-expanded]").first.click()
    page.wait_for_selector("form.in-place")
    page.wait_for_selector(".version")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], node["target"]) for one in found for node in one["nodes"]] == []
    if size == "phone":
        buttons = page.locator(".accord button, .duty button, #menu button, .tick").all()
        boxes = [box for one in buttons if (box := one.bounding_box())]
        assert [box for box in boxes if min(box["height"], box["width"]) < TARGET_PX] == []
    assert seen.complaints == []
