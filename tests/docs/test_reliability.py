"""The page on reliability names every fault and goal, and only tests that exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.pages import ROOT, read

PAGE = ROOT / "docs" / "reliability.md"
IDS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", read(PAGE))))


@pytest.mark.parametrize(("file", "name"), IDS)
def test_every_test_named_exists(file: str, name: str) -> None:
    tree = ast.parse(read(ROOT / file))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert name in defined


def test_every_fault_and_goal_has_its_row() -> None:
    rows = [line.split("|")[1].strip() for line in read(PAGE).splitlines() if line.startswith("| ")]
    named = {part.strip() for row in rows for part in row.split(",")}
    assert {str(number) for number in range(1, 25)} <= named
    assert {f"R{number}" for number in range(1, 18)} <= named


def test_every_result_stands_there() -> None:
    assert len(IDS) > 25
    assert "@" not in read(PAGE)
