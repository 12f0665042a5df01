"""The import contracts hold, cover every module, and break when the tree breaks them."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import PRODUCT, ROOT

BREAKS = {
    "layers": ("opsroom/store/_broken.py", "import opsroom.view"),
    "dash": ("opsroom/_broken_dash.py", "from dash import html"),
    "sql": ("dashboards/_broken_sql.py", "import sqlalchemy.orm"),
    "http": ("opsroom/_broken_http.py", "from fastapi import FastAPI"),
    "websockets": ("ingest/_broken_link.py", "from websockets.sync.client import connect"),
    "sources": ("opsroom/_broken_source.py", "import aiomqtt"),
    "nats": ("opsroom/_broken_nats.py", "import nats"),
}


def contracts() -> list[dict[str, object]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, object]] = settings["tool"]["importlinter"]["contracts"]
    return found


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    if not command.exists():
        pytest.skip("import-linter is not installed beside this Python")
    return subprocess.run(
        [command, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=50
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in PRODUCT:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_hold(copied: Path) -> None:
    ran = lint_imports(copied)
    assert ran.returncode == 0, ran.stdout


def test_each_contract_can_break(copied: Path) -> None:
    for name, line in BREAKS.values():
        path = copied / name
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(line + "\n", encoding="utf-8")
    view = copied / "opsroom" / "view"
    if not view.with_suffix(".py").exists():
        view.mkdir(exist_ok=True)
        (view / "__init__.py").touch()
    ran = lint_imports(copied)
    assert ran.returncode == 1, ran.stdout
    unbroken = [one["id"] for one in contracts() if f"{one['name']} BROKEN" not in ran.stdout]
    assert not unbroken, ran.stdout
    assert {one["id"] for one in contracts()} == set(BREAKS)


def test_layers_name_every_module_of_the_room() -> None:
    (layers,) = [one["layers"] for one in contracts() if one["id"] == "layers"]
    assert isinstance(layers, list)
    named = {part.strip(" ()\n") for layer in layers for part in layer.replace("|", ":").split(":")}
    present = {
        f"opsroom.{path.stem}"
        for path in (ROOT / "opsroom").iterdir()
        if (path.suffix == ".py" and path.stem not in {"__init__", "__main__"})
        or (path / "__init__.py").exists()
    }
    assert present <= named, f"name them in the layers contract of pyproject.toml: {sorted(present - named)}"
