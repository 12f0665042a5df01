"""`opsroom bench`: run a benchmark; the last line printed is one JSON object."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from opsroom.cli.terminal import err, examples, say_json, say_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

app = typer.Typer(no_args_is_help=True, help="Benchmarks; the last line printed is one JSON object.")

Form = Literal["columns-1000", "list-100", "single"]
FORMS: Final = ("columns-1000", "list-100", "single")

Repeat = Annotated[int, typer.Option(min=1, help="runs a case; medians are given")]
Peers = Annotated[bool, typer.Option("--peers", help="in the same run, every other system that is installed")]
Page = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="with --peers, also put the tables into this page of markdown"),
]


@app.command(
    epilog=examples(
        "opsroom bench ingest",
        "opsroom bench ingest --form columns-1000 --repeat 5",
        "opsroom bench ingest --scale 0.1",
        "opsroom bench ingest --detection off --peers",
        "opsroom bench ingest --door influx --peers",
    )
)
def ingest(
    form: Annotated[Form | None, typer.Option(help="only this form")] = None,
    door: Annotated[
        Literal["influx", "prom"] | None, typer.Option(help="a door of another protocol instead")
    ] = None,
    detection: Annotated[
        Literal["on", "off", "both"], typer.Option(help="with detectors, without, or both")
    ] = "both",
    repeat: Repeat = 3,
    scale: Annotated[float, typer.Option(min=0.001, help="share of the full number of readings")] = 1.0,
    peers: Peers = False,
    page: Page = None,
) -> None:
    """Acked readings a second, CPU and bytes a reading, of a real room over a real socket."""
    from opsroom.bench import ingest as measured
    from opsroom.bench.peers import goals
    from opsroom.bench.peers import page as written
    from opsroom.bench.peers.measure import PER_REQUEST, installed

    chosen = {"on": (True,), "off": (False,), "both": (True, False)}[detection]
    if door is not None:
        _door(door, chosen, repeat, scale, peers=peers)
        return
    rows = measured.cases([form] if form else FORMS, chosen)
    beside = installed() if peers else []
    with _progress("ingest", (len(rows) + len(beside) * len(PER_REQUEST)) * repeat) as step:
        result = measured.bench(rows, repeat=repeat, scale=scale, peers=beside, done=step)
    if beside:
        say_table("beside other systems", goals.COLUMNS, goals.table(result["goals"]))
        if page is not None:
            written.write(result, page, written.ingest_section(result))
    say_json(result)


def _door(door: str, detection: tuple[bool, ...], repeat: int, scale: float, *, peers: bool) -> None:
    from opsroom.bench import doors

    with _progress("ingest", (len(detection) + peers) * repeat) as step:
        result = doors.bench(door, detection, repeat=repeat, scale=scale, peers=peers, done=step)
    say_json(result)


@app.command(
    epilog=examples("opsroom bench query", "opsroom bench query --peers", "opsroom bench query --scale 0.1")
)
def query(
    repeat: Annotated[int, typer.Option(min=1, help="times a question is asked; medians are given")] = 15,
    scale: Annotated[float, typer.Option(min=0.01, help="share of the full number of instants")] = 1.0,
    peers: Peers = False,
    page: Page = None,
) -> None:
    """How long questions about a million stored readings take."""
    from opsroom.bench import query as measured
    from opsroom.bench.peers import page as written
    from opsroom.bench.peers.measure import installed

    beside = installed() if peers else []
    with _progress("query", 1 + len(beside)) as step:
        result = measured.bench(repeat=repeat, scale=scale, peers=beside, done=step)
    say_table("questions", measured.COLUMNS, measured.table(result))
    if beside and page is not None:
        written.write(result, page, written.query_section(result, measured.table(result)))
    say_json(result)


@app.command(epilog=examples("opsroom bench restart", "opsroom bench restart --millions 1"))
def restart(
    millions: Annotated[int, typer.Option(min=1, help="millions of readings to store first")] = 10,
    repeat: Repeat = 3,
) -> None:
    """How soon a killed room with millions of stored readings is there again."""
    from opsroom.bench import restart as measured

    with _progress("restart", millions + repeat) as step:
        result = measured.bench(millions=millions, repeat=repeat, done=step)
    say_json(result)


@app.command(epilog=examples("opsroom bench fanout", "opsroom bench fanout --viewers 200 --no-stopped"))
def fanout(
    viewers: Annotated[int, typer.Option(min=1, help="screens that follow the room")] = 500,
    seconds: Annotated[int, typer.Option(min=4, help="how long they are counted")] = 20,
    stopped: Annotated[
        bool, typer.Option("--stopped/--no-stopped", help="once more beside a tenth that read nothing")
    ] = True,
) -> None:
    """Many screens on one room: what they cost it, and how late a reading is on them."""
    from opsroom.bench import fanout as measured

    with _progress("fanout", 1 + stopped) as step:
        result = measured.bench(viewers=viewers, seconds=seconds, stopped=stopped, done=step)
    say_json(result)


@app.command(epilog=examples("opsroom bench soak", "opsroom bench soak --minutes 5"))
def soak(minutes: Annotated[float, typer.Option(min=0.1, help="how long")] = 60.0) -> None:
    """A room at work for long: whether memory or descriptors grow."""
    from opsroom.bench import soak as measured

    with _progress("soak", round(minutes * 60 / measured.SAMPLE_S)) as step:
        result = measured.bench(minutes=minutes, done=step)
    say_json(result)


@app.command(epilog=examples("opsroom bench delay", "opsroom bench delay --trials 300"))
def delay(trials: Annotated[int, typer.Option(min=1, help="alerts to time")] = 120) -> None:
    """From the reading that completes a condition to the alert on another client, at 10,000 readings/s."""
    from opsroom.bench import delay as measured

    with _progress("delay", trials) as step:
        result = measured.bench(trials=trials, done=lambda: step("alert seen"))
    say_json(result)


Seeds = Annotated[
    Literal["judged", "tuning"],
    typer.Option(help="seeds no constant was chosen on, or those constants may be chosen on"),
]
Markdown = Annotated[
    Path | None, typer.Option(metavar="FILE", help="also put the tables into this page of markdown")
]


@app.command(
    epilog=examples(
        "opsroom bench calibration",
        "opsroom bench calibration --series 140 --days 14",
        "opsroom bench calibration --seeds tuning --budget 1",
        "opsroom bench calibration --fit",
    )
)
def calibration(
    series: Annotated[int, typer.Option(min=1, help="series of each seed's set")] = 1000,
    days: Annotated[float, typer.Option(min=1, help="length of the run")] = 30,
    budget: Annotated[
        list[float] | None, typer.Option(help="false alarms per series and week; 0.1 and 1 when not given")
    ] = None,
    seeds: Seeds = "judged",
    markdown: Markdown = None,
    fit: Annotated[
        bool,
        typer.Option("--fit", help="instead fit how often evidence comes by chance, on the tuning seeds"),
    ] = False,
) -> None:
    """False alarms on faultless simulated series, against the budget."""
    if fit:
        _fit_lines()
        return
    from opsroom.bench import calibration as measured
    from opsroom.bench import figures, streams

    chosen = streams.JUDGED_SEEDS if seeds == "judged" else streams.TUNING_SEEDS
    budgets = budget or measured.BUDGETS
    with _progress("calibration", len(chosen) * len(budgets)) as step:
        result = measured.bench(series=series, days=days, seeds=chosen, budgets=budgets, done=step)
    for row in result["rows"]:
        say_table(f"budget {row['budget']:g}", figures.FALSE_ALARM_COLUMNS, figures.false_alarms(row))
    _renew(markdown, figures.false_alarm_page(result))
    say_json(result)


def _fit_lines() -> None:
    from opsroom.bench import lines
    from opsroom.bench.streams import TUNING_SEEDS

    with _progress("calibration", 2 * len(TUNING_SEEDS)) as step:
        result = lines.fit(done=step)
    for name, one in result["lines"].items():
        say_table(name, ("", "a", "b"), [["fitted", *one["line"]], ["shipped", *one["shipped"]]])
    say_json(result)


@app.command(
    epilog=examples(
        "opsroom bench injection",
        "opsroom bench injection --data recordings",
        "opsroom bench injection --each 5 --seeds tuning",
    )
)
def injection(
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="also put faults into the recordings below it")
    ] = None,
    each: Annotated[int, typer.Option(min=1, help="simulated series of each kind and seed")] = 10,
    budget: Annotated[float, typer.Option(min=0.001, help="false alarms per series and week")] = 0.1,
    seeds: Seeds = "judged",
    markdown: Markdown = None,
) -> None:
    """Faults found and named, and how soon, less what is found by chance."""
    from opsroom.bench import faults, figures, streams
    from opsroom.bench import injection as measured

    chosen = streams.JUDGED_SEEDS if seeds == "judged" else streams.TUNING_SEEDS
    with _progress("injection", len(faults.CASES)) as step:
        result = measured.bench(data=data, each=each, seeds=chosen, budget=budget, done=step)
    for field in result["series"]:
        say_table(field, figures.FAULT_COLUMNS, figures.faults(result["rows"], field))
    _renew(markdown, figures.fault_page(result))
    say_json(result)


@app.command(epilog=examples("opsroom bench tep --data tep", "opsroom bench tep --data tep --out tep.json"))
def tep(
    folder: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="d00, d00_te and dNN_te, .dat or .dat.gz")
    ],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="also write the JSON here")] = None,
) -> None:
    """Whole-plant detection on the Tennessee Eastman process, fault by fault."""
    from opsroom.bench import tep as measured

    result = measured.bench(folder)
    say_table("faults", measured.COLUMNS, measured.table(result))
    if out is not None:
        measured.write(result, out)
    say_json(result)


def _renew(page: Path | None, section: str) -> None:
    """Put a section into a page, which need not be there yet."""
    from opsroom.bench.figures import renew

    if page is not None:
        before = page.read_text(encoding="utf-8") if page.exists() else ""
        page.write_text(renew(before, section), encoding="utf-8")


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show a bar on standard error; the body calls what it is given once for each part done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err(), transient=True) as bar:
        task = bar.add_task(title, total=total)

        def step(what: str) -> None:
            bar.update(task, advance=1, description=f"{title}: {what}")

        yield step
