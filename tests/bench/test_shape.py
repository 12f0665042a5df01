"""Benchmarks are run by people for numbers; here only their parts and shape."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from ingest import wire as protocol
from opsroom.bench import soak
from opsroom.bench.delay import economy_of
from opsroom.bench.economy import settings_hash
from opsroom.bench.ingest import cases
from opsroom.bench.mix import mixed, names
from opsroom.bench.rig import cpu_s
from opsroom.bench.sender import FORMS, _casual_frames
from opsroom.bench.viewers import Seen
from opsroom.bench.wire import Stream, columns_frame
from opsroom.economy import parse_economy
from opsroom.errors import StoreError
from opsroom.settings import Settings


def test_the_mix_is_seeded_and_has_its_shares() -> None:
    values = mixed(100, 50)
    np.testing.assert_array_equal(values, mixed(100, 50))
    assert not np.array_equal(values, mixed(100, 50, seed=2))
    np.testing.assert_array_equal(values[:, :40], np.round(values[:, :40], 2))
    assert (np.diff(values[:, 40:60], axis=0) >= 0).all()
    assert set(np.unique(values[:, 60:80])) <= {0.0, 1.0, 2.0, 3.0}
    assert (values[:, 80:] != np.round(values[:, 80:], 6)).all()


def test_a_columnar_frame_is_what_the_room_reads() -> None:
    (batch,) = protocol.decode(columns_frame(7, 1_000, [0, 2], np.array([1.5, -2.0])))
    assert isinstance(batch, protocol.Batch)
    assert (batch.seq, batch.t_ms, protocol.names(batch)) == (7, 1_000, [0, 2])
    np.testing.assert_array_equal(batch.v, [1.5, -2.0])


def test_casual_frames_hold_every_reading_once() -> None:
    values = np.arange(6.0).reshape(2, 3)
    for per_frame in (1, 4):
        frames = _casual_frames(values, names(3), 1_000, per_frame)
        rows = [msgspec.json.decode(frame) for frame in frames]
        flat = [row for frame in rows for row in (frame if isinstance(frame, list) else [frame])]
        assert [row["value"] for row in flat] == list(range(6))
        assert [row["ts"] for row in flat] == [1_000] * 3 + [2_000] * 3


async def _streamed(answer: Callable[[int], dict[str, object]]) -> list[str]:
    """Send three frames by `Stream` to a server of websockets that answers each; gives what came there."""
    came: list[str] = []

    async def room(socket: ServerConnection) -> None:
        assert socket.request is not None
        came.append(socket.request.headers["Authorization"])
        async for frame in socket:
            assert isinstance(frame, str)
            came.append(frame)
            await socket.send(json.dumps(answer(len(came) - 1)))

    async with serve(room, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        stream = Stream(f"ws://127.0.0.1:{port}/", "secret", ["a", "ü", "c"], 3)
        await asyncio.get_running_loop().create_connection(lambda: stream, "127.0.0.1", port)
        await stream.ready
        stream.go()
        try:
            await asyncio.wait_for(stream.stored, 10)
        finally:
            stream.close()
    return came


def test_a_stream_sends_every_frame_once_and_waits_for_what_is_stored() -> None:
    came = asyncio.run(_streamed(lambda count: {"type": "ack", "frames": count, "stored": count}))
    assert came == ["Bearer secret", "a", "ü", "c"]


def test_a_stream_fails_where_the_room_refuses() -> None:
    with pytest.raises(StoreError, match="time_invalid"):
        asyncio.run(_streamed(lambda _: {"type": "error", "code": "time_invalid"}))


def test_rows_of_ingest() -> None:
    rows = cases()
    assert {row.form for row in rows} == set(FORMS)
    assert len(rows) == 2 * len(FORMS)


def test_the_economy_of_delay_has_a_band_for_each_trial() -> None:
    tables = parse_economy(economy_of(3)).tables
    assert [series.band for series in tables.series] == [(0.0, 100.0)] * 3


def test_cpu_of_a_process_is_what_the_system_counts() -> None:
    used = os.times()
    assert abs(cpu_s(os.getpid()) - (used.user + used.system)) < 0.1


def test_the_settings_hash_tells_what_shapes_alerts() -> None:
    plain = Settings()
    moved = plain.model_copy(
        update={"store": plain.store.model_copy(update={"url": "sqlite:///elsewhere.db"})}
    )
    room = plain.room.model_copy(update={"recovery_readings": 3})
    assert settings_hash(plain) == settings_hash(moved)
    assert settings_hash(plain) != settings_hash(plain.model_copy(update={"room": room}))


def test_a_soak_is_judged_by_its_slope_after_the_first_third() -> None:
    seconds = np.arange(0.0, 3_600.0, 5.0)
    rss = np.where(seconds < 1_000, 300.0 + seconds, 500.0 + 12.0 * seconds / 3_600)
    row = soak.judged(np.column_stack([seconds, rss, np.full(len(seconds), 40)]))
    assert row["rss_mb_per_hour"] == pytest.approx(12.0)
    assert row["rss_mb_last"] > row["rss_mb_first"]
    assert (row["descriptors_first"], row["descriptors_last"]) == (40, 40)


def test_screens_count_from_their_beginning_and_read_the_newest_value() -> None:
    seen = Seen(time.monotonic() + 60)
    seen.take("{}", read=True)
    assert seen.frames == 0
    seen.begin = 0.0
    frame = msgspec.json.encode({"values": {"1": [time.time() * 1e3 - 500, 8.0], "2": [None, None]}})
    seen.take(frame, read=True)
    seen.take(frame, read=False)
    assert (seen.frames, seen.bytes) == (2, 2 * len(frame))
    assert seen.late_ms == [pytest.approx(500, abs=100)]
