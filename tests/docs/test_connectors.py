"""The page on connectors: its examples are settings files, and every key of every connector stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from ingest import sourcefile
from opsroom.registry import survey
from tests.docs.pages import ROOT, Block, blocks, read

PAGE = ROOT / "docs" / "connectors.md"
EXAMPLES = [block for block in blocks(PAGE) if block.language == "toml"]
CONNECTORS = survey(sourcefile.PACKAGE, having=sourcefile.VERB).modules


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda block: block.heading)
def test_an_example_is_a_settings_file(example: Block, tmp_path: Path) -> None:
    (tmp_path / "mill.csv").write_text("ts,output\n", encoding="utf-8")
    file = tmp_path / "mill.toml"
    file.write_text(example.text.replace("/var/log/", ""), encoding="utf-8")
    found = sourcefile.read_source_file(file)
    assert all(source.label and source.asked() for source in found.sources)


def tables(table: str, kind: Any) -> list[tuple[str, str]]:
    """Give (table, key) of a struct and of the structs in it."""
    found: list[tuple[str, str]] = []
    for field in msgspec.structs.fields(kind):
        found.append((table, field.name))
        for inner in (field.type, *get_args(field.type)):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                found += tables(f"{table}.{field.name}", inner)
    return found


def keys() -> list[tuple[str, str]]:
    structs = [("room", sourcefile.Room), ('series."NAME"', sourcefile.SeriesRule)]
    structs += [(name, module.Settings) for name, module in CONNECTORS.items()]
    return [pair for table, kind in structs for pair in tables(table, kind)]


@pytest.mark.parametrize(("table", "key"), keys())
def test_every_key_is_on_the_page(table: str, key: str) -> None:
    head = rf"\| key of `\[+{re.escape(table)}\]+`[^\n]*\n(.*?)\n\n"
    part = re.search(head, read(PAGE) + "\n", re.DOTALL)
    assert part is not None, table
    names = {name for row in part[1].splitlines() for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}
    assert key in names


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_every_connector_has_an_example(name: str) -> None:
    assert any(f"[{name}]" in example.text for example in EXAMPLES)
    assert f"[`{name}`](#{name})" in read(PAGE)
