"""`opsroom bench restart`: how soon a killed room is there again, with many readings stored."""

from __future__ import annotations

import statistics
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from opsroom.bench.ingest import send
from opsroom.bench.rig import Rig, again, room, token_for
from opsroom.clock import wall_now

if TYPE_CHECKING:
    from collections.abc import Callable

MILLION: Final = 1_000_000
STEP_MS: Final = 1_000
SERIES: Final = 1_000
POLL_S: Final = 0.02
READY_S_MAX: Final = 120.0


def bench(
    *, millions: int = 10, repeat: int = 3, done: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Store `millions` of readings with detection on, kill the room `repeat` times, and time its return.

    A row: `readings`, `stored` (what it has after the last return), and, as medians in seconds from the start
    of the process, `answers_s` until it prints that it is ready and `ready_s` until `/-/ready` says so.

    Raises:
        StoreError: the room did not start.
    """
    answers, readies = [], []
    with room() as first:
        token = token_for(first)
        span_ms = MILLION // SERIES * STEP_MS
        begin = wall_now() // 1000 - (millions - 1) * span_ms
        for k in range(millions):
            send(first, token, "columns-1000", MILLION, begin + k * span_ms)
            done(f"{k + 1} million stored")
        first.settled()
        now = first
        for _ in range(repeat):
            now.process.kill()
            now.process.wait()
            started = time.monotonic()
            now = again(first)
            answers.append(time.monotonic() - started)
            _until_ready(now)
            readies.append(time.monotonic() - started)
            done("killed and back")
        now.stop()
        stored = _stored(first)
    row = {
        "readings": millions * MILLION,
        "stored": stored,
        "answers_s": round(statistics.median(answers), 2),
        "ready_s": round(statistics.median(readies), 2),
        "worst_ready_s": round(max(readies), 2),
    }
    return {"bench": "restart", "rows": [row]}


def _until_ready(rig: Rig) -> None:
    """Wait until the room says that it consumes its log, stores and is not behind."""
    end = time.monotonic() + READY_S_MAX
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{rig.url}/-/ready", timeout=5.0):  # noqa: S310 - loopback
                return
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_S)


def _stored(rig: Rig) -> int:
    """Count what the store of a room that has ended holds."""
    from opsroom.cli.files import stored

    with stored(rig.folder / "opsroom.toml") as (_, store, _):
        return int(store.readings.count())
