"""`opsroom economy`: a recorded economy through a fresh room; `make economy` calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opsroom.cli.terminal import AsJson, err, examples, log_to_stderr, out, say_json


def register(app: typer.Typer) -> None:
    """Add the verb, out of sight: it is a run for checking, not a verb of daily use."""
    app.command(hidden=True, epilog=examples("opsroom economy --data recordings --out out/economy.json"))(
        economy
    )


def economy(
    folder: Annotated[Path, typer.Option("--data", metavar="DIR", help="economy.csv.gz and hierarchy.json")],
    out_file: Annotated[Path, typer.Option("--out", metavar="FILE", help="JSON with every alert")],
    as_json: AsJson = False,
) -> None:
    """Feed a recorded economy into a fresh room on the stream's clock and write down every alert."""
    from rich.progress import Progress

    from opsroom.bench.economy import play

    log_to_stderr("warning")

    with Progress(console=err(), transient=True) as bar:
        task = bar.add_task("feeding", total=None)
        body = play(folder, out_file, lambda done, of: bar.update(task, completed=done, total=of))
    counts = {"fed": body["fed"], "stored": body["stored"], "alerts": len(body["alerts"])}
    if as_json:
        say_json(counts)
    else:
        out().print(f"{out_file}: {counts['fed']} fed, {counts['stored']} stored, {counts['alerts']} alerts")
