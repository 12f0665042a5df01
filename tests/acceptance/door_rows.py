"""Rows about the doors: other people's clients put value, unit and event time where they belong."""

from __future__ import annotations

import json
import math
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.acceptance.bench_rows import bench
from tests.acceptance.door_clients import (
    NODE,
    PYTHON,
    US,
    DoorRoom,
    door_room,
    exporter,
    missing,
    prometheus,
    run,
    running,
)
from tests.acceptance.rows import ROWS, Outcome
from tests.faults.server import free_port

COMMAND = "python -m tests.acceptance --only 'door: {}'"
RIGHT = "value, unit and event time in the right series, nothing refused"
KILLS = 5
LINES_LEAST, REMOTE_LEAST = 150_000, 200_000

PYTHON_CLIENT = """
import sys
from influxdb_client import InfluxDBClient, Point, WritePrecision, WriteOptions
url, token, t = sys.argv[1], sys.argv[2], int(sys.argv[3])
with InfluxDBClient(url, token=token, org="plant", enable_gzip=True) as client:
    assert client.ping() and client.version(), "ping"
    with client.write_api(write_options=WriteOptions(batch_size=2)) as api:
        for n in range(5):
            point = Point("press").tag("line", "2").field("output", 3200.0 + n)
            api.write("plant", record=point.field("note", "a, b").time(t + n, WritePrecision.S))
        point = Point("oven").tag("host", "a b,c=d").field("on", True)
        api.write("plant", record=point.time(t, WritePrecision.S))
"""

NODE_CLIENT = """
const {InfluxDB, Point} = require('@influxdata/influxdb-client')
const [url, token, t] = process.argv.slice(1)
const api = new InfluxDB({url, token}).getWriteApi('plant', 'plant', 's')
for (let n = 0; n < 5; n++)
  api.writePoint(new Point('press').tag('line', '2').floatField('output', 3200 + n).timestamp(+t + n))
api.writePoint(new Point('oven').tag('host', 'a b,c=d').booleanField('on', true).timestamp(+t))
api.close().catch(e => { console.error(e); process.exit(1) })
"""

KILLED_CLIENT = """
import sys, time
from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
url, token, t = sys.argv[1], sys.argv[2], int(sys.argv[3])
with InfluxDBClient(url, token=token, org="plant", timeout=10_000) as client:
    api = client.write_api(write_options=SYNCHRONOUS)
    for n in range(10_000_000):
        point = Point("count").field("n", n).time(t + n, WritePrecision.MS)
        while True:
            try:
                api.write("plant", record=point)
                break
            except Exception:
                time.sleep(0.05)
        print(n, flush=True)
"""


def _five(room: DoorRoom, t: int, oven: str) -> Outcome:
    """Judge what every client of line protocol writes here: five of an adopted series, one of a new one."""
    figure = {
        "output": room.stored("mill/output"),
        "unit": room.units.get("mill/output"),
        "oven": room.stored(oven),
    }
    right = figure["output"] == [((t + n) * US, (3200.0 + n) / 1000) for n in range(5)]
    return Outcome(figure, right and figure["unit"] == "t/h" and figure["oven"] == [(t * US, 1.0)])


def _of_lines(client: str, *argv: str, needs: tuple[str | Path, ...], cwd: Path | None = None) -> Outcome:
    if why := missing(*needs):
        return Outcome(None, None, why)
    with tempfile.TemporaryDirectory(prefix="opsroom-door-") as name:
        t = int(time.time()) - 60
        with door_room(Path(name)) as room:
            run(*argv, room.url, room.token, str(t), cwd=cwd or Path(name))
            assert room.counted("refused") == 0, client
        return _five(room, t, "oven/a b,c=d/on")


@ROWS.row("door: influxdb-client (PyPI)", command=COMMAND.format("influxdb-client (PyPI)"), limit=RIGHT)
def python_client() -> Outcome:
    return _of_lines("influxdb-client", str(PYTHON), "-c", PYTHON_CLIENT, needs=(PYTHON,))


@ROWS.row("door: @influxdata/influxdb-client (npm)", command=COMMAND.format("@influxdata"), limit=RIGHT)
def node_client() -> Outcome:
    package = NODE / "node_modules" / "@influxdata" / "influxdb-client"
    return _of_lines("npm", "node", "-e", NODE_CLIENT, needs=("node", package), cwd=NODE)


@ROWS.row("door: influx -import (Debian)", command=COMMAND.format("influx -import"), limit=RIGHT)
def influx_import() -> Outcome:
    if why := missing("influx"):
        return Outcome(None, None, why)
    with tempfile.TemporaryDirectory(prefix="opsroom-door-") as name:
        t = int(time.time()) - 60
        lines = [f"press,line=2 output={3200 + n} {t + n}" for n in range(5)]
        head = ["# DDL", "CREATE DATABASE plant", "# DML", "# CONTEXT-DATABASE: plant"]
        file = Path(name) / "import.txt"
        file.write_text("\n".join([*head, *lines, f"oven,host=a on=true {t}"]) + "\n", encoding="utf-8")
        with door_room(Path(name) / "room") as room:
            port = str(room.server.port)
            who = ("-username", "plant", "-password", room.token)
            said = run("influx", "-host", "127.0.0.1", "-port", port, *who, "-import", "-path", str(file),
                       "-precision", "s")  # fmt: skip
            assert room.counted("refused") == 0, said
        return _five(room, t, "oven/a/on")


