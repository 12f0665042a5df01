"""Every route, every close code and every message the room sends stands on its page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsroom.api import live
from opsroom.api.app import ROUTERS
from tests.docs.pages import ROOT, read

API = read(ROOT / "docs" / "api.md")
PROTOCOL = read(ROOT / "docs" / "protocol.md")
SCREENS, PLANTS = ("opsroom/view",), ("ingest", "opsroom/plants.py")


def routes() -> list[str]:
    """Give the path of every route, parameters as the page writes them."""
    paths = {str(getattr(route, "path", "")) for router in ROUTERS for route in router.routes}
    return sorted(re.sub(r"\{\w+_id\}", "{id}", path) for path in paths)


@pytest.mark.parametrize("path", routes())
def test_every_route_is_on_its_page(path: str) -> None:
    assert re.search(rf"`(?:\w+ )?{re.escape(path)}[`?]", API), path


def test_the_page_names_no_route_that_is_not_there() -> None:
    named = {
        path.partition("?")[0] for path in re.findall(r"`(?:[A-Z]+ )?(/(?:api|-)/[^` ]*|/metrics)`", API)
    }
    assert len(named) >= 15
    assert named <= set(routes())


def test_every_close_code_of_the_live_feed_is_on_its_page() -> None:
    told = API.split("Close codes:", 1)[1].split("\n\n", 1)[0]
    for code in (
        live.NOT_SIGNED_IN,
        live.NOT_ALLOWED,
        live.SUBSCRIBE_EXPECTED,
        live.TOO_LARGE,
        live.MALFORMED,
        live.SLOW,
    ):
        assert str(code) in told


def modules(names: tuple[str, ...]) -> Iterator[Path]:
    """Give the files of packages or modules below the root."""
    for name in names:
        yield from [ROOT / name] if name.endswith(".py") else sorted((ROOT / name).rglob("*.py"))


def types(tree: ast.AST) -> set[str]:
    """Give the values of `type` in the dictionaries that a module writes out."""
    return {
        value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
        and key.value == "type"
        and isinstance(value, ast.Constant)
        and isinstance(value.value, str)
    }


@pytest.mark.parametrize(
    ("names", "page", "some"),
    [
        (SCREENS, API, {"snapshot", "changes"}),
        (PLANTS, PROTOCOL, {"welcome", "ack", "alert", "decision", "done"}),
    ],
    ids=["screens", "plants"],
)
def test_every_message_that_is_sent_is_on_its_page(names: tuple[str, ...], page: str, some: set[str]) -> None:
    sent = set().union(*(types(ast.parse(file.read_text(encoding="utf-8"))) for file in modules(names)))
    sent = {kind for kind in sent if "." not in kind}  # those with a dot are the web server's own events
    assert some <= sent
    assert sorted(kind for kind in sent if f"`{kind}`" not in page) == []
