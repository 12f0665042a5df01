"""The room under test: a server process on a fresh folder and a free port, watched from outside."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from opsroom.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

START_S: Final = 60.0
STOP_S: Final = 60.0
SETTLE_S: Final = 60.0
QUIET_SHARE: Final = 0.05
SIGN_IN_TRIES: Final = 5
SIGN_IN_PAUSE_S: Final = 1.0


class Rig(NamedTuple):
    """A running room: its process, address and folder."""

    process: subprocess.Popen[str]
    url: str
    folder: Path

    @property
    def ingest_url(self) -> str:
        """Where senders connect."""
        return self.url.replace("http", "ws", 1) + "/api/v1/ingest"

    @property
    def feed_url(self) -> str:
        """Where screens connect."""
        return self.url.replace("http", "ws", 1) + "/api/v1/feed"

    def cpu_s(self) -> float:
        """Give the CPU seconds, user and system, that the process has used (Linux)."""
        return cpu_s(self.process.pid)

    def settled(self) -> None:
        """Wait until the process is quiet: what was acked may still be in detection."""
        end = time.monotonic() + SETTLE_S
        before = self.cpu_s()
        while time.monotonic() < end:
            time.sleep(0.5)
            after = self.cpu_s()
            if after - before < QUIET_SHARE * 0.5:
                return
            before = after

    def stop(self) -> None:
        """End the process as a person would, and wait for it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def file_bytes(self, stem: str) -> int:
        """Give the size of the files whose name begins with `stem`, write-ahead log and all."""
        return sum(file.stat().st_size for file in self.folder.glob(f"{stem}*"))


def cpu_s(pid: int) -> float:
    """Give the CPU seconds of a process from `/proc`: fields 14 and 15 of stat."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def room(*, detection: bool = True, economy: str | None = None) -> Iterator[Rig]:
    """Start a room on a temporary folder; it is stopped and its folder removed at the end.

    Raises:
        StoreError: the server ended instead of answering; its last words are told.
    """
    with tempfile.TemporaryDirectory(prefix="opsroom-bench-") as name:
        folder = Path(name)
        (folder / "economy.toml").write_text(economy or DEFAULT_ECONOMY, encoding="utf-8")
        settings = folder / "opsroom.toml"
        settings.write_text(_settings(folder, detection=detection), encoding="utf-8")
        rig = _start(settings, folder)
        try:
            yield rig
        finally:
            rig.stop()


DEFAULT_ECONOMY: Final = """\
[[unit]]
path = ""
name = "Bench"
level = "nation"
"""


def _settings(folder: Path, *, detection: bool) -> str:
    """Give the settings file of a run."""
    return f"""\
[server]
port = 0
[store]
url = "sqlite:///{folder}/store.db"
[log]
url = "sqlite:///{folder}/log.db"
[room]
economy = "{folder}/economy.toml"
detection = {str(detection).lower()}
[limits]
series_per_source = 2000
"""


def again(rig: Rig) -> Rig:
    """Start a room that has ended once more, on its folder.

    Raises:
        StoreError: the server ended instead of answering; its last words are told.
    """
    return _start(rig.folder / "opsroom.toml", rig.folder)


def _start(settings: Path, folder: Path) -> Rig:
    """Start the server and read its address from its first line."""
    words = (folder / "server.log").open("w", encoding="utf-8")
    with words:
        process = subprocess.Popen(  # noqa: S603 - our own command, our own arguments
            [sys.executable, "-m", "opsroom", "serve", "--settings", str(settings), "--json"],
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert process.stdout is not None
    try:
        line = _first_line(process)
        ready = msgspec.json.decode(line)
        return Rig(process, ready["url"], folder)
    except (TimeoutError, msgspec.DecodeError) as error:
        process.kill()
        process.wait()
        said = (folder / "server.log").read_text(encoding="utf-8")[-2000:]
        raise StoreError(
            f"The room did not start: {said}", remedy="Run opsroom serve by hand.", code="bench_no_room"
        ) from error


def _first_line(process: subprocess.Popen[str]) -> str:
    """Give the first line that begins with a brace; what else is said on standard output is passed over."""
    end = time.monotonic() + START_S
    assert process.stdout is not None
    while time.monotonic() < end:
        line = process.stdout.readline()
        if line.startswith("{") and '"ready"' in line:
            return line
        if not line and process.poll() is not None:
            break
    raise TimeoutError


def token_for(rig: Rig, unit_path: str = "/") -> str:
    """Make a plant's token in the store of a running room, as `opsroom token new` does."""
    from opsroom.cli.credentials import access_of
    from opsroom.cli.files import stored, unit_named

    with stored(rig.folder / "opsroom.toml") as (settings, store, catalog):
        return asyncio.run(access_of(store, settings).make_token(unit_named(catalog, unit_path).id, "bench"))


def seat_for(rig: Rig, person: str, password: str, unit_path: str = "/") -> None:
    """Make a council seat in the store of a running room, as `opsroom seat new` does."""
    from opsroom.cli.credentials import access_of
    from opsroom.cli.files import stored, unit_named
    from opsroom.model import Role

    with stored(rig.folder / "opsroom.toml") as (settings, store, catalog):
        unit = unit_named(catalog, unit_path)
        asyncio.run(access_of(store, settings).make_seat(person, Role.COUNCIL, unit.id, password))


def session_cookie(rig: Rig, person: str, password: str) -> str:
    """Sign in and give the cookie; a seat made in the store a moment ago is asked for until the room has it.

    Raises:
        StoreError: no sign-in.
    """
    import httpx

    with httpx.Client(base_url=rig.url, verify=ssl.create_default_context()) as client:
        for _ in range(SIGN_IN_TRIES):
            answer = client.post("/api/v1/session", json={"person": person, "password": password})
            if answer.is_success:
                return answer.headers["set-cookie"].partition(";")[0]
            time.sleep(SIGN_IN_PAUSE_S)
    raise StoreError("No sign-in.", remedy="Report it.", code="bench_no_session")
