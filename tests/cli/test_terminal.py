"""The terminal as it is now: what replaced standard error may be gone when the next line is due."""

from __future__ import annotations

import io

import pytest
import structlog

from opsroom.cli.terminal import log_to_stderr, say_table


def test_a_log_line_goes_to_the_standard_error_of_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, here = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stderr", gone)
    log_to_stderr()
    gone.close()
    monkeypatch.setattr("sys.stderr", here)
    structlog.get_logger().warning("disk_low", free_share=0.04)
    assert "disk_low" in here.getvalue()


def test_a_table_in_a_pipe_folds_no_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    row = ["1f-2a3", "energy/hydro-south/dam-1/output", "2026-11-27 08:37:46", "a" * 60]
    say_table("", ["id", "series", "raised (UTC)", "note"], [row])
    assert any(all(cell in line for cell in row) for line in capsys.readouterr().out.splitlines())


def test_an_id_is_not_broken_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    say_table("", ["id", "series", "note"], [["1f-2a3-4b5c", "energy/hydro-south/dam-1/output", "a" * 60]])
    assert "1f-2a3-4b5c" in capsys.readouterr().out
