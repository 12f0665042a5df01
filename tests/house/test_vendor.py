"""What is vendored for the browser is what the manifest says, with its licence beside it."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.house.tree import ROOT

VENDOR = ROOT / "dashboards" / "assets" / "vendor"


def rows() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
    return found


def strangers(folder: Path, manifest: list[dict[str, str]]) -> list[str]:
    """Files that the manifest does not hold, or holds with another hash, or that are gone."""
    wanted = {row["file"]: row["sha256"] for row in manifest}
    present = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def test_files_are_what_the_manifest_says() -> None:
    assert rows()
    assert not strangers(VENDOR, rows())


def test_each_file_has_its_licence() -> None:
    for row in rows():
        licence = (VENDOR / row["licence_file"]).read_text(encoding="utf-8")
        assert {"MIT": "MIT License", "OFL-1.1": "SIL OPEN FONT LICENSE"}[row["licence"]] in licence
        assert row["version"][0].isdigit()


@pytest.mark.parametrize("harm", ["changed", "added", "removed"])
def test_a_stranger_is_found(tmp_path: Path, harm: str) -> None:
    (tmp_path / "a.js").write_bytes(b"1")
    manifest = [{"file": "a.js", "sha256": hashlib.sha256(b"1").hexdigest()}]
    assert not strangers(tmp_path, manifest)
    match harm:
        case "changed":
            (tmp_path / "a.js").write_bytes(b"2")
        case "added":
            (tmp_path / "b.js").write_bytes(b"1")
        case _:
            (tmp_path / "a.js").unlink()
    assert strangers(tmp_path, manifest)
