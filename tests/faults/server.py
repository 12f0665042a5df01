"""A room as a process of its own, on a folder and a port that outlive it: start, kill, stop."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opsroom.access.hashes import hash_of
from opsroom.clock import wall_now
from opsroom.seats import PlantToken
from opsroom.settings import load_settings
from opsroom.store import open_store
from tests.acceptance.rows import PROJECT

START_S = 180.0  # the first room of a fresh clone compiles its kernels
STOP_S = 90.0
POLL_S = 0.01


class NotStartedError(RuntimeError):
    """The server ended, or said nothing, before it was ready; the text is what it printed."""


def environment() -> dict[str, str]:
    """Give this process's environment without settings of a room."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPSROOM_")}


class Nursery:
    """The process that forks servers; see `nursery.py`."""

    def __init__(self) -> None:
        """Start it and wait until it has imported everything."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=PROJECT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready", "the nursery did not start"

    def fork(self, argv: Sequence[str], out: Path) -> int:
        """Start `opsroom ARGV`; give its process id."""
        return int(self._order({"argv": list(argv), "out": str(out)}))

    def wait(self, pid: int) -> int:
        """Wait until `pid` has ended; give its exit code."""
        return int(self._order({"wait": pid}))

    def close(self) -> None:
        """Let it go."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait(STOP_S)

    def _order(self, order: dict[str, Any]) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def free_port() -> int:
    """Give a TCP port of loopback that nobody holds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """One room. `prefix` stands before the command (strace); `nursery` forks it from imported code.

    What it prints goes to `said_in`, its folder where none is named.
    """

    folder: Path
    room: dict[str, Any] = field(default_factory=dict)
    store: dict[str, Any] = field(default_factory=dict)
    doors: dict[str, Any] = field(default_factory=dict)
    clock: str = "wall"
    nursery: Nursery | None = None
    prefix: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    said_in: Path | None = None
    starts: int = 0
    _pid: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        """Write the settings file."""
        self.write_settings()

    @property
    def settings_file(self) -> Path:
        """The room's settings."""
        return self.folder / "opsroom.toml"

    @property
    def url(self) -> str:
        """Address for WebSockets."""
        return f"ws://127.0.0.1:{self.port}"

    def write_settings(self) -> None:
        """Write the settings file: everything of this room lies in its folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        tables: dict[str, dict[str, Any]] = {
            "server": {"port": self.port, "clock": self.clock},
            "store": {"url": f"sqlite:///{self.folder}/store.db", **self.store},
            "log": {"url": f"sqlite:///{self.folder}/log.db"},
            "room": {"economy": f"{self.folder}/economy.toml", **self.room},
            "doors": self.doors,
        }
        lines = [
            line
            for table, keys in tables.items()
            for line in (f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items()))
        ]
        self.settings_file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def make_token(self) -> str:
        """Put a token for the root into the store, before the first start: nobody waits until it is known."""
        secret = secrets.token_urlsafe(32)
        settings = load_settings(self.settings_file)
        store = open_store(settings.store.url, settings.store)
        try:
            store.access.put_token(PlantToken(hash_of(secret), 1, "root", wall_now()))
        finally:
            store.close()
        return secret

    # -- life ----------------------------------------------------------------------------------------------

    def start(self) -> float:
        """Start it on its folder; give the seconds until it was ready.

        Raises:
            NotStartedError: it ended or was silent for three minutes.
        """
        assert not self.running, "it runs"
        self.starts += 1
        out = self._out()
        out.unlink(missing_ok=True)
        argv = ["serve", "--settings", str(self.settings_file), "--json"]
        begun = time.monotonic()
        if self.nursery is not None and not self.prefix:
            self._pid = self.nursery.fork(argv, out)
        else:
            with out.open("ab") as file:
                self._process = subprocess.Popen(
                    [*self.prefix, sys.executable, "-m", "opsroom", *argv],
                    cwd=PROJECT,
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        self._wait_ready(out, begun + START_S)
        return time.monotonic() - begun

    def _wait_ready(self, out: Path, until: float) -> None:
        while time.monotonic() < until:
            said = out.read_text(encoding="utf-8") if out.exists() else ""
            for line in said.splitlines():
                if line.startswith('{"event": "ready"'):
                    # Under strace the room is a child of what was started.
                    self._pid = int(json.loads(line)["pid"])
                    return
            if self._process is not None and self._process.poll() is not None:
                raise NotStartedError(said[-3000:])
            time.sleep(POLL_S)
        said = out.read_text(encoding="utf-8")
        self.kill()
        raise NotStartedError(said[-3000:])

    @property
    def running(self) -> bool:
        """Whether it was started and not yet ended."""
        return self._pid != 0 or self._process is not None

    @property
    def pid(self) -> int:
        """Its process id, 0 while it does not run."""
        return self._pid

    def kill(self) -> None:
        """SIGKILL: nothing of it runs on."""
        self._signal(signal.SIGKILL)
        self._reap()

    def stop(self) -> None:
        """SIGTERM: it drains its log, cuts chunks and ends with 0."""
        self._signal(signal.SIGTERM)
        code = self._reap()
        assert code == 0, f"ended with {code}: {self.said()[-3000:]}"

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._pid:
                os.kill(self._pid, number)
            elif self._process is not None:
                os.killpg(self._process.pid, number)

    def _reap(self) -> int:
        pid, self._pid = self._pid, 0
        process, self._process = self._process, None
        if process is not None:
            return process.wait(STOP_S)
        assert self.nursery is not None
        return self.nursery.wait(pid) if pid else 0

    def said(self) -> str:
        """Give what the latest start printed."""
        return self._out().read_text(encoding="utf-8")

    def _out(self) -> Path:
        return (self.said_in or self.folder) / f"server-{self.starts}.out"

    def close(self) -> None:
        """Kill it if it runs."""
        if self.running:
            self.kill()


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Start `server`, and leave none behind."""
    try:
        server.start()
        yield server
    finally:
        server.close()
