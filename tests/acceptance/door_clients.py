"""Other people's clients, unmodified, and a room for them to write to."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from opsroom.settings import load_settings
from opsroom.store import open_store
from tests.acceptance.rows import PROJECT
from tests.faults.oracle import Left, left_by
from tests.faults.server import Server, serving

FOLDER = PROJECT / "out" / "door-clients"
PYTHON = FOLDER / "python" / "bin" / "python"
NODE = FOLDER / "node"
WAIT_S = 60.0
US = 1_000_000

ECONOMY = """\
root = "Land"
[[unit]]
path = "mill"
[[series]]
path = "mill/output"
unit = "t/h"
"""
MAPPING = """\
[[series]]
name = "press"
field = "output"
labels = { line = "2" }
path = "mill/output"
unit = "kg/h"

[[series]]
name = "plant_output_kilograms_per_hour"
path = "mill/output"
unit = "kg/h"
"""


@functools.cache
def install() -> None:
    """Install what is missing, once a run."""
    subprocess.run(["bash", str(PROJECT / "tools" / "clients.sh"), str(FOLDER)], check=False, timeout=600)


def missing(*needs: str | Path) -> str:
    """Give why a client cannot run here, "" where it can."""
    install()
    gone = [str(need) for need in needs if not (Path(need).exists() or shutil.which(str(need)))]
    return f"not installed here: {', '.join(gone)}" if gone else ""


@dataclass
class DoorRoom:
    """A running room, its token, and after its end what it holds."""

    server: Server
    token: str
    left: Left | None = None
    units: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where clients write."""
        return f"http://127.0.0.1:{self.server.port}"

    def counted(self, outcome: str) -> float:
        """Give how many readings met that outcome at any door."""
        text = httpx.get(f"{self.url}/metrics").text.splitlines()
        lines = [line for line in text if line.startswith("opsroom_door_readings_total")]
        return sum(float(line.split()[-1]) for line in lines if f'outcome="{outcome}"' in line)

    def stored(self, path: str) -> list[tuple[int, float]]:
        """Give time (us) and value of a series, after the end."""
        assert self.left is not None, "the room still runs"
        return sorted(self.left.readings.get(path, {}).items())

    def until(self, held: Callable[[], bool]) -> None:
        """Wait until something holds, at most a minute."""
        end = time.monotonic() + WAIT_S
        while not held():
            assert time.monotonic() < end, "it did not come about within a minute"
            time.sleep(0.1)


@contextmanager
def door_room(folder: Path) -> Iterator[DoorRoom]:
    """Give a running room; at the end of the block it is stopped and what it holds is read."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "economy.toml").write_text(ECONOMY, encoding="utf-8")
    (folder / "doors.toml").write_text(MAPPING, encoding="utf-8")
    server = Server(folder, room={"detection": False}, doors={"mapping": f"{folder}/doors.toml"})
    room = DoorRoom(server, server.make_token())
    with serving(server):
        yield room
        server.stop()
        room.left = left_by(server)
        room.units = _units(server)


def _units(server: Server) -> dict[str, str]:
    settings = load_settings(server.settings_file)
    store = open_store(settings.store.url, settings.store)
    try:
        paths = {unit.id: unit.path for unit in store.catalog.units()}
        return {f"{paths[one.unit_id]}/{one.name}".strip("/"): one.unit for one in store.catalog.series()}
    finally:
        store.close()


def run(*argv: str, seconds: float = WAIT_S, given: str | None = None, cwd: Path = PROJECT) -> str:
    """Run a client to its end; give what it printed."""
    done = subprocess.run(
        argv, input=given, capture_output=True, text=True, timeout=seconds, check=False, cwd=cwd
    )
    assert done.returncode == 0, (
        f"{argv[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}"
    )
    return done.stdout


@contextmanager
def running(*argv: str, said: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client for the time of a block."""
    with said.open("ab") as words:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=words, stderr=words, cwd=said.parent
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Target(http.server.BaseHTTPRequestHandler):
    """A plant's exporter: counts how often it was asked, and tells each its number."""

    def do_GET(self) -> None:
        """Tell output and number."""
        counts: list[int] = self.server.counts  # type: ignore[attr-defined]
        counts.append(len(counts) + 1)
        told = f"plant_output_kilograms_per_hour 3200\nplant_temp_celsius 0\nplant_ticks {counts[-1]}\n"
        body = told.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
        """Say nothing."""


@contextmanager
def exporter() -> Iterator[tuple[int, list[int]]]:
    """Serve a target on a free port; gives it, and the numbers told so far."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    server.counts = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, server.counts  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


def prometheus(room: DoorRoom, target_port: int, folder: Path, port: int) -> tuple[str, ...]:
    """Write a configuration of an agent that asks the target every second, and give its command."""
    config = folder / "prometheus.yml"
    config.write_text(
        f"""\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: plant
    static_configs: [{{targets: ["127.0.0.1:{target_port}"]}}]
remote_write:
  - url: {room.url}/api/v1/write
    authorization: {{credentials: "{room.token}"}}
    queue_config: {{batch_send_deadline: 1s, min_backoff: 30ms, max_backoff: 1s}}
""",
        encoding="utf-8",
    )
    return (
        "prometheus",
        "--enable-feature=agent",
        f"--config.file={config}",
        f"--storage.agent.path={folder}/agent",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    )
