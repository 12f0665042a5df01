"""`opsroom bench ingest`: acked readings a second, CPU and bytes a reading, over a real socket."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opsroom.bench.peers.goals import judged
from opsroom.bench.peers.measure import PER_REQUEST
from opsroom.bench.peers.measure import measure as measure_peer
from opsroom.bench.peers.measure import rows as peer_rows
from opsroom.bench.rig import Rig, room, token_for
from opsroom.bench.sender import FORMS, STEP_MS
from opsroom.clock import wall_now
from opsroom.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opsroom.bench.peers.measure import Run
    from opsroom.bench.peers.port import Peer

READINGS: Final = {"columns-1000": 1_000_000, "list-100": 200_000, "single": 100_000}
PEER_READINGS: Final = {"columns-1000": 1_000_000, "single": 20_000}
LEAST: Final = 1_000
SEND_S_MAX: Final = 600.0
MILLION: Final = 1e6
WARM_UP_MS: Final = 86_400_000


class Case(NamedTuple):
    """One row to measure."""

    form: str
    detection: bool


class Measured(NamedTuple):
    """What one run gave."""

    readings_per_s: float
    cpu_s_per_million: float
    bytes_per_reading: float
    log_bytes_per_reading: float


def cases(forms: Sequence[str] = FORMS, detection: Sequence[bool] = (True, False)) -> list[Case]:
    """Give the rows in order."""
    return [Case(form, on) for form in forms for on in detection]


def bench(
    rows: Sequence[Case],
    *,
    repeat: int = 3,
    scale: float = 1.0,
    peers: Sequence[Peer] = (),
    done: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure every case `repeat` times, turn about, and give the medians; `scale` shortens the runs.

    `peers` are measured in the same turns, and what the room must reach beside them is judged.

    Every run has a server process of its own on a fresh folder, and a sender process. fsync is always on:
    there is no other way to run the log.

    Raises:
        StoreError: the room did not start, or refused readings of the bench.
    """
    measured: dict[Case, list[Measured]] = {case: [] for case in rows}
    beside: dict[tuple[Peer, str], list[Run]] = {(peer, form): [] for peer in peers for form in PER_REQUEST}
    for _ in range(repeat):
        for case in rows:
            measured[case].append(measure(case, scale))
            done(f"{case.form} detection {case.detection}")
        for (peer, form), runs in beside.items():
            runs.append(measure_peer(peer, form, _readings(PEER_READINGS[form], scale)))
            done(f"{peer.name} {form}")
    found = [_row(case, runs) for case, runs in measured.items()] + peer_rows(beside)
    result: dict[str, Any] = {"bench": "ingest", "rows": found}
    return {**result, "goals": judged(found)} if peers else result


def _readings(full: int, scale: float) -> int:
    """Give a number of readings that is whole instants of the mix."""
    return max(LEAST, round(full * scale / LEAST) * LEAST)


def measure(case: Case, scale: float = 1.0) -> Measured:
    """Run one case once."""
    readings = _readings(READINGS[case.form], scale)
    with room(detection=case.detection) as rig:
        token = token_for(rig)
        # The first readings compile kernels and warm caches; a room does that once in its life.
        send(rig, token, case.form, LEAST, wall_now() // 1000 - WARM_UP_MS)
        rig.settled()
        before = rig.cpu_s()
        sent = send(rig, token, case.form, readings, wall_now() // 1000)
        rig.settled()
        cpu = rig.cpu_s() - before
        rig.stop()
        store, log = rig.file_bytes("store.db"), rig.file_bytes("log.db")
    return Measured(
        sent["readings"] / sent["seconds"], cpu / readings * MILLION, store / readings, log / readings
    )


def send(
    rig: Rig, token: str, form: str, readings: int, t_ms: int, step_ms: int = STEP_MS
) -> dict[str, float]:
    """Run the sender process; see `sender.send`.

    Raises:
        StoreError: it failed, or readings were refused.
    """
    task = {
        "url": rig.ingest_url,
        "token": token,
        "form": form,
        "readings": readings,
        "t_ms": t_ms,
        "step_ms": step_ms,
    }
    ran = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "opsroom.bench.sender", json.dumps(task)],
        capture_output=True,
        text=True,
        timeout=SEND_S_MAX,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if ran.returncode != 0:
        said = (rig.folder / "server.log").read_text(encoding="utf-8")[-1000:]
        raise StoreError(
            f"The sender failed: {ran.stderr[-1000:]}\n{said}",
            remedy="Run opsroom serve by hand.",
            code="bench_failed",
        )
    sent: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    if sent["refused"]:
        raise StoreError(
            f"{sent['refused']} readings were refused.", remedy="Report it.", code="bench_refused"
        )
    return sent


def _row(case: Case, runs: list[Measured]) -> dict[str, Any]:
    """Give the medians of a case as a row."""
    median = Measured(*(statistics.median(column) for column in zip(*runs, strict=True)))
    return {
        "form": case.form,
        "fsync": True,
        "detection": case.detection,
        "peer": None,
        "readings_per_s": round(median.readings_per_s),
        "cpu_s_per_million": round(median.cpu_s_per_million, 3),
        "bytes_per_reading": round(median.bytes_per_reading, 3),
        "log_bytes_per_reading": round(median.log_bytes_per_reading, 3),
        "runs": len(runs),
    }
