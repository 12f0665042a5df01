"""What is installed: the locks, the wheel and the container image."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT

CONNECTORS = ("mqtt", "opcua", "modbus", "parquet")
LOCKS = ("run", "postgresql", "dev", "build")


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", text, re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


def wanted(lock: str) -> list[Requirement]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = {
        "run": settings["project"]["dependencies"],
        "postgresql": settings["project"]["optional-dependencies"]["postgresql"],
        "dev": [
            *settings["dependency-groups"]["dev"],
            *(line for extra in CONNECTORS for line in settings["project"]["optional-dependencies"][extra]),
        ],
        "build": settings["build-system"]["requires"],
    }
    return [Requirement(line) for line in lists[lock]]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_holds_what_the_project_asks_for(name: str) -> None:
    versions = locked(name)
    for requirement in wanted(name):
        version = versions.get(canonicalize_name(requirement.name))
        assert version, f"{requirement} is not in requirements/{name}.lock: run `make lock`"
        assert requirement.specifier.contains(version, prereleases=True), (
            f"{requirement} but locked {version}"
        )


@pytest.mark.parametrize("name", LOCKS)
def test_lock_is_hashed_and_names_no_index(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\w)", text.strip())
    assert len(entries) == len(re.findall(r"^[\w.-]+(?:\[.*?\])?==", text, re.MULTILINE))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert "--index" not in text


def test_work_uses_the_versions_that_run() -> None:
    dev = locked("dev")
    assert {name: dev.get(name) for name in locked("run")} == locked("run")


def test_wheel_holds_code_assets_and_licences(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("cybersyn_opsroom-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for part in (
        "opsroom/py.typed",
        "ingest/__init__.py",
        "dashboards/assets/vendor/uplot/uPlot.iife.min.js",
    ):
        assert part in names
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "tools/"))]


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(verb, " ".join(rest.split())) for verb, rest in lines]


def test_image_installs_from_the_lock() -> None:
    installs = [rest for verb, rest in instructions() if verb == "RUN" and "pip install" in rest]
    assert any("--require-hashes" in rest and "requirements/postgresql.lock" in rest for rest in installs)
    for rest in installs:
        for one in rest.split("&&"):
            if "pip install" in one:
                assert "--require-hashes" in one or ("--no-deps" in one and "--no-index" in one)


def test_image_runs_as_an_ordinary_user_and_tells_its_health() -> None:
    verbs = instructions()
    last_stage = verbs[max(index for index, (verb, _) in enumerate(verbs) if verb == "FROM") :]
    users = [rest for verb, rest in last_stage if verb == "USER"]
    assert users
    assert users[-1] not in {"root", "0", "0:0"}
    (health,) = [rest for verb, rest in last_stage if verb == "HEALTHCHECK"]
    assert "/-/healthy" in health


def test_image_starts_the_room() -> None:
    said = dict(instructions())
    assert [*json.loads(said["ENTRYPOINT"]), *json.loads(said["CMD"])][:2] == ["opsroom", "serve"]


def test_image_is_built_from_what_is_tracked() -> None:
    copied = [rest for verb, rest in instructions() if verb == "COPY" and "--from" not in rest]
    sources = [word.rstrip("/") for rest in copied for word in rest.split()[:-1] if not word.startswith("--")]
    assert sources
    assert not [source for source in sources if not (ROOT / source).exists()]
