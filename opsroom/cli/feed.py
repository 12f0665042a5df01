"""`opsroom feed`: telemetry from files, standard input or the simulated economy to a room.

Over its WebSocket.
"""

from __future__ import annotations

import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TextIO

import msgspec
import typer

from opsroom.cli.feed_sim import register
from opsroom.cli.terminal import AsJson, err, examples, log_to_stderr, out, say_json, say_table
from opsroom.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.connectors._rows import Instant, Report
    from ingest.connectors.csv import Options
    from opsroom.catalog import Catalog
    from opsroom.feeding import Target

DEFAULT_TO: Final = "ws://127.0.0.1:8040"
MAX_SPEED: Final = "max"
OUTBOX_BYTES: Final = 256 << 20

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
OutboxBytes = Annotated[
    int,
    typer.Option(min=1, metavar="N", help="most the outbox keeps; beyond, the oldest go and a gap is told"),
]
TakeOver = Annotated[
    bool,
    typer.Option("--take-over", help="send an outbox although its source has spoken from elsewhere since"),
]
Certificate = Annotated[
    Path | None, typer.Option("--cacert", metavar="FILE", help="certificate to trust (PEM)")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="say what would be refused, line by line; send nothing")
]
Economy = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="for --dry-run: the room's economy file, for units and names"),
]
Unit = Annotated[str, typer.Option(metavar="PATH", help="for --dry-run: the unit whose token will send")]


@app.command(
    "csv",
    epilog=examples(
        "opsroom feed csv day.csv --to ws://127.0.0.1:8040 --time ts --tz America/Santiago",
        "opsroom feed csv readings.csv.gz --long --map map.toml --speed 3600",
        "opsroom feed csv day.csv --from 2024-01-01 --until 2024-02-01 --historical",
        "opsroom feed csv day.csv --dry-run",
        "opsroom feed csv day.csv --dry-run --economy economy.toml --unit mill",
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
    dry_run: DryRun = False,
    economy: Economy = None,
    unit: Unit = "",
    outbox_bytes: OutboxBytes = OUTBOX_BYTES,
    take_over: TakeOver = False,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Feed a CSV file, wide or long, at its own pace or as fast as the room takes it."""
    from ingest.connectors import csv
    from ingest.connectors._rows import Report
    from opsroom.feeding import between

    options = _options(file, time, tz, long, day_first, map_file)
    span = _span(begin, until, tz, day_first=day_first)
    report = Report()
    instants = between(csv.samples(options, report), *span)
    if dry_run:
        _dry_run(instants, report, economy, unit, as_json=as_json)
        return
    kept = {"outbox": outbox, "outbox_bytes": outbox_bytes, "take_over": take_over, "cacert": cacert}
    target = _target(to, token, source or file.name, historical=historical, speed=speed_of(speed), **kept)
    _run(target, instants, report, as_json=as_json)


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
    dry_run: DryRun = False,
    economy: Economy = None,
    unit: Unit = "",
    outbox_bytes: OutboxBytes = OUTBOX_BYTES,
    take_over: TakeOver = False,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Feed JSON lines: an object a line with series, value and perhaps ts, or an array of them."""
    from ingest.connectors import jsonl
    from ingest.connectors._rows import Report
    from opsroom.clock import wall_now

    report = Report()
    with _lines(file, report) as lines:
        instants = jsonl.samples(lines, wall_now, tz=tz, report=report)
        if dry_run:
            _dry_run(instants, report, economy, unit, as_json=as_json)
            return
        kept = {"outbox": outbox, "outbox_bytes": outbox_bytes, "take_over": take_over, "cacert": cacert}
        pace = {"speed": speed_of(speed), "waits": str(file) == "-"}
        target = _target(to, token, source or "jsonl", historical=historical, **pace, **kept)
        _run(target, instants, report, as_json=as_json)


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


def _dry_run(
    instants: Iterable[Instant], report: Report, economy: Path | None, unit: str, *, as_json: bool
) -> None:
    """Tell what is wrong with a source and what a room would refuse of it; exit 1 where it would."""
    from ingest.connectors._dry import judge
    from opsroom.clock import wall_now

    tree, unit_id = _tree(economy, unit)
    judge(instants, report, tree, unit_id, wall_now())
    unknown = report.unknown if economy is not None else []
    if as_json:
        say_json({"dry_run": True, **msgspec.to_builtins(report), "unknown": unknown})
        raise typer.Exit(1 if report.refused else 0)
    out().print(
        f"{report.rows} rows, {report.readings} readings of {len(report.series)} series; "
        f"{report.refused} would be refused; nothing sent."
    )
    if unknown:
        out().print(f"in no tree yet, would be listed for adoption: {', '.join(unknown)}", markup=False)
    say_table("", ["what", "times"], sorted(report.counts.items()))
    say_table("", ["line", "what", "text"], [(one.line, one.code, one.text) for one in report.defects])
    left = sum(report.counts.values()) - len(report.defects)
    if left:
        out().print(f"and {left} more")
    raise typer.Exit(1 if report.refused else 0)


def _tree(economy: Path | None, unit: str) -> tuple[Catalog, int]:
    """Give the tree that `--economy` names, or one of a single unit, and the unit that will send."""
    from opsroom.catalog import Catalog
    from opsroom.economy import load_economy
    from opsroom.model import Unit as Node
    from opsroom.records import UnitSet

    tree = Catalog()
    if economy is None:
        tree.apply(UnitSet(Node(id=1, root_id=1, parent_id=None, path="", name="", level_name="", depth=0)))
        return tree, 1
    for change in load_economy(economy, tree):
        tree.apply(change)
    found = tree.unit_at(unit.strip("/"))
    if found is None:
        raise Invalid(f"{economy} has no unit {unit}.", remedy="Name a path of its tree.", field="unit")
    return tree, found.id


def _target(to: str, token: str, source: str, **given: Any) -> Target:
    """Give where to send."""
    from ingest.address import ingest_url
    from opsroom.feeding import Target

    return Target(url=ingest_url(to), token=token, source=source, **given)


def speed_of(text: str) -> float | None:
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
def _lines(file: Path, report: Report) -> Iterator[Iterable[str]]:
    """Open a file of lines, or standard input for `-`; of a file `report` says how much is read."""
    if str(file) == "-":
        yield sys.stdin
        return

    def counted(stream: TextIO, size: int) -> Iterator[str]:
        read = 0
        for line in stream:
            read += len(line)
            report.share = min(1.0, read / size)
            yield line

    try:
        stream = file.open(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise Invalid(f"{file}: {error.strerror}.", remedy="Name a readable file.", field="file") from error
    with stream:
        yield counted(stream, max(1, file.stat().st_size))


def _run(target: Target, instants: Iterable[Instant], report: Report, *, as_json: bool) -> None:
    """Feed with a bar on standard error; say what came of it. What is lost at the end is exit 1."""
    from opsroom.cli.meter import meter
    from opsroom.feeding import feed

    log_to_stderr("warning")
    with meter(err()) as shown:
        fed = feed(target, instants, report, shown)
    if as_json:
        say_json(fed._asdict())
    else:
        out().print(fed.line(), markup=False)
        for code, times in sorted(fed.refusals.items()):
            out().print(f"refused {code}: {times}", markup=False)
    if fed.is_interrupted:
        kept = f"kept in {target.outbox}" if target.outbox else "lost: there was no --outbox"
        err().print(f"interrupted; {fed.pending} readings not stored" + (f", {kept}" if fed.pending else ""))
        raise typer.Exit(1 if fed.pending and not target.outbox else 0)


register(app)