@ROWS.row("door: curl", command=COMMAND.format("curl"), limit=RIGHT)
def curl() -> Outcome:
    if why := missing("curl"):
        return Outcome(None, None, why)
    with tempfile.TemporaryDirectory(prefix="opsroom-door-") as name:
        t = int(time.time()) - 60
        lines = [f"press,line=2 output={3200 + n} {t + n}" for n in range(5)]
        with door_room(Path(name)) as room:
            url = f"{room.url}/api/v2/write?bucket=plant&precision=s"
            body = "\n".join([*lines, f"oven,host=a on=true {t}"])
            run("curl", "-sf", "-H", f"Authorization: Token {room.token}", "--data-binary", body, url)
        return _five(room, t, "oven/a/on")


@ROWS.row(
    "door: Glances --export influxdb2 (PyPI)",
    command=COMMAND.format("Glances"),
    limit="load of this machine under its host, stamped now; nothing refused",
)
def glances() -> Outcome:
    binary = PYTHON.with_name("glances")
    if why := missing(binary):
        return Outcome(None, None, why)
    with tempfile.TemporaryDirectory(prefix="opsroom-door-") as name:
        begun = time.time()
        with door_room(Path(name) / "room") as room:
            config = Path(name) / "glances.conf"
            config.write_text(
                f"[influxdb2]\nhost=127.0.0.1\nport={room.server.port}\nprotocol=http\norg=plant\n"
                f"bucket=plant\ntoken={room.token}\nprefix=\n",
                encoding="utf-8",
            )
            argv = (str(binary), "-C", str(config), "--export", "influxdb2", "--quiet", "--time", "1")
            with running(*argv, said=Path(name) / "said.txt"):
                room.until(lambda: room.counted("stored") > 100)
            refused = room.counted("refused")
        assert room.left is not None
        loads = {path: room.stored(path) for path in room.left.readings if path.endswith("/min1")}
        late = [t for each in loads.values() for t, _ in each if not begun - 2 <= t / US <= time.time() + 2]
        figure = {"series": len(room.left.readings), "load": loads, "refused": refused}
        good = bool(loads) and not late and all(0 <= v < 1000 for each in loads.values() for _, v in each)
        return Outcome(figure, good and refused == 0)


@ROWS.row(
    "door: Prometheus (Debian), agent mode",
    command=COMMAND.format("Prometheus (Debian)"),
    limit=RIGHT + "; a target that dies leaves readings of bad quality",
)
def prometheus_agent() -> Outcome:
    if why := missing("prometheus"):
        return Outcome(None, None, why)
    with tempfile.TemporaryDirectory(prefix="opsroom-door-") as name:
        folder, begun = Path(name), time.time()
        with door_room(folder / "room") as room, ExitStack() as plant:
            target, counts = plant.enter_context(exporter())
            argv = prometheus(room, target, folder, free_port())
            with running(*argv, said=folder / "prometheus.txt"):
                room.until(lambda: len(counts) >= 3 and room.counted("stored") > 20)
                plant.close()
                before = room.counted("stored")
                room.until(lambda: room.counted("stored") > before + 10)
        job = f"plant/127.0.0.1:{target}"
        output, ticks = room.stored("mill/output"), room.stored(f"{job}/plant_ticks")
        heat = room.stored(f"{job}/plant_temp_celsius")
        figure: dict[str, Any] = {
            "output": [output[0], output[-1]],
            "ticks": [v for _, v in ticks],
            "units": [room.units.get("mill/output"), room.units.get(f"{job}/plant_temp_celsius")],
        }
        good = bool(output) and all(v == 3.2 for _, v in output if not math.isnan(v))
        good &= [v for _, v in ticks][:3] == [1.0, 2.0, 3.0] and figure["units"] == ["t/h", "Cel"]
        good &= all(begun - 1 <= t / US <= time.time() + 1 for t, _ in output)
        good &= bool(heat) and heat[0][1] == 0.0 and math.isnan(output[-1][1])
        return Outcome(figure, good)


