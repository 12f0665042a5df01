"""`opsroom connect`: a connector as a process of its own, by a settings file."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape

from ingest.address import ingest_url
from opsroom.cli.terminal import AsJson, err, examples, log_to_stderr, out, say_json, say_table

if TYPE_CHECKING:
    from ingest.bridge import Told
    from ingest.sourcefile import SourceFile
    from opsroom.connecting import Progress

SAY_AGAIN_S: Final = 10.0
"""The same kind of event of one source is printed once in this time; the rest is counted."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "connect",
        epilog=examples(
            "opsroom connect mqtt.toml",
            "opsroom connect mqtt.toml --check",
            "opsroom connect mqtt.toml --check --listen 10",
        ),
    )(connect)


def connect(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="settings of one connector")],
    check: Annotated[
        bool, typer.Option("--check", help="say what it would ask for and which series, send nothing")
    ] = False,
    listen: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.0, help="with --check: speak with the source that long")
    ] = 0.0,
    to: Annotated[str, typer.Option(metavar="URL", help="the room; default: what the file says")] = "",
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="between lines of progress")
    ] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Carry readings from MQTT, Sparkplug, OPC UA, Modbus or files to a room, until told to stop."""
    from ingest.sourcefile import read_source_file

    source_file = read_source_file(file)
    log_to_stderr("error")
    says = _Says(as_json=as_json)
    if check:
        _check(source_file, listen, says, as_json=as_json)
        return
    from opsroom.connecting import Connection

    run = Connection(
        source_file,
        url=ingest_url(to or source_file.room.url),
        told=says.told,
        show=says.progress,
        show_s=every,
    )
    done = asyncio.run(run.run())
    if as_json:
        say_json({"event": "stopped", **done._asdict()})
    else:
        out().print(done.line(), markup=False)


def _check(source_file: SourceFile, seconds: float, says: _Says, *, as_json: bool) -> None:
    """Say what would be asked for; with `seconds` also what comes."""
    from opsroom.connecting import listen

    asked = [(source.label, *one) for source in source_file.sources for one in source.asked()]
    seen = asyncio.run(listen(source_file, seconds, says.told)) if seconds else {}
    rules = {name: rule.name or name for name, rule in source_file.series.items() if not rule.leave_out}
    if as_json:
        keys = ("source", "what", "series", "unit", "period_s")
        say_json(
            {
                "connector": source_file.connector,
                "room": source_file.room.url,
                "asked": [dict(zip(keys, row, strict=True)) for row in asked],
                "renamed": rules,
                "seen": {name: {"value": one.value, "unit": one.unit} for name, one in sorted(seen.items())},
            }
        )
        return
    console = out()
    console.print(
        f"{source_file.connector}: as {source_file.source_name} to {source_file.room.url}, "
        f"outbox {source_file.outbox or 'in memory only'}",
        markup=False,
    )
    say_table("", ["source", "asked for", "series", "unit", "period s"], asked)
    if rules:
        say_table("", ["its name", "in the room"], sorted(rules.items()))
    if seconds:
        rows = [(name, one.value, one.unit) for name, one in sorted(seen.items())]
        say_table(f"{len(rows)} series in {seconds:.0f} s", ["series", "last value", "unit"], rows)


class _Says:
    """Prints events and progress: lines for people on standard error, JSON lines on standard output."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._said: dict[tuple[str, str], float] = {}
        self._unsaid = 0

    def told(self, event: Told) -> None:
        """Print an event, each kind of one source at most every ten seconds."""
        now = time.monotonic()
        last = self._said.get((event.source, event.code))
        if last is not None and now - last < SAY_AGAIN_S:
            self._unsaid += 1
            return
        self._said[event.source, event.code] = now
        if self._as_json:
            say_json({"event": event.code, "source": event.source, "text": event.text})
        else:
            err().print(f"{event.source}: [bold]{escape(event.code)}[/] {escape(event.text)}")

    def progress(self, so_far: Progress) -> None:
        """Print how far it is."""
        if self._as_json:
            say_json({"event": "progress", **so_far._asdict()})
            return
        more, self._unsaid = self._unsaid, 0
        err().print(so_far.line() + (f" ({more} events more)" if more else ""), markup=False)
