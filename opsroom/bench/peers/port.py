"""What the benchmarks ask of another system."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from urllib.error import URLError

from opsroom.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

START_S: Final = 60.0
STOP_S: Final = 60.0
POLL_S: Final = 0.05


class Readings(NamedTuple):
    """What is sent: `values`, shape [instants, series], at `times_ms`, shape [instants]."""

    series: Sequence[str]
    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]


class Post(NamedTuple):
    """How a peer is written to: where, with which headers, and the bodies in order, one a request."""

    path: str
    headers: dict[str, str]
    bodies: list[bytes]


class Server(Protocol):
    """A running peer."""

    port: int

    def cpu_s(self) -> float:
        """Give the CPU seconds that it has used, children and all."""
        ...

    def held(self) -> int:
        """Give how many of the readings sent it answers with now."""
        ...

    def stop(self) -> None:
        """End it as a person would."""
        ...

    def kill(self) -> None:
        """End it with SIGKILL."""
        ...


class Peer(Protocol):
    """A system to compare with. `name` and `version()` go into the rows."""

    name: str

    def version(self) -> str | None:
        """Give the installed version; None where it is not installed."""
        ...

    def started(self, folder: Path) -> Server:
        """Start it on a folder, new or left by an earlier start, and wait until it answers."""
        ...

    def batches(self, readings: Readings, per_request: int) -> Post:
        """Encode readings, `per_request` to a request."""
        ...


def free_port() -> int:
    """Give a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def said(command: Sequence[str]) -> str | None:
    """Give what a program prints; None where it is not installed."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - named binaries
    return done.stdout + done.stderr


def cpu_s_of_tree(pid: int) -> float:
    """Give the CPU seconds of a process, its children that live and those it has waited for (Linux)."""
    ticks = os.sysconf("SC_CLK_TCK")
    own = sum(int(_stat(pid)[k]) for k in (11, 12, 13, 14))
    return (own + sum(int(_stat(child)[k]) for child in children(pid) for k in (11, 12))) / ticks


def children(pid: int) -> list[int]:
    """Give the living children of a process."""
    every = [int(place.name) for place in Path("/proc").iterdir() if place.name.isdecimal()]
    return [one for one in every if int(_stat(one)[1]) == pid]


def _stat(pid: int) -> list[str]:
    """Give the fields of `/proc/PID/stat` from the third on; noughts where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return ["0"] * 15


def folder_bytes(folder: Path) -> int:
    """Give what the files below take on the disk."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


def launched(command: Sequence[str], folder: Path, answers: str) -> subprocess.Popen[bytes]:
    """Start a server and wait until the URL `answers` does.

    Raises:
        StoreError: it ended, or did not answer within START_S.
    """
    words = folder.parent / f"{folder.name}.log"
    with words.open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)  # noqa: S603 - named binaries
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(answers, timeout=1.0):  # noqa: S310 - loopback
                return process
        except (URLError, OSError):
            time.sleep(POLL_S)
    process.kill()
    process.wait()
    last = words.read_text(encoding="utf-8", errors="replace")[-1000:]
    raise StoreError(f"{command[0]} did not start: {last}", remedy="Start it by hand.", code="bench_no_peer")


def ended(process: subprocess.Popen[bytes], with_signal: signal.Signals) -> None:
    """Send a signal and wait for the end."""
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running(peer: Peer, folder: Path) -> Iterator[Server]:
    """Start a peer for the time of a block; at the end it is gone, however the block ended."""
    server = peer.started(folder)
    try:
        yield server
    finally:
        server.kill()
