"""What is wrong with a rule is a code with values: every code has words, and no word is left over."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

import opsroom.rules.faults
from opsroom.errors import SettingsError
from opsroom.rules.draft import read_draft, read_text, refusal
from opsroom.rules.faults import says
from opsroom.words import catalogue, languages, word
from tests.rules.drafts import REFUSED, TEXTS

RULES = Path(opsroom.rules.faults.__file__).parent
FAULT, MEND = "rule.fault.", "rule.mend."


def codes() -> set[str]:
    """Give the codes that stand in the modules that find faults."""
    texts = "\n".join(
        (RULES / f"{name}.py").read_text(encoding="utf-8") for name in ("faults", "file", "formula")
    )
    strings = set(re.findall(r'"([a-z_]+)"', texts))
    return strings | {f"no_{one}" for one in strings}


def test_the_examples_in_the_docstrings_hold() -> None:
    failed, tried = doctest.testmod(opsroom.rules.faults)
    assert (failed, tried > 2) == (0, True)


def test_no_words_of_faults_are_left_over() -> None:
    worded = {code.removeprefix(FAULT) for code in catalogue("en") if code.startswith(FAULT)}
    assert worded - codes() == set()
    mended = {code.removeprefix(MEND) for code in catalogue("en") if code.startswith(MEND)}
    assert mended - worded == {"keys", "formula"}


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("draft", REFUSED)
def test_a_refused_draft_is_worded_in_every_language(draft: dict[str, Any], lang: str) -> None:
    faults = read_draft(draft, [])[1]
    assert faults
    for fault in faults:
        said = word(lang, FAULT + fault.why, fault.values)
        assert not re.search(r"[{]\w+[}]|rule\.fault", said), said
        assert fault.why != "other", "the form can meet nothing that has no words"
        assert fault.message == says(fault.why, fault.values)
    params = refusal(faults).params
    assert (params["why"], params["values"]) == (faults[0].why, faults[0].values)


@pytest.mark.parametrize("text", TEXTS)
def test_a_refused_file_names_code_values_and_line(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_text(text, [])
    params = caught.value.params
    assert params["line"] >= 1
    assert says(params["why"], params["values"]) in caught.value.message


def test_a_name_that_is_none_is_the_fault_of_its_field() -> None:
    """The key of a table inside is named by msgspec in a way of its own."""
    when = {"expression": {"of": "a > 1", "series": {"1 a": "b"}}}
    (fault,) = read_draft({"id": "a", "when": when}, [])[1]
    assert (fault.field, fault.why) == ("when.expression.series", "no_name")
