"""Rows about where the room is shown: wall screens, paper, phones, and exercises on all of them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from tests.acceptance.rows import ROWS, Outcome, pytest_outcome
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
from tests.assembled.town import ECONOMY, ESSENTIAL, LONG, PASSWORD, SERIES

LASTS_S: Final = 20.0
TURN_S: Final = 5
KIOSK_TEST: Final = "tests/assembled/test_kiosk.py"


# -- wall screens ------------------------------------------------------------------------------------


@scene_row(
    "wall screen",
    limit="a link opens once; walls turn; nothing can be done at it or with its cookie; it comes back after "
    "a restart, loads itself anew when the room is newer, and sees nothing once revoked",
)
def wall_screen(scene: Stage, told: Told) -> None:
    scene.breaks("output")
    council = scene.seated("keeper")
    link = _link(council)
    page = scene.opened().page
    page.goto(link)
    page.wait_for_selector(f"html.kiosk {LIVE}")
    told.holds("the code has left the address", "kiosk" not in page.url)
    begun = time.monotonic()
    page.wait_for_selector('#walls[data-front="figures"]')
    page.wait_for_selector('#walls[data-front="room"]')
    told.figures["two_turns_s"] = round(time.monotonic() - begun, 1)
    for key in ("Tab", "a", "k", "1"):
        page.keyboard.press(key)
    told.holds("nothing has the focus", page.evaluate("document.activeElement === document.body"))
    told.holds("no form, and the view stays", page.locator("html.kiosk .card form").count() == 0)
    told.figures["refused"] = page.evaluate(TRIED)
    told.holds("the cookie acts nowhere", set(told.figures["refused"]) == {"kiosk_watches"})
    other = scene.opened().page
    other.goto(link)
    other.wait_for_selector("#signin:not([hidden])")
    told.holds("the link opens once", "used" in other.inner_text("#notice"))
    _newer(scene, page, told)
    council.wait_for_selector(LIVE)
    council.click(".kiosk-list li .button")
    told.figures["revoked_ms"] = round(until_ms(lambda: page.locator("#signin").is_visible()))


TRIED: Final = """async () => {
  const csrf = (await (await fetch("/api/v1/session")).json()).csrf;
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
  const paths = ["alerts/acknowledge", "chairs/armrest", "drills", "units", "kiosks"];
  const each = paths.map((one) => fetch(`/api/v1/${one}`, { method: "POST", headers, body: "{}" }));
  return Promise.all((await Promise.all(each)).map(async (answer) => (await answer.json()).error.code));
}"""


def _link(council: Any) -> str:
    """Make a wall screen by the dialog, as a council does."""
    council.click(".screens")
    council.fill(".dialog [name=name]", "hall")
    council.check(".dialog [name=wall][value=figures]")
    council.fill(".dialog [name=every]", str(TURN_S))
    council.click(".dialog .button.strong")
    return str(council.locator(".kiosk-link code").inner_text())


def _newer(scene: Stage, page: Any, told: Told) -> None:
    """Restart the room twice: as it was, and as one whose page has another version."""
    page.evaluate("window.sameLoad = true")
    scene.server.stop()
    page.wait_for_selector(".feed.is-stale")
    scene.server.start()
    page.wait_for_selector(LIVE)
    page.wait_for_timeout(4_000)
    told.holds("of the same version it goes on", page.evaluate("window.sameLoad === true"))
    plain = page.request.get(f"{scene.home}/room/").text()
    digest = page.evaluate("/assets\\/([0-9a-f]{12})\\//.exec(document.documentElement.innerHTML)[1]")
    newer = plain.replace(digest, "0" * 12)
    asks = "fetch"
    page.route(
        "**/room/",
        lambda route: (
            route.fulfill(body=newer, content_type="text/html")
            if route.request.resource_type == asks
            else route.continue_()
        ),
    )
    with page.expect_navigation(timeout=60_000):
        scene.server.stop()
        scene.server.start()
    page.wait_for_selector(f"html.kiosk {LIVE}")
    page.unroute("**/room/")


# -- paper and hands ---------------------------------------------------------------------------------


@ROWS.row(
    "hand-over on paper",
    command=f"pytest {KIOSK_TEST} -k paper",
    limit="in three languages: seven parts, every sentence worded, black on white, no furniture, a PDF",
)
def paper() -> Outcome:
    return pytest_outcome(KIOSK_TEST, "-k", "paper")


def _two_essential() -> str:
    """Give the dam's tree with two indicators to press."""
    tables = (SERIES.format(name=name, recovery_s=900.0) for name in LONG)
    marked = (
        table + (ESSENTIAL if name in {"flow", "gate"} else "")
        for name, table in zip(LONG, tables, strict=True)
    )
    return ECONOMY.format(series="".join(marked))


