"""What docs/client.md shows runs as it stands, against a real gateway."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.ingest.conftest import SmallRoom, beside

PAGE = ROOT / "docs" / "client.md"
EXAMPLES = [block for block in blocks(PAGE) if block.language == "python"]


@pytest.fixture(scope="module")
def gateway() -> Iterator[tuple[SmallRoom, str]]:
    """Serve one small room for all examples."""
    room = SmallRoom()
    with beside(room) as served:
        yield room, f"127.0.0.1:{served.port}"


@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=[f"{block.heading}" for block in EXAMPLES])
def test_every_example_runs_and_its_readings_arrive(
    number: int, gateway: tuple[SmallRoom, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, there = gateway
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPSROOM_TOKEN", "mill-token")
    before, threads = len(room.stored()), threading.active_count()
    exec(compile(EXAMPLES[number].text.replace("127.0.0.1:8040", there), str(PAGE), "exec"), {})  # noqa: S102
    stored = len(room.stored()) - before
    assert stored == EXAMPLES[number].text.count(".send(") - EXAMPLES[number].text.count("unit_mismatch")
    assert threading.active_count() == threads
