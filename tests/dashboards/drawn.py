"""What every drawn wall must hold, asked of the page: names as text, nothing sideways, quick to draw."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.stand_in_unit import LONG
from tests.dashboards.test_room import violations

__all__ = ["DRAW_MS", "LONG", "draw_ms", "holds"]

DRAW_MS = 250
"""Generous: a machine that runs tests is busy. `make accept` asks for 50."""
DRAW = """async ([file, name]) => {
  const base = document.querySelector('script[src*="main.js"]').src.replace("main.js", file);
  const module = await import(base);
  const took = [];
  for (let turn = 0; turn < 5; turn++) {
    const begun = performance.now();
    module[name]();
    document.body.offsetHeight;
    took.push(performance.now() - begun);
  }
  return took.sort((a, b) => a - b)[2];
}"""


def draw_ms(page: Any, file: str, name: str) -> float:
    """Draw what is in front five times with its layout; give the median (ms)."""
    return float(page.evaluate(DRAW, [file, name]))


def holds(seen: Visit, size: str) -> None:
    """Look for sideways scroll, axe's violations and complaints of the console."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = seen.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
    assert violations(axe, page) == []
    assert page.title() != "caught"
    assert seen.complaints == []
