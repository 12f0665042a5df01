"""Debian's mosquitto on a port of its own."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import aiomqtt

from tests.faults.server import free_port

SERIES, UNIT = "mill/output", "t/h"
FORGETS = True
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")


class Peer:
    def __init__(self, folder: Path) -> None:
        self._config = folder / "mosquitto.conf"
        self.port = free_port()
        self._config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self._process: asyncio.subprocess.Process | None = None
        self.table = (
            f"[mqtt]\nport = {self.port}\n[[mqtt.topic]]\nfilter = 'plant/+/output'\n"
            f"series = '{{1}}/output'\nunit = '{UNIT}'\n"
        )

    @staticmethod
    def why_not() -> str:
        return "" if MOSQUITTO else "no mosquitto; on Debian: apt-get install mosquitto"

    async def start(self) -> None:
        assert MOSQUITTO is not None
        quiet = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            MOSQUITTO, "-c", self._config, stdout=quiet, stderr=quiet
        )
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return
        raise AssertionError("mosquitto does not listen")

    async def put(self, value: float) -> None:
        async with aiomqtt.Client("127.0.0.1", self.port) as client:
            await client.publish("plant/mill/output", str(value), qos=1)

    async def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None
