"""`opsroom feed`: telemetry from files, standard input or the simulated economy to a room.

Over its WebSocket.
"""

from __future__ import annotations

import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from opsroom.cli.terminal import AsJson, err, examples, log_to_stderr, out, say_json, say_table
from opsroom.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.connectors._rows import Instant, Report
    from ingest.connectors.csv import Options
    from opsroom.feeding import Target

DEFAULT_TO: Final = "ws://127.0.0.1:8040"
MAX_SPEED: Final = "max"
SHOWN: Final = 20

app = typer.Typer(
    no_args_is_help=True, help="Feed telemetry to a room; what it has not stored is sent again."
)

To = Annotated[str, typer.Option(metavar="URL", help="the room: ws:// or wss://, host and port")]
Token = Annotated[
    str, typer.Option(envvar="OPSROOM_TOKEN", help="from `opsroom token new`; or OPSROOM_TOKEN")
]
Source = Annotated[str, typer.Option(help="name of this sender; two of one name replace each other")]
Outbox = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="keep what is not stored on disk, over restarts of the feeder"),
]
Certificate = Annotated[
    Path | None, typer.Option("--cacert", metavar="FILE", help="certificate to trust (PEM)")
]


@app.command(
    "csv",
    epilog=examples(
        "opsroom feed csv day.csv --to ws://127.0.0.1:8040 --time ts --tz America/Santiago",
        "opsroom feed csv readings.csv.gz --long --map map.toml --speed 3600",
        "opsroom feed csv day.csv --from 2024-01-01 --until 2024-02-01 --historical",
        "opsroom feed csv day.csv --dry-run",
    ),
)
def feed_csv(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, plain or gzip")],
    to: To = DEFAULT_TO,
    token: Token = "",
    source: Source = "",
    outbox: Outbox = None,
    time: Annotated[str, typer.Option(metavar="COLUMN", help="column of the time; default: the first")] = "",
    tz: Annotated[str, typer.Option(metavar="ZONE", help="zone of times without offset")] = "UTC",
    long: Annotated[
        bool, typer.Option("--long/--wide", help="a row a reading, or a column a series")
    ] = False,
    map_file: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="names, units, factors (TOML)")
    ] = None,
    day_first: Annotated[bool, typer.Option("--day-first", help="31/12/2024, not 12/31/2024")] = False,
    speed: Annotated[str, typer.Option(metavar="N|max", help="recorded seconds a second")] = MAX_SPEED,
    begin: Annotated[str, typer.Option("--from", metavar="TIME", help="first instant")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="instant to stop before")] = "",
    historical: Annotated[bool, typer.Option("--historical", help="stored, never moves live values")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read everything, send nothing")] = False,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Feed a CSV file, wide or long, at its own pace or as fast as the room takes it."""
    from ingest.connectors import csv
    from opsroom.feeding import between

    options = _options(file, time, tz, long, day_first, map_file)
    span = _span(begin, until, tz, day_first=day_first)
    if dry_run:
        _say_report(csv.dry_run(options), as_json=as_json)
        return
    target = _target(
        to, token, source or file.name, outbox, cacert, historical=historical, speed=_speed(speed)
    )
    _run(target, between(csv.samples(options), *span), as_json=as_json)


@app.command(
    "jsonl",
    epilog=examples(
        "some-program | opsroom feed jsonl - --to ws://127.0.0.1:8040",
        "opsroom feed jsonl readings.jsonl --historical",
    ),
)
def feed_jsonl(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a reading a line; - is standard input")],
    to: To = DEFAULT_TO,
    token: Token = "",
    source: Source = "",
    outbox: Outbox = None,
    tz: Annotated[str, typer.Option(metavar="ZONE", help="zone of times without offset")] = "UTC",
    speed: Annotated[str, typer.Option(metavar="N|max", help="recorded seconds a second")] = MAX_SPEED,
    historical: Annotated[bool, typer.Option("--historical", help="stored, never moves live values")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read everything, send nothing")] = False,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Feed JSON lines: an object a line with series, value and perhaps ts, or an array of them."""
    from ingest.connectors import jsonl
    from opsroom.clock import wall_now

    with _lines(file) as lines:
        if dry_run:
            _say_report(jsonl.dry_run(lines, wall_now, tz=tz), as_json=as_json)
            return
        target = _target(
            to,
            token,
            source or "jsonl",
            outbox,
            cacert,
            historical=historical,
            speed=_speed(speed),
            waits=str(file) == "-",
        )
        _run(target, jsonl.samples(lines, wall_now, tz=tz), as_json=as_json)


@app.command(
    "sim",
    epilog=examples(
        "opsroom feed sim --tokens tokens.json --seed 7", "opsroom feed sim --economy > economy.toml"
    ),
)
def feed_sim(
    to: To = DEFAULT_TO,
    tokens: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON: a token for each enterprise, by its path")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="equal seeds break the same plants at the same seconds")
    ] = 1,
    speed: Annotated[float, typer.Option(min=0.1, max=60.0, help="simulated seconds a second")] = 1.0,
    history_s: Annotated[
        float, typer.Option("--history-s", min=0.0, help="seconds of past to send first")
    ] = 3600.0,
    economy: Annotated[bool, typer.Option("--economy", help="print its economy file and end")] = False,
) -> None:
    """Feed the simulated economy of `opsroom demo` to any room that has its tree."""
    import json

    if economy:
        from ingest.sim.tree import economy_toml

        out().print(economy_toml(), markup=False)
        return
    if tokens is None:
        raise Invalid(
            "No tokens.", remedy='Give --tokens FILE: {"energy/hydro-south": "..."}.', field="tokens"
        )
    from opsroom.feeding import simulate

    simulate(ingest_address(to), json.loads(tokens.read_text(encoding="utf-8")), seed, speed, history_s)


class Map(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A map file: names and units by the file's own names; of a long file, which column is what."""

    rename: dict[str, str] = {}
    units: dict[str, str] = {}
    path: tuple[str, ...] = ("series",)
    value: str = "value"
    unit: str = "unit"
    period_s: str = "period_s"


def _options(file: Path, time: str, tz: str, long: bool, day_first: bool, map_file: Path | None) -> Options:
    """Give how to read the file."""
    from ingest.connectors.csv import Options

    told = _map(map_file) if map_file else Map()
    return Options(
        file=file,
        time=time,
        tz=tz,
        is_long=long,
        day_first=day_first,
        path=told.path,
        value=told.value,
        unit=told.unit,
        period_s=told.period_s,
        rename=told.rename,
        units=told.units,
    )


def _map(file: Path) -> Map:
    """Read a map file."""
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Map)
    except (OSError, ValueError) as error:
        remedy = "See docs/cli.md for map files."
        raise Invalid(f"{file}: {error}", remedy=remedy, code="map_invalid", field="map") from error


def _span(begin: str, until: str, tz: str, *, day_first: bool) -> tuple[int | None, int | None]:
    """Read `--from` and `--until` (int us), None where not given."""
    from ingest.connectors._rows import Times, time_zone

    times = Times(time_zone(tz), day_first=day_first)
    try:
        return (times.read(begin) if begin else None, times.read(until) if until else None)
    except ValueError as error:
        raise typer.BadParameter(f"no time: {error}", param_hint="--from or --until") from error


def _say_report(report: Report, *, as_json: bool) -> None:
    """Tell what a dry run found; nothing was sent."""
    if as_json:
        say_json({"dry_run": True, **msgspec.to_builtins(report)})
        return
    out().print(
        f"{report.rows} rows, {report.readings} readings of {len(report.series)} series; nothing sent."
    )
    say_table("", ["defect", "times"], sorted(report.counts.items()))
    say_table(
        "", ["line", "defect", "text"], [(one.line, one.code, one.text) for one in report.defects[:SHOWN]]
    )


def _target(
    to: str, token: str, source: str, outbox: Path | None, cacert: Path | None, **given: Any
) -> Target:
    """Give where to send."""
    from opsroom.feeding import Target

    return Target(url=ingest_address(to), token=token, source=source, outbox=outbox, cacert=cacert, **given)


def ingest_address(to: str) -> str:
    """Give the address of the ingest socket for what a person writes."""
    url = to.replace("http", "ws", 1) if to.startswith("http") else to
    return url if url.rstrip("/").endswith("/ingest") else url.rstrip("/") + "/api/v1/ingest"


def _speed(text: str) -> float | None:
    """Read `--speed`: a factor above 0, or None for as fast as the room takes it."""
    if text == MAX_SPEED:
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0.0:
        raise typer.BadParameter("a factor above 0, or max", param_hint="--speed")
    return speed


@contextmanager
def _lines(file: Path) -> Iterator[Any]:
    """Open a file of lines, or standard input for `-`."""
    if str(file) == "-":
        yield sys.stdin
        return
    try:
        stream = file.open(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise Invalid(f"{file}: {error.strerror}.", remedy="Name a readable file.", field="file") from error
    with stream:
        yield stream


def _run(target: Target, instants: Iterable[Instant], *, as_json: bool) -> None:
    """Feed with a progress line on standard error; say what came of it."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from opsroom.feeding import feed

    log_to_stderr("warning")

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err(), transient=True) as bar:
        task = bar.add_task("connecting")
        fed = feed(target, instants, lambda so_far: bar.update(task, description=so_far.line()))
    if as_json:
        say_json(fed._asdict())
    else:
        out().print(fed.line(), markup=False)
