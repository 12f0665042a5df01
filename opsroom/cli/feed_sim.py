"""`opsroom feed sim`: the simulated economy to a room on the stream's clock."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from opsroom.cli.terminal import AsJson, err, examples, log_to_stderr, out, say_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.sim.feeder import Course

PLANTS: Final = 81
PLANTS_MOST: Final = 12_000
DRY_DAYS: Final = 1.0
MICROS_PER_S: Final = 1_000_000


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "sim",
        epilog=examples(
            "opsroom feed sim --economy > economy.toml",
            "opsroom serve --clock stream",
            "opsroom feed sim --scenario strike --speed 600 --truth truth.jsonl",
            "opsroom feed sim --plants 10000 --dry-run",
        ),
    )(feed_sim)


def feed_sim(
    to: Annotated[
        str, typer.Option(metavar="URL", help="the room: ws:// or wss://, host and port")
    ] = "ws://127.0.0.1:8040",
    token: Annotated[
        str, typer.Option(envvar="OPSROOM_TOKEN", help="from `opsroom token new /`; or OPSROOM_TOKEN")
    ] = "",
    scenario: Annotated[str, typer.Option(help="calm, trouble, strike or drought")] = "strike",
    seed: Annotated[int, typer.Option(min=0, help="equal seeds give equal readings, byte for byte")] = 1,
    speed: Annotated[str, typer.Option(metavar="N|max", help="simulated seconds a second")] = "600",
    plants: Annotated[
        int, typer.Option(min=1, max=PLANTS_MOST, help="at least so many enterprises, in districts of 81")
    ] = PLANTS,
    history_d: Annotated[
        float, typer.Option("--history-d", min=0.0, help="days of past to send first")
    ] = 14.0,
    days: Annotated[
        float | None, typer.Option(min=0.01, help="simulated days to feed; else for ever")
    ] = None,
    help_h: Annotated[
        float | None,
        typer.Option(
            "--help-after-h", min=0.0, help="hours after which all lorries are shared out in common"
        ),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write what goes wrong, where and when (JSON lines)")
    ] = None,
    economy: Annotated[bool, typer.Option("--economy", help="print its economy file and end")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="send nothing; readings a CPU second, SHA-256")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Feed the simulated economy of `opsroom demo` to a room that has its tree."""
    from ingest.address import ingest_url
    from opsroom.cli.feed import speed_of
    from opsroom.simulating import SimPlan, simulate, simulate_dry, write_truth

    plan = SimPlan(_scenario(scenario), seed, plants, speed_of(speed), history_d, days, help_h)
    world = plan.world()
    if economy:
        from ingest.sim.tree import economy_toml

        print(economy_toml(world.layout))
        return
    if truth is not None:
        write_truth(world, truth)
    if dry_run:
        dry = simulate_dry(world, DRY_DAYS if days is None else days)
        say_json(dry._asdict()) if as_json else out().print(
            f"{dry.enterprises} enterprises, {dry.series} series: {dry.readings} readings, "
            f"{dry.readings_per_s:.0f} a CPU second, sha256 {dry.sha256}",
            markup=False,
        )
        return
    log_to_stderr("warning")
    with _shown() as show:
        course = simulate(world, plan, ingest_url(to), token, show)
    if as_json:
        say_json({"readings": course.readings, "elapsed_s": course.elapsed_s, "pooled": course.pooled})
    else:
        out().print(_line(course), markup=False)


def _scenario(name: str) -> str:
    """Check the name of a scenario."""
    from ingest.sim.scenarios import Scenario

    if name not in set(Scenario):
        raise typer.BadParameter(f"one of {', '.join(Scenario)}", param_hint="--scenario")
    return name


@contextmanager
def _shown() -> Iterator[Callable[[Course], None]]:
    """Show how far the simulation is, in one line on standard error."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err(), transient=True) as bar:
        task = bar.add_task("sending the past")
        yield lambda course: bar.update(task, description=_line(course))


def _line(course: Course) -> str:
    """Give how far the simulation is as one line of text."""
    local = datetime.fromtimestamp(course.at / MICROS_PER_S, UTC)
    waiting = sum(link.stats.outbox_batches for link in course.links)
    refused = sum(link.stats.refused for link in course.links)
    pooled = ", lorries in common" if course.pooled else ""
    return (
        f"{local:%Y-%m-%d %H:%M} UTC, {course.readings} readings, {max(0.0, course.late_s):.1f} s behind, "
        f"refused {refused}, outbox {waiting}{pooled}"
    )