@ROWS.row(
    "door: collectd write_http (Debian)",
    command=COMMAND.format("collectd"),
    limit="load of this machine under its host, stamped now; rates not known yet kept out, nothing refused",
)
def collectd() -> Outcome:
    library = Path("/usr/lib/collectd/write_http.so")
    if why := missing("/usr/sbin/collectd", library):
        return Outcome(None, None, why)
    with tempfile.TemporaryDirectory(prefix="opsroom-door-") as name:
        begun = time.time()
        with door_room(Path(name) / "room") as room:
            config = Path(name) / "collectd.conf"
            config.write_text(
                f"""\
Hostname "web1"
FQDNLookup false
Interval 1
BaseDir "{name}"
PIDFile "{name}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
LoadPlugin load
LoadPlugin interface
LoadPlugin write_http
<Plugin write_http>
  <Node "room">
    URL "{room.url}/api/v1/collectd"
    Format "JSON"
    StoreRates true
    User "plant"
    Password "{room.token}"
  </Node>
</Plugin>
""",
                encoding="utf-8",
            )
            argv = ("/usr/sbin/collectd", "-f", "-C", str(config))
            with running(*argv, said=Path(name) / "said.txt"):
                time.sleep(4)
            room.until(lambda: room.counted("stored") > 3)
            refused, unknown = room.counted("refused"), room.counted("left_out")
        load, octets = room.stored("web1/load/load/shortterm"), room.stored("web1/interface-lo/if_octets/rx")
        figure = {"load": load, "rx": octets, "refused": refused, "left_out": unknown}
        timely = all(begun - 1 <= t / US <= time.time() + 1 for t, _ in [*load, *octets])
        return Outcome(figure, bool(load) and bool(octets) and timely and refused == 0)


@ROWS.row("door: Telegraf", command=COMMAND.format("Telegraf"), limit=RIGHT)
def telegraf() -> Outcome:
    if why := missing("telegraf"):
        return Outcome(None, None, f"{why}; no registry here has it")
    with tempfile.TemporaryDirectory(prefix="opsroom-door-") as name:
        t = int(time.time()) - 60
        lines = [f"press,line=2 output={3200 + n} {(t + n) * 10**9}" for n in range(5)]
        with door_room(Path(name) / "room") as room:
            config = Path(name) / "telegraf.conf"
            file = Path(name) / "lines.txt"
            file.write_text("\n".join([*lines, f"oven,host=a on=true {t * 10**9}"]) + "\n", encoding="utf-8")
            config.write_text(
                f"[agent]\nomit_hostname = true\n"
                f'[[inputs.file]]\nfiles = ["{file}"]\ndata_format = "influx"\n'
                f'[[outputs.influxdb_v2]]\nurls = ["{room.url}"]\ntoken = "{room.token}"\n'
                f'organization = "plant"\nbucket = "plant"\n',
                encoding="utf-8",
            )
            run("telegraf", "--config", str(config), "--once")
        return _five(room, t, "oven/a/on")


@ROWS.row(
    "door: killed in mid-stream",
    command=COMMAND.format("killed"),
    limit=f"{KILLS} SIGKILLs under influxdb-client and Prometheus: both go on, nothing acknowledged is lost",
)
def killed() -> Outcome:
    if why := missing(PYTHON, "prometheus"):
        return Outcome(None, None, why)
    with tempfile.TemporaryDirectory(prefix="opsroom-door-") as name:
        folder, t_ms = Path(name), int(time.time() * 1000) - 3_600_000
        said = folder / "acked.txt"
        with door_room(folder / "room") as room, exporter() as (target, counts):
            argv = (str(PYTHON), "-c", KILLED_CLIENT, room.url, room.token, str(t_ms))
            agent = prometheus(room, target, folder, free_port())
            with running(*agent, said=folder / "prometheus.txt"), running(*argv, said=said):
                for _ in range(KILLS):
                    _grown(room, said, 50)
                    room.server.kill()
                    time.sleep(1.0)
                    room.server.start()
                _grown(room, said, 50)
                told = counts[-1]
                time.sleep(5.0)
        acked = [int(line) for line in said.read_text(encoding="utf-8").split() if line.isdigit()]
        held = {int(v) for _, v in room.stored("count/n")}
        ticks = {int(v) for _, v in room.stored(f"plant/127.0.0.1:{target}/plant_ticks") if not math.isnan(v)}
        lost = [n for n in acked if n not in held]
        gone = [n for n in range(1, told + 1) if n not in ticks]
        figure = {"acked": len(acked), "lost": len(lost), "scrapes": told, "scrapes_lost": len(gone)}
        return Outcome(figure, len(acked) > 50 * KILLS and not lost and not gone, json.dumps(gone[:20]))


def _grown(room: DoorRoom, said: Path, by: int) -> None:
    before = said.read_bytes().count(b"\n")
    room.until(lambda: said.read_bytes().count(b"\n") >= before + by)


@ROWS.row(
    "door: line protocol at speed",
    command="opsroom bench ingest --door influx",
    limit=f"{LINES_LEAST:,} readings/s, each request answered once durable, detection off",
)
def lines_at_speed() -> Outcome:
    return _at_speed("influx", LINES_LEAST)


@ROWS.row(
    "door: remote write at speed",
    command="opsroom bench ingest --door prom",
    limit=f"{REMOTE_LEAST:,} readings/s, each request answered once durable, detection off",
)
def remote_write_at_speed() -> Outcome:
    return _at_speed("prom", REMOTE_LEAST)


def _at_speed(door: str, least: int) -> Outcome:
    rows = bench("ingest", "--door", door)["rows"]
    figure = {f"detection_{row['detection']}": row["readings_per_s"] for row in rows}
    return Outcome(figure, figure["detection_False"] >= least)
