"""`opsroom demo`: one command to a live room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opsroom.cli.terminal import AsJson, examples, log_to_stderr, out, say_json, say_table

if TYPE_CHECKING:
    from opsroom.demo import Opened


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        epilog=examples(
            "opsroom demo",
            "opsroom demo --open --seed 7",
            "opsroom demo --scenario trouble --speed 1200",
            "opsroom demo --port 0 --for 120 --json",
        )
    )(demo)


def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes a free one")] = 8040,
    seed: Annotated[
        int, typer.Option(min=0, help="equal seeds break the same plants at the same instants")
    ] = 1,
    speed: Annotated[
        float, typer.Option(min=60.0, max=7200.0, help="simulated seconds a second; a reading every 600")
    ] = 600.0,
    scenario: Annotated[str, typer.Option(help="strike, trouble, drought or calm")] = "strike",
    for_s: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0.1, help="stop by itself")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="open the room in a browser")] = False,
    as_json: AsJson = False,
) -> None:
    """Start a room with a simulated economy in a temporary folder; prints its address and its seats."""
    from ingest.sim.scenarios import Scenario
    from opsroom.demo import Plan, play

    if scenario not in set(Scenario):
        raise typer.BadParameter(f"one of {', '.join(Scenario)}", param_hint="--scenario")

    log_to_stderr("warning")

    def ready(opened: Opened) -> None:
        _say(opened, as_json=as_json)
        if open_browser:
            import webbrowser

            webbrowser.open(f"{opened.url}/room/")

    play(Plan(port, seed, speed, for_s, Scenario(scenario)), ready)


def _say(opened: Opened, *, as_json: bool) -> None:
    """Tell where the room is, who may sit in it, and what will happen first."""
    faults = opened.world.faults
    first = None
    if faults:
        in_s = round(faults[0].start_s / opened.speed)
        first = {"kind": faults[0].kind.value, "series": list(faults[0].series), "in_s": in_s}
    if as_json:
        say_json(
            {
                "event": "ready",
                "url": f"{opened.url}/room/",
                "seats": [seat._asdict() for seat in opened.seats],
                "tokens": opened.tokens,
                "first_fault": first,
            }
        )
        return
    rows = [(seat.person, seat.password, seat.unit or "/", seat.role.value) for seat in opened.seats]
    say_table("Seats", ["person", "password", "unit", "role"], rows)
    console = out()
    if first is not None:
        told = f"In about {first['in_s']} s ({first['kind']}) the trouble of [bold]{faults[0].unit}[/] begins"
        console.print(f"{told}, and its alert to climb.")
    console.print(f"[bold]The room:[/] {opened.url}/room/   (Ctrl+C ends it; nothing is kept)")
