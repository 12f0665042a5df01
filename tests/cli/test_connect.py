"""`opsroom connect --check`: what would be asked for, and what came, without a room."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from opsroom.cli import app

TABLE = '[csv]\nfile = "day.csv"\n[series.output]\nname = "mill/output"\nunit = "t/h"\nscale = 2.0\n'


def test_a_check_says_what_would_be_asked_for_and_what_came(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("ts,output,stock\n2026-11-26T00:00Z,3.5,7\n")
    file = tmp_path / "mill.toml"
    file.write_text(TABLE, encoding="utf-8")
    ran = CliRunner().invoke(app, ["connect", str(file), "--check", "--listen", "5", "--json"])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout.strip().splitlines()[-1])
    assert [one["series"] for one in told["asked"]] == ["output", "stock"]
    assert told["seen"] == {"mill/output": {"value": 7.0, "unit": "t/h"}, "stock": {"value": 7.0, "unit": ""}}


def test_a_fault_ends_with_1_and_names_file_and_key(tmp_path: Path) -> None:
    file = tmp_path / "mill.toml"
    file.write_text("[csv]\nfille = 'day.csv'\n", encoding="utf-8")
    ran = CliRunner().invoke(app, ["connect", str(file), "--check"])
    assert ran.exit_code == 1
    assert f"{file}: csv.f" in ran.stderr


def test_without_a_token_nothing_is_opened(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("ts,output\n")
    file = tmp_path / "mill.toml"
    file.write_text("[room]\ntoken_env = 'NOT_SET_ANYWHERE'\n" + TABLE, encoding="utf-8")
    ran = CliRunner().invoke(app, ["connect", str(file)])
    assert ran.exit_code == 1
    assert "NOT_SET_ANYWHERE" in ran.stderr
