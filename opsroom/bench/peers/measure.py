"""Ingest of a peer: readings a second, CPU, bytes, and what is left after SIGKILL of what it acknowledged."""

from __future__ import annotations

import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from opsroom.bench.mix import mixed, names
from opsroom.bench.peers import postgresql
from opsroom.bench.peers.port import Readings, folder_bytes, running
from opsroom.bench.peers.sender import Task, request
from opsroom.bench.peers.web import InfluxDB, Prometheus, VictoriaMetrics, WebServer
from opsroom.bench.sender import STEP_MS
from opsroom.clock import wall_now
from opsroom.errors import StoreError

if TYPE_CHECKING:
    from opsroom.bench.peers.port import Peer, Server

SERIES: Final = 1_000
SETTLE_S: Final = 1.0
SEND_S_MAX: Final = 600.0
KILL_AFTER_S: Final = 1.0
PER_REQUEST: Final = {"columns-1000": 1_000, "single": 1}
CONNECTIONS: Final = {"columns-1000": 1, "single": 16}


class Run(NamedTuple):
    """What one run of a peer gave; `kept_of_killed` is the share of acknowledged readings after SIGKILL."""

    readings_per_s: float
    cpu_s_per_million: float
    bytes_per_reading: float
    kept_of_killed: float


def installed() -> list[Peer]:
    """Give the peers that are installed here."""
    every: list[Peer] = [VictoriaMetrics(), Prometheus(), InfluxDB(), postgresql.PostgreSQL()]  # type: ignore[list-item]
    return [peer for peer in every if peer.version() is not None]


def made(readings: int, step_ms: int = STEP_MS) -> Readings:
    """Give the mix of `bench ingest`, its last instant now."""
    instants = readings // SERIES
    begin = wall_now() // 1000 - instants * step_ms
    return Readings(
        names(SERIES), begin + step_ms * np.arange(instants, dtype=np.int64), mixed(SERIES, instants)
    )


def measure(peer: Peer, form: str, readings: int) -> Run:
    """Send `readings` in `form` (a key of PER_REQUEST) to a fresh server of the peer."""
    sent = made(readings)
    count = sent.values.size
    with tempfile.TemporaryDirectory(prefix="opsroom-peer-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as somebody else
        folder = Path(name) / peer.name
        folder.mkdir()
        with running(peer, folder) as server:
            before = server.cpu_s()
            seconds = write(peer, server, sent, form)
            time.sleep(SETTLE_S)  # what was acknowledged may still be worked on
            cpu = server.cpu_s() - before
            if isinstance(server, postgresql.Database):
                size = server.bytes_held()
            else:
                server.stop()
                size = folder_bytes(folder)
        kept = _kept(peer, Path(name), form)
    return Run(count / seconds, cpu / count * 1e6, size / count, kept)


def write(peer: Peer, server: Server, sent: Readings, form: str) -> float:
    """Write all; gives the seconds from the first request to the last answer."""
    if isinstance(server, postgresql.Database):
        if form == "single":
            return postgresql.insert_all(server, sent, CONNECTIONS[form])
        return postgresql.copy_all(server, sent, PER_REQUEST[form])
    post = peer.batches(sent, PER_REQUEST[form])
    each = [request(post.path, post.headers, body) for body in post.bodies]
    shares = shared(each, CONNECTIONS[form])
    return send_all(peer.name, server.port, shares)


def send_all(name: str, port: int, shares: list[list[bytes]]) -> float:
    """Send raw requests from a process of its own, a connection a share; gives seconds to the last answer.

    Raises:
        StoreError: `bench_peer_refused`: one was not answered with a 2xx.
    """
    done = subprocess.run(
        [sys.executable, "-m", "opsroom.bench.peers.sender"],
        input=pickle.dumps(Task(port, shares)),
        capture_output=True,
        timeout=SEND_S_MAX,
        check=False,
    )
    if done.returncode:
        raise StoreError(
            f"{name} did not take it: {done.stderr.decode()[-500:]}",
            remedy="Try it by hand.",
            code="bench_peer_refused",
        )
    return float(done.stdout)


def shared(requests: list[bytes], connections: int) -> list[list[bytes]]:
    """Share requests out, a series' ones all to one connection: some systems take no time out of order.

    >>> [len(one) for one in shared([b""] * 2_000, 16)][::8]
    [126, 124]
    """
    shares: list[list[bytes]] = [[] for _ in range(connections)]
    for number, one in enumerate(requests):
        shares[number % SERIES % connections].append(one)
    return shares


def _kept(peer: Peer, place: Path, form: str) -> float:
    """Give which share of acknowledged readings is there after a SIGKILL a second later and a restart."""
    folder = place / f"{peer.name}-killed"
    folder.mkdir()
    sent = made(100_000 if form == "columns-1000" else 5_000)
    with running(peer, folder) as server:
        write(peer, server, sent, form)
        time.sleep(KILL_AFTER_S)
        server.kill()
    with running(peer, folder) as server:
        if isinstance(server, WebServer):
            time.sleep(SETTLE_S)
        return server.held() / sent.values.size


def rows(runs: dict[tuple[Peer, str], list[Run]]) -> list[dict[str, Any]]:
    """Give a row a peer and form, of medians."""
    found = []
    for (peer, form), each in runs.items():
        median = Run(*(statistics.median(column) for column in zip(*each, strict=True)))
        found.append(
            {
                "form": form,
                "fsync": None,
                "detection": False,
                "peer": peer.name,
                "version": peer.version(),
                "readings_per_s": round(median.readings_per_s),
                "cpu_s_per_million": round(median.cpu_s_per_million, 3),
                "bytes_per_reading": round(median.bytes_per_reading, 3),
                "kept_after_sigkill": round(median.kept_of_killed, 4),
                "runs": len(each),
            }
        )
    return found
