"""docs/rules.md names every key, and none beside; what it shows as example holds."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from opsroom.rehearsal import ExpectTable, TestTable, read_tests, rehearse
from opsroom.rules import tables
from opsroom.rules.file import Source, survey_rules

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
PARTS: dict[str, Any] = {
    "## `[[rule]]`": tables.RuleTable,
    "### `when.limit`": tables.LimitTable,
    "### `when.rate`": tables.RateTable,
    "### `when.deviation`": tables.DeviationTable,
    "### `when.missing`": tables.MissingTable,
    "### `when.expression`": tables.ExpressionTable,
    "### `chatter`": tables.ChatterTable,
    "### `suppress`": tables.SuppressTable,
    "## `[[class]]`": tables.ClassTable,
    "## `[[term]]`": tables.TermTable,
    "## Tests: `[[test]]` in `*.test.toml`": TestTable,
}


def part(heading: str) -> str:
    return re.split(r"\n##", PAGE.split(heading + "\n", 1)[1], maxsplit=1)[0]


@pytest.mark.parametrize("heading", PARTS)
def test_every_key_is_on_the_page_and_none_beside(heading: str) -> None:
    text = part(heading).split("| key of `[[test.expect]]`")[0]
    rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert sorted(rows) == sorted(field.encode_name for field in msgspec.structs.fields(PARTS[heading]))


def test_every_key_of_an_expectation_is_on_the_page() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.split("| key of `[[test.expect]]`", 1)[1], re.MULTILINE)
    assert sorted(rows) == sorted(ExpectTable.__struct_fields__)


def test_the_examples_of_the_page_hold(tmp_path: Path) -> None:
    first, second, test = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    rules, faults = survey_rules([Source("a.toml", first), Source("b.toml", second)])
    assert faults == []
    assert [rule.id for rule in rules] == ["leak", "power-cut", "press-hot"]
    file = tmp_path / "press.test.toml"
    file.write_text(test, encoding="utf-8")
    ((name, one),) = read_tests([file])
    assert rehearse(name, one, rules).good
