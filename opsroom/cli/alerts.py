"""`opsroom alerts`: see and acknowledge alerts of a running room, as a seat."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from opsroom.cli.rest import DEFAULT_URL, Certificate, Person, Url, signed_in
from opsroom.cli.terminal import AsJson, examples, out, say_json, say_table

app = typer.Typer(no_args_is_help=True, help="Alerts of a running room, as a seat sees them.")


@app.command(
    "list",
    epilog=examples(
        "opsroom alerts list --person council-1", "opsroom alerts list --person council-1 --all --json"
    ),
)
def list_alerts(
    person: Person,
    url: Url = DEFAULT_URL,
    everything: Annotated[bool, typer.Option("--all", help="ended ones too")] = False,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """List the alerts that your seat may see, most urgent first."""
    with signed_in(url, person, cacert) as room:
        answer = room.get("alerts", open=None if everything else 1)
    alerts = answer["alerts"] if isinstance(answer, dict) else answer
    if as_json:
        say_json(alerts)
        return
    say_table(
        f"{len(alerts)} alerts",
        [
            "id",
            "priority",
            "kind",
            "series",
            "standing at",
            "level",
            "raised (UTC)",
            "deadline (UTC)",
            "state",
        ],
        [_row(alert) for alert in sorted(alerts, key=lambda alert: (alert["priority"], alert["raised"]))],
    )


@app.command("ack", epilog=examples('opsroom alerts ack 1f-2a3 --person council-1 --note "crew on its way"'))
def acknowledge(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="the alert, as `alerts list` names it")],
    person: Person,
    note: Annotated[str, typer.Option(help="what you want others to know")] = "",
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Acknowledge an alert at the level where it stands; moves no deadline."""
    with signed_in(url, person, cacert) as room:
        answer = room.post(f"alerts/{alert_id}/acknowledge", {"note": note})
    if as_json:
        say_json(answer)
    else:
        out().print(f"{alert_id}: acknowledged by {person}", markup=False)


def _row(alert: dict[str, Any]) -> list[object]:
    """Give an alert as a row of the table."""
    return [
        alert["id"],
        alert["priority"],
        alert["kind"],
        alert["series"],
        alert.get("standing") or "/",
        alert["level"],
        clock(alert["raised"]),
        clock(alert.get("deadline")),
        alert["state"],
    ]


def clock(at_ms: int | None) -> str | None:
    """Give epoch milliseconds as a time of day with its date, UTC."""
    if at_ms is None:
        return None
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
