"""`opsroom bench`: run a benchmark; the last line printed is one JSON object."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from opsroom.cli.terminal import err, examples, say_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

app = typer.Typer(no_args_is_help=True, help="Benchmarks; the last line printed is one JSON object.")

Form = Literal["columns-1000", "list-100", "single"]
FORMS: Final = ("columns-1000", "list-100", "single")

Repeat = Annotated[int, typer.Option(min=1, help="runs a case; medians are given")]


@app.command(
    epilog=examples(
        "opsroom bench ingest",
        "opsroom bench ingest --form columns-1000 --repeat 5",
        "opsroom bench ingest --scale 0.1",
    )
)
def ingest(
    form: Annotated[Form | None, typer.Option(help="only this form")] = None,
    detection: Annotated[
        Literal["on", "off", "both"], typer.Option(help="with detectors, without, or both")
    ] = "both",
    repeat: Repeat = 3,
    scale: Annotated[float, typer.Option(min=0.001, help="share of the full number of readings")] = 1.0,
) -> None:
    """Acked readings a second, CPU and bytes a reading, of a real room over a real socket."""
    from opsroom.bench import ingest as measured

    chosen = {"on": (True,), "off": (False,), "both": (True, False)}[detection]
    rows = measured.cases([form] if form else FORMS, chosen)
    with _progress("ingest", len(rows) * repeat) as step:
        result = measured.bench(
            rows,
            repeat=repeat,
            scale=scale,
            done=lambda case: step(f"{case.form} detection {case.detection}"),
        )
    say_json(result)


@app.command(epilog=examples("opsroom bench delay", "opsroom bench delay --trials 300"))
def delay(trials: Annotated[int, typer.Option(min=1, help="alerts to time")] = 120) -> None:
    """From the reading that completes a condition to the alert on another client, at 10,000 readings/s."""
    from opsroom.bench import delay as measured

    with _progress("delay", trials) as step:
        result = measured.bench(trials=trials, done=lambda: step("alert seen"))
    say_json(result)


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
