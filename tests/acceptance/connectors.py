"""A room, a wall that watches it, a connector's process, and other people's programs that it reads."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import websockets

from opsroom.bench import rig as bench
from tests.acceptance.rows import PROJECT

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")
PYSPARKPLUG = "pysparkplug==0.6.1"
SPARKPLUG_CLIENT = "sparkplug-client@3.2.4"
PASSWORD = "a long enough word"
NO_BROKER = "no mosquitto; on Debian: apt-get install mosquitto mosquitto-clients"


class NotInstalledError(RuntimeError):
    """A program of other people cannot be had here."""


class Wall:
    """What a screen of the top seat is shown, series by path."""

    def __init__(self) -> None:
        self.series: dict[str, dict[str, Any]] = {}
        self._paths: dict[str, str] = {}

    async def read(self, socket: websockets.ClientConnection) -> None:
        async for text in socket:
            frame = json.loads(text)
            for one in frame.get("series") or []:
                self._paths[str(one["id"])] = one["path"]
                self.series[one["path"]] = {key: one[key] for key in ("t", "value", "q", "unit")}
            for key, (t, value, _, _, q, *_) in (frame.get("values") or {}).items():
                if key in self._paths:
                    self.series[self._paths[key]].update(t=t, value=value, q=q)

    async def until(self, holds: Callable[[dict[str, dict[str, Any]]], bool], seconds: float = 20.0) -> float:
        """Wait; gives the seconds it took.

        Raises:
            TimeoutError: it never held; what is shown is told.
        """
        begun = time.monotonic()
        while not holds(self.series):
            if time.monotonic() - begun > seconds:
                raise TimeoutError(f"the wall shows {self.series}")
            await asyncio.sleep(0.005)
        return time.monotonic() - begun


class Play:
    """One row's world: `connect` starts the connector, `wall` is what is seen."""

    def __init__(self, rig: bench.Rig, folder: Path, wall: Wall, token: str) -> None:
        self.rig = rig
        self.folder = folder
        self.wall = wall
        self.started: list[asyncio.subprocess.Process] = []
        self._token = token

    async def start(self, *argv: str | Path, **told: Any) -> asyncio.subprocess.Process:
        """Start a program that ends with the row."""
        process = await asyncio.create_subprocess_exec(
            *map(str, argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **told
        )
        self.started.append(process)
        return process

    async def connect(self, table: str) -> asyncio.subprocess.Process:
        """Start `opsroom connect` and wait until its source is there."""
        file = self.folder / "mill.toml"
        file.write_text(f'[room]\nurl = "{self.rig.url}"\noutbox = "mill.outbox"\n{table}', encoding="utf-8")
        argv = (sys.executable, "-m", "opsroom", "connect", file, "--json")
        process = await self.start(*argv, env={**os.environ, "OPSROOM_TOKEN": self._token}, cwd=PROJECT)
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while json.loads(await process.stdout.readline())["event"] not in {"connected", "read", "ended"}:
                pass
        return process

    async def broker(self) -> int:
        """Start mosquitto; gives its port."""
        from tests.faults.server import free_port

        assert MOSQUITTO is not None
        port = free_port()
        config = self.folder / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        await self.start(MOSQUITTO, "-c", config)
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return port


@asynccontextmanager
async def play() -> AsyncIterator[Play]:
    """Give a fresh room with somebody before its wall; everything started ends with it."""
    with bench.room(detection=False) as rig, tempfile.TemporaryDirectory(prefix="opsroom-connect-") as name:
        await asyncio.to_thread(bench.seat_for, rig, "council-1", PASSWORD)
        token = await asyncio.to_thread(bench.token_for, rig)
        cookie = await asyncio.to_thread(bench.session_cookie, rig, "council-1", PASSWORD)
        wall = Wall()
        async with (
            websockets.connect(
                rig.feed_url, additional_headers={"Cookie": cookie, "Origin": rig.url}, max_size=None
            ) as socket,
            asyncio.TaskGroup() as group,
        ):
            await socket.send('{"type": "subscribe"}')
            reader = group.create_task(wall.read(socket))
            made = Play(rig, Path(name), wall, token)
            try:
                yield made
            finally:
                reader.cancel()
                for process in reversed(made.started):
                    if process.returncode is None:
                        process.terminate()
                        await process.wait()


async def pysparkplug(folder: Path) -> Path:
    """Install the Python library of that name into an environment of its own; gives its interpreter.

    Raises:
        NotInstalledError: the index does not give it.
    """
    home = folder / "pysparkplug"
    python = home / "bin" / "python"
    for argv in ([sys.executable, "-m", "venv", home], [python, "-m", "pip", "install", "-q", PYSPARKPLUG]):
        made = await asyncio.create_subprocess_exec(
            *map(str, argv), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if await made.wait():
            raise NotInstalledError(f"{PYSPARKPLUG} cannot be installed")
    return python


async def sparkplug_client(folder: Path) -> Path:
    """Install the npm package of that name; gives the folder it stands in.

    Raises:
        NotInstalledError: there is no npm, or it does not give it.
    """
    if not shutil.which("npm") or not shutil.which("node"):
        raise NotInstalledError("no node and npm")
    home = folder / "npm"
    home.mkdir()
    made = await asyncio.create_subprocess_exec(
        "npm", "install", "--no-audit", "--no-fund", "--silent", SPARKPLUG_CLIENT, cwd=home,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    if await made.wait():
        raise NotInstalledError(f"{SPARKPLUG_CLIENT} cannot be installed")
    return home
