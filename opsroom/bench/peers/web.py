"""Peers that are written to and asked over HTTP: VictoriaMetrics, Prometheus, InfluxDB 1."""

from __future__ import annotations

import re
import signal
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from opsroom.bench.peers import encode
from opsroom.bench.peers.port import Post, cpu_s_of_tree, ended, free_port, launched, said

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from opsroom.bench.peers.port import Readings

ASK_S: Final = 60.0
SPAN: Final = "2d"
REMOTE_WRITE: Final = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
PLAIN: Final = {"Content-Type": "text/plain"}


@dataclass
class WebServer:
    """A running server of one process; `count` gives how many readings an answer of `count_path` tells of."""

    process: subprocess.Popen[bytes]
    port: int
    count_path: str
    count: Callable[[Any], int]

    def cpu_s(self) -> float:
        """Give the CPU seconds that it has used."""
        return cpu_s_of_tree(self.process.pid)

    def ask(self, path: str) -> bytes:
        """Give the body of an answer."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=ASK_S) as answer:
            body: bytes = answer.read()
            return body

    def held(self) -> int:
        """Give how many readings it answers with."""
        return self.count(msgspec.json.decode(self.ask(self.count_path)))

    def stop(self) -> None:
        """End it as a person would."""
        ended(self.process, signal.SIGTERM)

    def kill(self) -> None:
        """End it with SIGKILL."""
        ended(self.process, signal.SIGKILL)


def _count_of_vector(answer: Any) -> int:
    """Read a count from an answer of Prometheus' query API."""
    result = answer["data"]["result"]
    return int(float(result[0]["value"][1])) if result else 0


def _count_of_influx(answer: Any) -> int:
    """Read a count from an answer of InfluxDB's query API."""
    series = answer["results"][0].get("series")
    return int(series[0]["values"][0][1]) if series else 0


def _counted(metric: str) -> str:
    query = urllib.parse.quote(f"sum(count_over_time({metric}[{SPAN}]))")
    return f"/api/v1/query?query={query}"


class VictoriaMetrics:
    """VictoriaMetrics, single node, written to in line protocol."""

    name = "victoria-metrics"

    def version(self) -> str | None:
        """Give the installed version."""
        return _version(said(["victoria-metrics", "-version"])) or _packaged("victoria-metrics")

    def started(self, folder: Path) -> WebServer:
        """Start it."""
        port = free_port()
        command = [
            "victoria-metrics",
            f"-storageDataPath={folder}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=10y",
            "-search.latencyOffset=0s",
        ]
        process = launched(command, folder, f"http://127.0.0.1:{port}/health")
        return WebServer(process, port, _counted("bench_v"), _count_of_vector)

    def batches(self, readings: Readings, per_request: int) -> Post:
        """Encode as line protocol."""
        return Post("/write", PLAIN, encode.lines(readings, per_request))


class Prometheus:
    """Prometheus as a receiver of remote write."""

    name = "prometheus"

    def version(self) -> str | None:
        """Give the installed version."""
        return _version(said(["prometheus", "--version"]))

    def started(self, folder: Path) -> WebServer:
        """Start it."""
        port = free_port()
        config = folder.parent / f"{folder.name}.yml"
        config.write_text("global: {}\n", encoding="utf-8")
        command = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-remote-write-receiver",
            "--log.level=warn",
        ]
        process = launched(command, folder, f"http://127.0.0.1:{port}/-/ready")
        return WebServer(process, port, _counted("bench"), _count_of_vector)

    def batches(self, readings: Readings, per_request: int) -> Post:
        """Encode as remote write."""
        return Post("/api/v1/write", REMOTE_WRITE, encode.remote_write(readings, per_request))


class InfluxDB:
    """InfluxDB 1, written to in line protocol."""

    name = "influxdb"

    def version(self) -> str | None:
        """Give the installed version."""
        return _version(said(["influxd", "version"]))

    def started(self, folder: Path) -> WebServer:
        """Start it and create its database."""
        port, inner = free_port(), free_port()
        config = folder.parent / f"{folder.name}.conf"
        config.write_text(
            f"""\
reporting-disabled = true
bind-address = "127.0.0.1:{inner}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
""",
            encoding="utf-8",
        )
        process = launched(["influxd", "-config", str(config)], folder, f"http://127.0.0.1:{port}/ping")
        query = urllib.parse.quote("SELECT count(v) FROM bench")
        server = WebServer(process, port, f"/query?db=bench&q={query}", _count_of_influx)
        create = urllib.request.Request(
            f"http://127.0.0.1:{port}/query", data=b"q=CREATE+DATABASE+bench", method="POST"
        )
        urllib.request.urlopen(create, timeout=ASK_S).close()  # noqa: S310 - loopback
        return server

    def batches(self, readings: Readings, per_request: int) -> Post:
        """Encode as line protocol."""
        return Post("/write?db=bench", PLAIN, encode.lines(readings, per_request))


def _packaged(name: str) -> str | None:
    """Give the version of an installed Debian package, where its program does not tell its own."""
    return _version(said(["dpkg-query", "-W", "-f", "${Version}", name]))


def _version(words: str | None) -> str | None:
    """Give the first version in what a program prints."""
    found = re.search(r"v?(\d+\.\d+\.\d+)", words or "")
    return found[1] if found else None
