"""Comparison with other systems: what they are sent, and how a ratio is judged."""

from __future__ import annotations

import asyncio
import contextlib
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsroom.bench.peers import encode
from opsroom.bench.peers.goals import judged, table
from opsroom.bench.peers.page import ingest_section, write
from opsroom.bench.peers.port import Readings
from opsroom.bench.peers.sender import Task, request, send

SENT = Readings(["a", "b"], np.array([1_000, 2_000]), np.array([[1.5, -2.0], [0.1, 4e300]]))


def test_lines_hold_every_reading_in_order() -> None:
    first, second = encode.lines(SENT, 3)
    assert first.decode().splitlines() == [
        "bench,series=a v=1.5 1000000000",
        "bench,series=b v=-2.0 1000000000",
        "bench,series=a v=0.1 2000000000",
    ]
    assert second == b"bench,series=b v=4e+300 2000000000"


def test_remote_write_is_a_snappy_block_of_time_series() -> None:
    (body,) = encode.remote_write(Readings(["a"], np.array([300]), np.array([[1.5]])), 1)
    labels = (
        bytes.fromhex("0a11")
        + b"\n\x08__name__\x12\x05bench"
        + bytes.fromhex("0a0b")
        + b"\n\x06series\x12\x01a"
    )
    sample = bytes.fromhex("120c09") + struct.pack("<d", 1.5) + bytes.fromhex("10ac02")
    series = bytes([0x0A, len(labels + sample)]) + labels + sample
    assert body == bytes([len(series)]) + b"\xf4" + (len(series) - 1).to_bytes(2, "little") + series


def test_a_long_block_is_several_literals() -> None:
    block = encode.snappy(bytes(70_000))
    assert block[:3] == bytes([0xF0, 0xA2, 0x04])
    assert len(block) == 3 + 2 * 3 + 70_000


def test_goals_are_judged_by_ratio_and_named_where_nothing_was_measured() -> None:
    def row(form: str, peer: str | None, per_s: float, cpu: float) -> dict[str, object]:
        figures = {"readings_per_s": per_s, "cpu_s_per_million": cpu, "bytes_per_reading": 1.9}
        return {"form": form, "peer": peer, "detection": False, **figures}

    ours = row("columns-1000", None, 900.0, 0.4)
    goals = judged([ours, row("columns-1000", "victoria-metrics", 1_000.0, 1.0)])
    assert [(goal["ratio"], goal["holds"]) for goal in goals if goal["ratio"] is not None] == [
        (0.9, True),
        (0.4, True),
        (1.9, True),
    ]
    assert table(goals)[1] == ["durable columns of 1,000, against prometheus", ">= 2", "", "not measured"]
    slower = judged(
        [row("columns-1000", None, 700.0, 0.6), row("columns-1000", "victoria-metrics", 1_000.0, 1.0)]
    )
    assert [goal["holds"] for goal in slower if goal["ratio"] is not None][:2] == [False, False]


@pytest.mark.parametrize("status", [b"204 No Content", b"400 Bad Request"])
def test_the_sender_waits_for_each_answer_and_says_what_was_refused(status: bytes) -> None:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                heard.append(head + await reader.readexactly(1))
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nno")

    async def run() -> float:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            requests = [request("/write", {"X": "y"}, body) for body in (b"1", b"2", b"3")]
            port = server.sockets[0].getsockname()[1]
            return (await send(Task(port, [requests[:2], requests[2:]]))).seconds

    if status.startswith(b"204"):
        assert asyncio.run(run()) > 0.0
        assert sorted(one[-1:] for one in heard) == [b"1", b"2", b"3"]
    else:
        with pytest.raises(ValueError, match="400 Bad Request"):
            asyncio.run(run())


def ingest_result() -> dict[str, Any]:
    """Give what `bench ingest --peers` gives, of two systems."""
    figures = {"cpu_s_per_million": 0.4, "bytes_per_reading": 2.5}
    ours = {"form": "columns-1000", "peer": None, "detection": False, "readings_per_s": 900, **figures}
    theirs = {**ours, "peer": "victoria-metrics", "version": "1.79.5", "readings_per_s": 1_000}
    theirs["kept_after_sigkill"] = 0.0
    rows = [ours, theirs]
    return {"bench": "ingest", "rows": rows, "goals": judged(rows)}


def test_a_page_holds_tables_and_picture_and_is_renewed_in_place(tmp_path: Path) -> None:
    page, result = tmp_path / "performance.md", ingest_result()
    page.write_text("# Performance\n\nWords.\n\n## What misses\n\nThis.\n", encoding="utf-8")
    for _ in range(2):
        write(result, page, ingest_section(result))
    text = page.read_text(encoding="utf-8")
    assert "| this room | 900 | 0.40 | 2.50 | all |" in text
    assert "| victoria-metrics 1.79.5 | 1,000 | 0.40 | 2.50 | 0 % |" in text
    assert text.count("## Ingest beside other systems") == 1
    assert "## What misses\n\nThis." in text
    drawn = (tmp_path / "pictures/performance-760.svg").read_text(encoding="utf-8")
    bars = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', drawn)][1:]
    assert bars[0] / bars[1] == pytest.approx(0.9, rel=1e-3)
