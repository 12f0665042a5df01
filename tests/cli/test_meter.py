"""What a feed shows: a bar on a terminal, plain lines elsewhere, refusals as they come."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from ingest.outbox import open_outbox
from ingest.told import Refused, Warned
from opsroom.cli import meter as meters
from opsroom.feeding import Fed
from tests.cli.conftest import clean_environment

HALF = Fed(
    acked=120_000, refused=3, pending=40, outbox_bytes=2_500_000, lag_s=1.25, share=0.5, is_connected=True
)


def test_a_terminal_gets_a_bar_with_rate_lag_refused_and_outbox() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    with meters.meter(console) as shown:
        shown.show(HALF)
        assert isinstance(console.file, io.StringIO)
        text = console.file.getvalue()
    for part in ("119 997 stored", "/s", "lag 1.2 s", "refused 3", "outbox 40 (2.5 MB)", "\u2501"):
        assert part in text


def test_elsewhere_a_line_comes_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), width=160)
    assert isinstance(console.file, io.StringIO)
    with meters.meter(console) as shown:
        shown.show(HALF)
        assert console.file.getvalue() == ""
    monkeypatch.setattr(meters, "PLAIN_S", 0.0)
    with meters.meter(console) as shown:
        shown.show(HALF._replace(is_connected=False, dropped=7))
    (line,) = console.file.getvalue().splitlines()
    assert line.startswith("119 997 stored")
    assert line.endswith("dropped 7, not connected")


def test_refusals_of_a_kind_are_shown_until_they_are_only_counted() -> None:
    console = Console(file=io.StringIO(), width=400)
    assert isinstance(console.file, io.StringIO)
    with meters.meter(console) as shown:
        for _ in range(100):
            shown.refused(Refused(series="mill/output", code="unit_mismatch", message="No.", remedy="Do."))
        shown.warned(Warned(code="clock_offset", message="3 h behind.", remedy="Set it."))
    lines = console.file.getvalue().splitlines()
    assert len(lines) == meters.REFUSALS_SHOWN + 1
    assert lines[0] == "unit_mismatch: mill/output: No. Do."
    assert lines[-2].endswith("only counted.")
    assert lines[-1] == "clock_offset: 3 h behind. Set it."


def test_an_interrupted_feed_keeps_what_it_read_in_its_outbox(tmp_path: Path) -> None:
    where = ("--to", "ws://127.0.0.1:9", "--outbox", "o", "--json")
    process = subprocess.Popen(
        [sys.executable, "-m", "opsroom", "feed", "jsonl", "-", *where],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**clean_environment(), "OPSROOM_TOKEN": "t"},
    )
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write('{"series": "output", "value": 1}\n' * 3)
    process.stdin.flush()
    assert "not_connected" in process.stderr.readline()
    time.sleep(1.0)  # readings of a pipe are sent as they come
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    told = json.loads(out)
    assert (told["pending"], told["is_interrupted"]) == (3, True)
    assert "3 readings not stored, kept in o" in said
    assert open_outbox(tmp_path / "o", 1 << 20).readings == 3
