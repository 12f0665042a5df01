"""`opsroom bench ingest --door`: readings a second that other protocols bring in, each answered once durable.

The same bodies go to the system whose protocol it is, where that is installed.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from opsroom.bench.peers import encode
from opsroom.bench.peers.measure import SETTLE_S, made, send_all
from opsroom.bench.peers.port import Peer, Readings, folder_bytes, running
from opsroom.bench.peers.sender import request
from opsroom.bench.peers.web import PLAIN, REMOTE_WRITE, InfluxDB, Prometheus
from opsroom.bench.rig import room, token_for
from opsroom.clock import wall_now

if TYPE_CHECKING:
    from collections.abc import Sequence

READINGS: Final = 1_000_000
LEAST: Final = 1_000
MILLION: Final = 1e6
WARM_UP_MS: Final = 86_400_000


class Way(NamedTuple):
    """A door: its path, how it is written, and in what portions its senders write by default."""

    path: str
    headers: dict[str, str]
    encode: Callable[..., list[bytes]]
    peer: Peer
    per_request: int
    connections: int


# Portions as the senders' documentation advises (line protocol: 5,000 lines) or as they send (remote write).
WAYS: Final = {
    "influx": Way("/api/v2/write?org=bench&bucket=bench", PLAIN, encode.lines, InfluxDB(), 5_000, 2),
    "prom": Way("/api/v1/write", REMOTE_WRITE, encode.remote_write, Prometheus(), 2_000, 4),
}


class Measured(NamedTuple):
    """What one run gave."""

    readings_per_s: float
    cpu_s_per_million: float
    bytes_per_reading: float


def bench(
    door: str,
    detection: Sequence[bool],
    *,
    repeat: int = 3,
    scale: float = 1.0,
    peers: bool = False,
    done: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure a door `repeat` times, turn about, and give the medians; `scale` shortens the runs.

    Raises:
        StoreError: the room, or the peer, did not start or refused readings.
    """
    way = WAYS[door]
    readings = max(LEAST, round(READINGS * scale / LEAST) * LEAST)
    runs: dict[bool | None, list[Measured]] = {on: [] for on in detection}
    if peers and way.peer.version() is not None:
        runs[None] = []
    for _ in range(repeat):
        for on, each in runs.items():
            each.append(_of_peer(way, readings) if on is None else _of_room(way, readings, on))
            done(f"{door} {'peer' if on is None else 'detection'} {on}")
    return {"bench": "ingest", "door": door, "rows": [_row(door, on, each) for on, each in runs.items()]}


def shares_of(
    way: Way, readings: int, path: str, headers: dict[str, str], end_ms: int = 0
) -> list[list[bytes]]:
    """Encode the mix of `bench ingest`: a connection is a host with series of its own, in order of time."""
    sent = made(readings)
    back = end_ms and end_ms - int(sent.times_ms[-1])
    each = []
    for number, columns in enumerate(np.array_split(np.arange(len(sent.series)), way.connections)):
        part = Readings(
            [sent.series[column] for column in columns], sent.times_ms + back, sent.values[:, columns]
        )
        bodies = way.encode(part, way.per_request, f"h{number}")
        each.append([request(path, headers, body) for body in bodies])
    return each


def _of_room(way: Way, readings: int, detection: bool) -> Measured:  # noqa: FBT001 - a figure's own name
    """Send to a room of its own process, on a fresh folder."""
    with room(detection=detection) as rig:
        headers = {**way.headers, "Authorization": f"Bearer {token_for(rig)}"}
        port = int(rig.url.rpartition(":")[2])
        warm = shares_of(way, LEAST, way.path, headers, wall_now() // 1000 - WARM_UP_MS)
        send_all("the room", port, warm)
        rig.settled()
        before = rig.cpu_s()
        seconds = send_all("the room", port, shares_of(way, readings, way.path, headers))
        rig.settled()
        cpu = rig.cpu_s() - before
        rig.stop()
        size = rig.file_bytes("store.db")
    return Measured(readings / seconds, cpu / readings * MILLION, size / readings)


def _of_peer(way: Way, readings: int) -> Measured:
    """Send the same to the system whose protocol it is."""
    path = way.peer.batches(made(LEAST), LEAST).path
    with tempfile.TemporaryDirectory(prefix="opsroom-peer-") as name:
        folder = Path(name) / way.peer.name
        folder.mkdir()
        with running(way.peer, folder) as server:
            before = server.cpu_s()
            seconds = send_all(way.peer.name, server.port, shares_of(way, readings, path, way.headers))
            time.sleep(SETTLE_S)
            cpu = server.cpu_s() - before
            server.stop()
        return Measured(readings / seconds, cpu / readings * MILLION, folder_bytes(folder) / readings)


def _row(door: str, on: bool | None, runs: list[Measured]) -> dict[str, Any]:  # noqa: FBT001 - as above
    """Give the medians as a row; `on` None is the peer's."""
    way = WAYS[door]
    median = Measured(*(statistics.median(column) for column in zip(*runs, strict=True)))
    return {
        "form": f"{door}-{way.per_request}",
        "connections": way.connections,
        "fsync": None if on is None else True,
        "detection": bool(on),
        "peer": way.peer.name if on is None else None,
        "version": way.peer.version() if on is None else None,
        "readings_per_s": round(median.readings_per_s),
        "cpu_s_per_million": round(median.cpu_s_per_million, 3),
        "bytes_per_reading": round(median.bytes_per_reading, 3),
        "runs": len(runs),
    }
