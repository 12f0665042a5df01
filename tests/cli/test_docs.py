"""The pages on settings and verbs hold every one of them, with the defaults that the code has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo
from typer.main import get_command

from opsroom.cli import app
from opsroom.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def keys() -> list[tuple[str, str, str]]:
    """Give (section, key, default as the page writes it) of every setting."""
    found = []
    for section, field in Settings.model_fields.items():
        found += keys_of(section, field.annotation)
    return found


def keys_of(section: str, model: Any) -> list[tuple[str, str, str]]:
    """Give those of one section; a table in it is a section of its own, `[x.y]`, or `[[x.y]]` if repeated."""
    found = []
    for key, inner in model.model_fields.items():
        repeated = [one for one in get_args(inner.annotation) if hasattr(one, "model_fields")]
        if hasattr(inner.annotation, "model_fields"):
            found += keys_of(f"{section}.{key}", inner.annotation)
        elif repeated:
            found += keys_of(f"[{section}.{key}]", repeated[0])
        else:
            found.append((section, key, shown(inner)))
    return found


def shown(field: FieldInfo) -> str:
    """Give a default as the page writes it."""
    value = field.default
    if field.is_required():
        return "needed"
    return "none" if value is None else json.dumps(list(value) if isinstance(value, tuple) else value)


@pytest.mark.parametrize(("section", "key", "default"), keys())
def test_every_setting_is_on_its_page(section: str, key: str, default: str) -> None:
    part = SETTINGS_PAGE.split(f"## `[{section}]`", 1)[1].split("\n## ", 1)[0]
    assert f"| `{key}` | `{default}` |" in part


def test_the_page_names_no_setting_that_is_not_there() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", SETTINGS_PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(key for _, key, _ in keys())


def test_the_example_of_the_page_is_a_settings_file(tmp_path: Path) -> None:
    example = SETTINGS_PAGE.split("```toml\n", 1)[1].split("```", 1)[0]
    file = tmp_path / "opsroom.toml"
    file.write_text(example, encoding="utf-8")
    assert load_settings(file).room.recovery_default_s == 900.0


def verbs() -> list[tuple[str, Any]]:
    """Give (words, command) of every verb, hidden ones too."""

    def walk(words: list[str], command: Any) -> list[tuple[str, Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            return [(" ".join(words), command)]
        return [row for name in inner for row in walk([*words, name], inner[name])]

    return walk(["opsroom"], get_command(app))


@pytest.mark.parametrize(("words", "command"), verbs())
def test_every_verb_and_option_is_on_its_page(words: str, command: Any) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert f"`{words}" in page
    part = page.split(f"## `{words}", 1)[1].split("\n## ", 1)[0]
    for option in command.params:
        for spelling in option.opts:
            if spelling.startswith("--") and spelling != "--help":
                assert f"`{spelling}" in part, (words, spelling)


@pytest.mark.parametrize(("words", "command"), verbs())
def test_every_verb_shows_examples(words: str, command: Any) -> None:
    assert command.hidden or f"{words}" in (command.epilog or "")
