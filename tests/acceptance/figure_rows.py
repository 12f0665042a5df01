"""Rows about alarm figures: a month as computed by hand, their cost, and a wall in a browser."""

from __future__ import annotations

import time

import numpy as np

from opsroom.figures import Edge, account, gather, table
from opsroom.figures.table import KEYS
from opsroom.settings import FiguresSection
from tests.acceptance.rows import ROWS, Outcome, pytest_outcome
from tests.figures.golden import MONTH, PLANT, T0, Journal, S, month

EDGES = 100_000
SECONDS_MOST = 2.0
LIMITS = FiguresSection()


@ROWS.row(
    "alarm figures of a month",
    command="pytest tests/figures tests/api/test_figures.py",
    limit="a golden month of a journal gives the hand-computed value of every row",
)
def golden() -> Outcome:
    tests = pytest_outcome("tests/figures", "tests/api/test_figures.py")
    found = account(gather(month()), *MONTH, LIMITS, position=PLANT)
    rows = {row.key: row.value for row in table(found, LIMITS)}
    held = tests.held and list(rows) == list(KEYS) and found.annunciated == 55 and rows["bin_max"] == 15
    return Outcome({"tests": tests.figure, "annunciated": found.annunciated, **rows}, held, tests.note)


def many() -> list[Edge]:
    """Write a month of four edges an alert."""
    journal, rng = Journal(), np.random.default_rng(4)
    for number, second in enumerate(np.sort(rng.integers(0, 30 * 86_400, EDGES // 4)).tolist()):
        name, at = f"a{number}", T0 + second * S
        journal.begin(name, at, int(rng.integers(1, 400)), int(rng.integers(1, 4)))
        journal.then(name, at + 20 * S, "acknowledged", note="")
        journal.then(name, at + 30 * S, "noted")
        journal.then(name, at + 40 * S, "recovered")
    return journal.edges()


@ROWS.row(
    "alarm figures, cost",
    command="python -m tests.acceptance --only 'alarm figures, cost'",
    limit=f"{EDGES} edges within {SECONDS_MOST:.0f} s",
)
def cost() -> Outcome:
    edges = many()
    begin = time.perf_counter()
    account(gather(edges), *MONTH, LIMITS, position=PLANT)
    took = time.perf_counter() - begin
    return Outcome({"edges": len(edges), "seconds": round(took, 3)}, took <= SECONDS_MOST)


@ROWS.row(
    "alarm figures on the wall",
    command="pytest tests/dashboards/test_figures.py",
    limit="in a real browser, three widths, both palettes: complete, nothing that axe finds, saved as a file",
)
def wall() -> Outcome:
    return pytest_outcome("tests/dashboards/test_figures.py")


@ROWS.row(
    "flood banner",
    command="pytest tests/view/test_alarms.py tests/dashboards/test_figures.py -k 'flood or banner'",
    limit="told from the raise that makes ten in ten minutes until fewer than five are left, on every wall",
)
def banner() -> Outcome:
    return pytest_outcome(
        "tests/view/test_alarms.py::test_the_flood_of_the_golden_month_is_told_while_it_is_on",
        "tests/dashboards/test_figures.py::test_the_banner_stands_on_every_wall_while_the_flood_is_on",
    )
