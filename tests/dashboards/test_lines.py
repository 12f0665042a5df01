"""What belongs together on the wall, what an axis reads: the page's own rules, asked in a real browser."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.stand_in import Served

pytestmark = pytest.mark.browser

Visits = Callable[..., Visit]
Alert = dict[str, Any]
WINDOW = 900
ASK = """async ([module, name, args]) => {
  const src = document.querySelector("script[src$='main.js']").src;
  const rules = await import(src.replace("main.js", `${module}.js`));
  return rules[name](...args);
}"""


def alert(name: str, unit: str, raised: int, **more: Any) -> Alert:
    """Give the fields of an AlertView that the rule reads."""
    usual = {"priority": 3, "active": True, "deadline": None, "next": None, "cause": None, "silenced": None}
    return {"id": name, "unit": unit, "raised": raised, "gathers_until": raised + WINDOW, **usual, **more}


def silent(kind: str, **more: Any) -> Alert:
    """Give what silences an alert where it stands."""
    return {"silenced": {"kind": kind, "here": True, "until": None}, **more}


@pytest.fixture
def ask(served: Served, visit: Visits) -> Callable[..., Any]:
    """Ask a function of `lines.js`, or of the module that is named."""
    page = visit().page
    page.goto(served.url)
    page.wait_for_selector("#person")
    return lambda name, *args, module="lines": page.evaluate(ASK, [module, name, list(args)])


def shape(found: list[Alert]) -> list[tuple[str, list[str]]]:
    """Name heads and members."""
    return [(line["head"]["id"], [member["id"] for member in line["members"]]) for line in found]


def test_the_rule_in_examples(ask: Callable[..., Any]) -> None:
    """One visit, each rule once: unit and time, causes, silence, order, what stands on the line."""
    of_unit = [alert("b", "mill", 500, priority=1), alert("a", "mill", 0), alert("c", "mill", 901)]
    assert shape(ask("linesOf", of_unit)) == [("b", ["a"]), ("c", [])], (
        "the first of them gathers, not the last"
    )
    assert shape(ask("linesOf", [alert("a", "mill", 0), alert("b", "press", 1)])) == [("a", []), ("b", [])]
    cause = alert("cause", "mill", 0)
    under = [alert(f"u{n}", "press", n, cause="cause", **silent("suppressed")) for n in (1, 2)]
    worse = alert("worse", "mill", 3, priority=1, deadline=99, next="energy")
    (line,) = ask("linesOf", [*under, worse, cause])
    assert (line["head"]["id"], line["worst"], line["climb"]["id"]) == ("cause", 1, "worse")
    assert [one["id"] for one in line["members"]] == ["worse", "u1", "u2"], "what is heard comes first"
    second = alert("second", "mill", 4)
    its_own = alert("v", "mill", 5, cause="second", **silent("suppressed"))
    assert shape(ask("linesOf", [cause, under[0], second, its_own])) == [("cause", ["u1"]), ("second", ["v"])]
    shelved, orphan = (
        alert("s", "mill", 0, **silent("shelved")),
        alert("o", "mill", 1, cause="gone", **silent("suppressed")),
    )
    assert ask("linesOf", [shelved, orphan]) == []
    assert [one["id"] for one in ask("quietOnes", [orphan, shelved, cause])] == ["s", "o"]
    assert ask("silencedCounts", [shelved, orphan, cause]) == {
        "shelved": 1,
        "suppressed": 1,
        "out_of_service": 0,
    }


def test_walls_made_by_chance_lose_nothing_and_hide_no_cause(ask: Callable[..., Any]) -> None:
    draw = random.Random(20)
    for _ in range(60):
        wall = [
            alert(str(n), draw.choice("xyz"), draw.randrange(3_000), priority=draw.randint(1, 3))
            for n in range(draw.randrange(1, 30))
        ]
        for one in draw.sample(wall, len(wall) // 2):
            kind = draw.choice(["shelved", "suppressed", "out_of_service", ""])
            cause = draw.choice(wall)
            if kind:
                one.update(
                    silent(kind, cause=cause["id"] if kind == "suppressed" and cause is not one else None)
                )
        lines, quiet = ask("linesOf", wall), ask("quietOnes", wall)
        stands = [a["id"] for line in lines for a in (line["head"], *line["members"])] + [
            a["id"] for a in quiet
        ]
        assert sorted(stands) == sorted(a["id"] for a in wall)
        heard = {a["id"] for a in wall if a["silenced"] is None}
        heads = {line["head"]["id"] for line in lines}
        explaining = {a["cause"] for a in wall if a["silenced"] and a["cause"] in heard}
        assert explaining <= heads
        assert all(
            line["worst"] == min(a["priority"] for a in (line["head"], *line["members"])) for line in lines
        )
        draw.shuffle(wall)
        assert ask("linesOf", wall) == lines, "the order in which alerts came over the wire means nothing"


def test_a_window_on_rows_is_gapless(ask: Callable[..., Any]) -> None:
    draw = random.Random(3)
    for _ in range(60):
        n, row, view = draw.randrange(0, 500), draw.randint(20, 60), draw.randint(50, 400)
        tall_at, tall = draw.randrange(-1, max(1, n)), draw.randint(60, 300)
        whole = n * row + (tall - row if tall_at >= 0 and n else 0)
        at = {"n": n, "rowPx": row, "viewPx": view, "tallAt": tall_at if n else -1, "tallPx": tall}
        for scroll in (0, draw.randint(0, max(0, whole)), whole):
            seen = ask("rowsInView", {**at, "scrollPx": scroll})
            shown = seen["to"] - seen["from"]
            drawn = shown * row + (tall - row if seen["from"] <= tall_at < seen["to"] else 0)
            assert seen["beforePx"] + drawn + seen["afterPx"] == whole
            assert seen["beforePx"] <= max(0, scroll)
            assert seen["beforePx"] + drawn >= min(whole, scroll + view)
            assert shown <= view // row + 10


def test_neighbours_on_an_axis_never_read_alike(ask: Callable[..., Any]) -> None:
    for step in (0.001, 0.25, 0.5, 1, 2.5, 20, 1e-9, 1e7):
        shown = ask("onAxis", [n * step for n in range(-1, 5)], module="words")
        assert len(set(shown)) == len(shown), shown
    assert ask("onAxis", [98.5, 99, 99.5], module="words") == ["98.5", "99.0", "99.5"]
    assert ask("onAxis", [7], module="words") == ["7"]
