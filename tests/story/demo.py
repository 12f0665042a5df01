"""The demo as a newcomer starts it: a process of its own; and a plant that listens on its socket."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.acceptance.rows import PROJECT
from tests.faults.server import environment

START_S = 60.0
STOP_S = 60.0


@dataclass(frozen=True)
class Demo:
    """What the demo said when it was ready: its page, its seats by person, one plant's token."""

    page: str
    passwords: dict[str, str]
    tokens: dict[str, str]
    fault: dict[str, Any]

    @property
    def home(self) -> str:
        """Its address without a path."""
        return self.page.removesuffix("/room/")

    @property
    def chairs(self) -> list[str]:
        """Persons with a seat at the top."""
        return sorted(person for person in self.passwords if person.startswith("chair-"))


@contextmanager
def demo(words: Path, *, seed: int, for_s: float, speed: float = 600.0) -> Iterator[Demo]:
    """Start `opsroom demo`, wait for its line, leave nothing of it behind; `words` takes standard error."""
    argv = [sys.executable, "-m", "opsroom", "demo", "--port", "0", "--json"]
    with words.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [*argv, "--seed", str(seed), "--for", str(for_s), "--speed", str(speed)],
            cwd=PROJECT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, words.read_text(encoding="utf-8")
        said = json.loads(line)
        passwords = {seat["person"]: seat["password"] for seat in said["seats"]}
        yield Demo(said["url"], passwords, said["tokens"], said["first_fault"])
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class Plant:
    """A program of the plant's own on `/api/v1/ingest`: what it hears is kept with its instant."""

    def __init__(self, socket: ClientConnection) -> None:
        """Take an open connection."""
        self.heard: list[tuple[float, dict[str, Any]]] = []
        self._news = threading.Condition()
        self._socket = socket

    def say(self, message: dict[str, Any]) -> None:
        """Send one frame."""
        self._socket.send(json.dumps(message))

    def hears(
        self, wanted: Callable[[dict[str, Any]], bool], within_s: float
    ) -> tuple[float, dict[str, Any]]:
        """Give the first message that is wanted, from the first one on, and when it came."""
        end = time.monotonic() + within_s
        with self._news:
            while True:
                for at, message in self.heard:
                    if wanted(message):
                        return at, message
                left = end - time.monotonic()
                assert left > 0, f"not heard in {within_s} s; heard: {[m for _, m in self.heard][-20:]}"
                self._news.wait(left)

    def listen(self) -> None:
        """Keep what comes until the connection ends."""
        try:
            for frame in self._socket:
                at = time.monotonic()
                with self._news:
                    self.heard.append((at, json.loads(frame)))
                    self._news.notify_all()
        except ConnectionClosed:
            return


@contextmanager
def plant(home: str, token: str) -> Iterator[Plant]:
    """Connect a program of the plant's own, say who speaks, and listen in a thread."""
    url = home.replace("http", "ws", 1) + "/api/v1/ingest"
    with connect(url, additional_headers={"Authorization": f"Bearer {token}"}, compression=None) as socket:
        mine = Plant(socket)
        listener = threading.Thread(target=mine.listen, name="plant")
        listener.start()
        try:
            mine.say({"type": "hello", "protocol": 1, "source": "control-room"})
            mine.hears(lambda message: message["type"] == "welcome", 10)
            yield mine
        finally:
            socket.close()
            listener.join(10)
