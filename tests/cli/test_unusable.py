"""What cannot be used is named with a remedy, exit 1, and leaves no traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Verb, clean_environment


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [sys.executable, "-m", "opsroom", "serve", "--port", port],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=clean_environment(),
            timeout=100,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        f"address_unusable: The room cannot listen at 127.0.0.1, port {port}: address already in use.",
        "  remedy: End what answers there, or give another --port; 0 takes a free one.",
    ]
    assert not ran.stdout


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("OPSROOM_FIGURES__MIX", "[1,2", "OPSROOM_FIGURES__MIX: a value is not JSON"),
        ("OPSROOM_SERVR__PORT", "8041", "OPSROOM_SERVR__PORT: no section 'servr'"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(opsroom: Verb, name: str, value: str, says: str) -> None:
    ran = opsroom("check", **{name: value})
    assert ran.code == 1
    assert "settings_invalid: " in ran.err
    assert says in ran.err
    assert "remedy" in ran.err


@pytest.mark.parametrize("settings", ["latin.toml", "."])
def test_settings_that_cannot_be_read_are_named(opsroom: Verb, tmp_path: Path, settings: str) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# f\xfcr die M\xfchle\n")
    ran = opsroom("check", "--settings", settings)
    assert ran.code == 1
    assert f"settings_invalid: {settings}: cannot be read" in ran.err


@pytest.mark.parametrize("section", ["LOG", "STORE"])
def test_a_folder_that_cannot_be_made_is_named(opsroom: Verb, tmp_path: Path, section: str) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    url = {f"OPSROOM_{section}__URL": "sqlite:///taken/room/of.db"}
    ran = opsroom("serve", "--port", "0", **url)
    assert ran.code == 1
    assert "file_unusable: taken" in ran.err
    assert "remedy" in ran.err


def test_files_that_are_no_certificate_are_named(opsroom: Verb, tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("no certificate", encoding="utf-8")
    served = opsroom("serve", "--port", "0", "--tls", "plain.txt", "plain.txt")
    assert served.code == 1
    assert "tls_file_invalid: plain.txt" in served.err


@pytest.mark.parametrize(
    ("file", "code"), [("plain.txt", "tls_file_invalid"), ("missing.pem", "tls_file_missing")]
)
def test_a_certificate_to_trust_that_cannot_be_used_is_named(
    opsroom: Verb, tmp_path: Path, file: str, code: str
) -> None:
    (tmp_path / "plain.txt").write_text("no certificate", encoding="utf-8")
    (tmp_path / "day.csv").write_text("ts,output\n2026-11-01T00:00:00Z,1\n", encoding="utf-8")
    secret = {"OPSROOM_PASSWORD": "geheim-1234", "OPSROOM_TOKEN": "any"}
    room = "https://127.0.0.1:9"
    for words in (
        ["alerts", "list", "--person", "ada", "--url", room],
        ["feed", "csv", "day.csv", "--to", room.replace("https", "wss")],
    ):
        ran = opsroom(*words, "--cacert", file, **secret)
        assert ran.code == 1
        assert f"{code}: {file}" in ran.err
