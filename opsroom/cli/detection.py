"""`opsroom bench nab` and `opsroom bench detect`: how well detection works, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opsroom.cli.terminal import examples, say_json


def register(app: typer.Typer) -> None:
    """Add the verbs to `opsroom bench`."""
    app.command(
        epilog=examples(
            "opsroom bench nab --data nab --out out/nab",
            "opsroom bench nab --data nab --out out/nab --every-constant",
        )
    )(nab)
    app.command(epilog=examples("opsroom bench detect", "opsroom bench detect --scale 0.1 --no-peers"))(
        detect
    )


def nab(
    folder: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="windows.json, profiles.json and data/")
    ],
    out_folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="score files and pictures")],
    pictures: Annotated[bool, typer.Option(help="draw each series")] = True,
    every_constant: Annotated[
        bool, typer.Option("--every-constant", help="cross-validate all that was tuned; minutes")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, help="files at a time")] = 2,
) -> None:
    """Accuracy on the Numenta benchmark: strictly causal, the threshold declared in the code."""
    from opsroom.bench.nab.bench import bench

    say_json(bench(folder, out_folder, processes=processes, pictures=pictures, every_constant=every_constant))


def detect(
    peers: Annotated[bool, typer.Option(help="with HalfSpaceTrees of river and a k-means ensemble")] = True,
    repeat: Annotated[int, typer.Option(min=1, help="runs a case; medians are given")] = 3,
    scale: Annotated[float, typer.Option(min=0.001, help="share of the full number of series")] = 1.0,
) -> None:
    """Cost of each detector on one core: time a reading and memory a series."""
    from opsroom.bench.detect import bench

    say_json(bench(repeat=repeat, scale=scale, peers=peers))