@scene_row(
    "a phone calls",
    limit="it shakes once for an alert that asks to act now and for no other, not when told not to; shown "
    f"within {SECOND_MS} ms; targets of 44 px, nothing sideways",
    tree=_two_essential,
)
def phone(scene: Stage, told: Told) -> None:
    page = scene.opened(size="phone", has_touch=True, is_mobile=True).page
    page.add_init_script("window.shaken = 0; navigator.vibrate = () => { window.shaken += 1; return true; };")
    _sign_in(page, scene, "shift")
    scene.breaks("stage")
    until_ms(lambda: "stage" in titles(page))
    told.holds("an alert of lower priority shakes nothing", page.evaluate("window.shaken") == 0)
    took = _pressed(scene, page, "flow")
    told.figures["pressed_to_shown_ms"] = round(took)
    told.holds("within a second", took <= SECOND_MS)
    told.holds("a press shakes once", page.evaluate("window.shaken") == 1)
    page.click("#choices .shake")
    _pressed(scene, page, "gate")
    told.holds("not when told not to", page.evaluate("window.shaken") == 1)
    small = page.evaluate(SMALL)
    told.holds(f"targets of 44 px: {small}", not small)
    told.holds("nothing sideways", page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


SMALL: Final = """[...document.querySelectorAll('button')]
  .filter((one) => one.offsetParent && !one.closest('.tile'))
  .map((one) => [one.className, one.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44).map(([name]) => name)"""


def _pressed(scene: Stage, page: Any, name: str) -> float:
    """Press an indicator elsewhere; give ms until its card stands here."""
    series = next(one["id"] for one in scene.reads("night", "series")["series"] if one["name"] == name)
    told: list[int] = []
    begun = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(
            lambda: told.append(scene.acts("night", f"series/{series}/press", {"note": "!"})[0])
        )
        until_ms(lambda: name in titles(page))
        took = (time.monotonic() - begun) * 1e3
        asked.result()
    assert told == [200], told
    return took


def _sign_in(page: Any, scene: Stage, name: str) -> None:
    page.goto(f"{scene.home}/room/")
    page.fill("#person", name)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(LIVE)


# -- exercises ---------------------------------------------------------------------------------------


@scene_row(
    "exercise, every screen",
    limit=f"begun by the unit's council: marked within {SECOND_MS} ms on wall, phone, wall screen and the "
    "level above, on every wall and on its card; real alerts are not; it ends by itself at its agreed end",
)
def exercise(scene: Stage, told: Told) -> None:
    scene.breaks("output")
    keeper = scene.seated("keeper")
    screen = scene.opened().page
    screen.goto(_link(keeper))
    screen.wait_for_selector(f"html.kiosk {LIVE}")
    keeper.keyboard.press("Escape")
    shift = scene.seated("shift", lang="de")
    phone = scene.seated("shift", size="phone", lang="es")
    above = scene.seated("branch")
    pages = {"wall": shift, "phone": phone, "screen": screen, "above": above, "council": keeper}
    for page in pages.values():
        page.evaluate(WATCHED)
    status, answer = scene.acts("keeper", "drills", {"unit": "energy/dam", "duration_s": LASTS_S})
    answered_ms = time.time() * 1e3
    told.holds("begun", status == 200)
    until = answer["drills"][0]["until"] / 1e3
    late = [until_js(page, "window.marked") and page.evaluate("window.marked") for page in pages.values()]
    told.figures["marked_ms"] = [round(at - answered_ms) for at in late]
    told.holds("marked everywhere within a second", max(late) - answered_ms <= SECOND_MS)
    told.holds("in the reader's language", "ÜBUNG" in shift.inner_text("#drill-now"))
    told.holds("and when it ends", ":" in shift.inner_text("#drill-now"))
    until_ms(lambda: "exercise" in titles(shift))
    on_card = shift.locator("#wall .card .card-exercise:visible").count()
    told.holds("its card is marked, the real one is not", on_card == 1)
    for key in ("f", "b", "d"):
        shift.keyboard.press(key)
        told.holds(f"the banner stands on the wall of key {key}", _marked(shift))
    shift.keyboard.press("d")
    ended = {name: until_ms(lambda page=page: not _marked(page), 30.0) for name, page in pages.items()}
    told.figures["ended_late_ms"] = round((time.time() - until) * 1e3)
    told.holds("ended on every screen by itself", len(ended) == len(pages))
    told.holds("within two seconds of its end", -200 <= told.figures["ended_late_ms"] <= 2 * SECOND_MS)
    told.holds("the journal says so", scene.count(ENDED) == 1)


# The page notes itself when the banner comes: asking one page after the other is coarser.
WATCHED: Final = """() => {
  const banner = document.getElementById("drill-now");
  const look = () => { if (!banner.hidden) window.marked ||= Date.now(); };
  new MutationObserver(look).observe(banner, { attributeFilter: ["hidden"] });
}"""
ENDED: Final = "SELECT count(*) FROM edge WHERE verb = 'recovered'"


def _marked(page: Any) -> bool:
    return bool(page.locator("#drill-now").is_visible())
