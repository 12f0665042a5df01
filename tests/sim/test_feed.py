"""`opsroom feed sim` without a room: what it prints, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.sim.dynamics import make_world
from ingest.sim.layout import DISTRICT
from opsroom.cli import app
from opsroom.cli.feed_sim import PLANTS
from opsroom.economy import parse_economy


def said(*argv: str, code: int = 0) -> str:
    """Run the verb; give what it printed."""
    ran = CliRunner().invoke(app, ["feed", "sim", *argv])
    assert ran.exit_code == code, (ran.output, ran.exception)
    return ran.output


def test_the_default_size_is_one_district() -> None:
    assert PLANTS == DISTRICT


def test_a_dry_run_says_equal_bytes_twice_and_writes_the_truth(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    argv = ("--scenario", "strike", "--dry-run", "--days", "0.05", "--json")
    first = json.loads(said(*argv, "--truth", str(truth)))
    assert first["readings"] > 1_000
    assert json.loads(said(*argv))["sha256"] == first["sha256"]
    assert json.loads(said(*argv, "--seed", "2"))["sha256"] != first["sha256"]
    assert {json.loads(line)["kind"] for line in truth.read_text().splitlines()} == {"strike"}


def test_the_economy_is_printed_whole() -> None:
    text = said("--economy")
    parse_economy(text)
    assert text.count("[[series]]") == len(make_world(1).layout.gauges.gauges)


@pytest.mark.parametrize(
    ("argv", "code"), [(("--scenario", "boom"), 2), (("--speed", "0"), 2), (("--token", ""), 1)]
)
def test_what_cannot_be_fed_is_refused(argv: tuple[str, ...], code: int) -> None:
    said(*argv, code=code)
