"""The terminal as it is now: what replaced standard error may be gone when the next line is due."""

from __future__ import annotations

import io

import pytest
import structlog

from opsroom.cli.terminal import log_to_stderr


def test_a_log_line_goes_to_the_standard_error_of_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, here = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stderr", gone)
    log_to_stderr()
    gone.close()
    monkeypatch.setattr("sys.stderr", here)
    structlog.get_logger().warning("disk_low", free_share=0.04)
    assert "disk_low" in here.getvalue()
