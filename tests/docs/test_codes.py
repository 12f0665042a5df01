"""docs/errors.md holds every error code of the product, with meaning and remedy, and no other."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs import codes
from tests.docs.pages import ROOT, read

PAGE = ROOT / "docs" / "errors.md"
# Named in the text: made by the command line out of an answer that has no code.
IN_TEXT = {"http_error"}
LEAST = 80


def rows() -> dict[str, list[str]]:
    """Give the cells of each code's row."""
    found: dict[str, list[str]] = {}
    for line in read(PAGE).splitlines():
        if line.startswith("| `"):
            first, *cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            for code in re.findall(r"`(\w+)`", first):
                found.setdefault(code, cells)
    return found


def test_the_source_gives_up_its_codes() -> None:
    assert len(codes.everything()) >= LEAST
    assert {"tls_required", "link_ended", "plugin_invalid", "store_newer", "internal"} <= codes.everything()


def test_codes_are_found_in_classes_calls_and_choices() -> None:
    tree = ast.parse('f(code="a" if x else "b")\n').body[0]
    assert isinstance(tree, ast.Expr)
    assert isinstance(tree.value, ast.Call)
    assert list(codes.texts(tree.value.keywords[0].value)) == ["a", "b"]


@pytest.mark.parametrize("code", sorted(codes.everything()))
def test_every_code_has_a_row_with_meaning_and_remedy(code: str) -> None:
    cells = rows()[code]
    assert len(cells) >= 2
    assert all(len(cell) > 2 or cell == "-" for cell in cells), cells


def test_no_row_is_for_a_code_that_is_not_there() -> None:
    told = read(PAGE).split("## Defects of a file")[0]
    written = {
        code
        for line in told.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`(\w+)`", line.split(" | ")[0])
    }
    assert written - codes.everything() - {"error", "refused"} == set()
    assert all(f"`{code}`" in told for code in IN_TEXT)
