"""What the registry promises of plug-ins found by file and by entry point."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from opsroom.registry import Missing, PluginError, discover, survey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD = '"""A plug-in."""\n\n\ndef step() -> int:\n    """Give one."""\n    return 1\n'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder of an empty package named `plugged`, importable for one test."""
    home = tmp_path / "plugged"
    home.mkdir()
    (home / "__init__.py").write_text('"""Plug-ins of a test."""\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    yield home
    for name in [name for name in sys.modules if name.partition(".")[0] in {"plugged", "elsewhere"}]:
        del sys.modules[name]


def test_finds_modules_and_subpackages_in_order(package: Path) -> None:
    (package / "wave.py").write_text(GOOD)
    (package / "band").mkdir()
    (package / "band" / "__init__.py").write_text(GOOD)
    (package / "_private.py").write_text("raise RuntimeError")
    found = discover("plugged")
    assert list(found) == ["band", "wave"]
    assert found["wave"].step() == 1


def test_having_keeps_modules_that_offer_the_verb(package: Path) -> None:
    (package / "wave.py").write_text(GOOD)
    (package / "tables.py").write_text('"""Not a plug-in."""\n')
    assert list(discover("plugged", having="step")) == ["wave"]


def test_a_missing_docstring_stops_with_the_file_named(package: Path) -> None:
    (package / "mute.py").write_text("VALUE = 1\n")
    with pytest.raises(PluginError, match="no docstring") as caught:
        discover("plugged")
    assert caught.value.params["file"] == str(package / "mute.py")


@pytest.mark.parametrize(
    "body", ["import not_there_at_all", "raise RuntimeError('no')", "from plugged import absent", "1 / 0"]
)
def test_an_import_error_stops_with_the_file_named(package: Path, body: str) -> None:
    (package / "broken.py").write_text(f'"""Broken."""\n{body}\n')
    with pytest.raises(PluginError, match="cannot be imported") as caught:
        discover("plugged")
    assert caught.value.params["file"] == str(package / "broken.py")


def test_a_syntax_error_names_file_and_line(package: Path) -> None:
    (package / "broken.py").write_text('"""Broken."""\n\ndef (\n')
    with pytest.raises(PluginError, match=r"broken\.py:3"):
        discover("plugged")


@pytest.mark.parametrize("declared", ["NEEDS = ", "NEEDS: dict[str, str] = "])
def test_an_absent_optional_library_is_listed_with_its_command(package: Path, declared: str) -> None:
    (package / "wave.py").write_text(GOOD)
    (package / "extra.py").write_text(
        f'"""Extra."""\n{declared}{{"not_there": "pip install x"}}\nimport not_there.deep\n'
    )
    found = survey("plugged")
    assert list(found.modules) == ["wave"]
    assert found.missing == (Missing("extra", "not_there", "pip install x"),)


def test_needs_that_is_not_a_literal_stops(package: Path) -> None:
    (package / "extra.py").write_text('"""Extra."""\nNEEDS = dict(a=1)\nimport not_there\n')
    with pytest.raises(PluginError, match="not a literal"):
        survey("plugged")


def _installed(folder: Path, *points: str) -> None:
    """Lay out the metadata of another distribution that offers `points` to the group `plugged`."""
    info = folder / "another_distribution-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: another-distribution\nVersion: 1.0\n")
    lines = ["[plugged]", *points, "[another.group]", "other = nowhere"]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def test_other_distributions_join_by_entry_point(package: Path, tmp_path: Path) -> None:
    (package / "wave.py").write_text(GOOD)
    (tmp_path / "elsewhere.py").write_text(GOOD)
    _installed(tmp_path, "tide = elsewhere")
    assert list(discover("plugged")) == ["tide", "wave"]


def test_a_clash_names_both_files(package: Path, tmp_path: Path) -> None:
    (package / "wave.py").write_text(GOOD)
    (tmp_path / "elsewhere.py").write_text(GOOD)
    _installed(tmp_path, "wave = elsewhere")
    with pytest.raises(PluginError, match="is taken by") as caught:
        discover("plugged")
    assert str(package / "wave.py") in str(caught.value)
    assert str(tmp_path / "elsewhere.py") in str(caught.value)


def test_an_entry_point_to_nowhere_stops(package: Path, tmp_path: Path) -> None:
    assert package.is_dir()
    _installed(tmp_path, "tide = nowhere_to_be_found")
    with pytest.raises(PluginError, match="not there"):
        discover("plugged")


def test_only_what_is_wanted_is_imported_where_it_is_there(package: Path) -> None:
    (package / "wave.py").write_text(GOOD)
    (package / "broken.py").write_text('"""Broken."""\n1 / 0\n')
    assert list(survey("plugged", wanted="wave").modules) == ["wave"]
    with pytest.raises(PluginError, match="cannot be imported"):
        survey("plugged", wanted="tide")
