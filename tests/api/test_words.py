"""Every code that the API can answer with has words in every language."""

import re
from pathlib import Path

import pytest

from opsroom import words
from opsroom.api import answers
from tests.house.tree import modules

CODES = {
    found
    for folder in ("opsroom/access", "opsroom/api", "opsroom/view", "opsroom/errors.py")
    for module in modules("opsroom")
    if module.path.startswith(folder)
    for found in re.findall(r"\bcode\s*=\s*\"([a-z_]+)\"", module.text)
} | set(answers.HTTP_CODES.values())


def test_codes_are_found() -> None:
    assert {"login_wrong", "conflict", "not_your_level", "method_not_allowed"} <= CODES


@pytest.mark.parametrize("lang", words.languages())
def test_every_code_has_words(lang: str) -> None:
    assert not {code for code in CODES if f"error.{code}" not in words.catalogue(lang)}


def test_every_code_is_in_the_docs() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "api.md").read_text(encoding="utf-8")
    assert not {code for code in CODES if f"`{code}`" not in page}
