"""`opsroom audits`: declared looks into a unit below, as a seat of either side sees them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from opsroom.cli.rest import DEFAULT_URL, Certificate, Person, Url, signed_in
from opsroom.cli.terminal import AsJson, examples, out, say_json, say_table

app = typer.Typer(no_args_is_help=True, help="Audits: declared looks into a unit below.")


@app.command(
    "list",
    epilog=examples("opsroom audits list --person council-1", "opsroom audits list --person shift-1 --json"),
)
def list_audits(
    person: Person, url: Url = DEFAULT_URL, cacert: Certificate = None, as_json: AsJson = False
) -> None:
    """List the audits that your unit declared or was looked at under, newest first."""
    with signed_in(url, person, cacert) as room:
        rows = room.get("audits")["audits"]
    if as_json:
        say_json(rows)
        return
    say_table(
        f"{len(rows)} audits",
        [
            "id",
            "by",
            "unit",
            "series",
            "person",
            "declared (UTC)",
            "until (UTC)",
            "in force",
            "looks",
            "reason",
        ],
        [_row(one) for one in rows],
    )


@app.command(
    "declare",
    epilog=examples(
        'opsroom audits declare energy/dam --person council-1 --for 3600 --reason "yearly sample"',
        'opsroom audits declare energy/dam --series 17 --person council-1 --for 600 --reason "odd figures"',
    ),
)
def declare(
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="path of a unit below yours")],
    person: Person,
    reason: Annotated[str, typer.Option(help="why, as the unit reads it")],
    lasting_s: Annotated[float, typer.Option("--for", metavar="SECONDS", help="how long", min=1.0)],
    series: Annotated[int | None, typer.Option(metavar="ID", help="this one series of it only")] = None,
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Declare an audit of a unit below, or of one series of it; the unit sees it at once."""
    body = {"unit": unit, "reason": reason, "duration_s": lasting_s, "series_id": series}
    with signed_in(url, person, cacert) as room:
        made = room.post("audits", body)["audit"]
    if as_json:
        say_json(made)
    else:
        out().print(f"{made['id']}: {unit} is open until {_clock(made['until'])} UTC", markup=False)


@app.command("end", epilog=examples("opsroom audits end a1f2 --person council-1"))
def end(
    audit_id: Annotated[str, typer.Argument(metavar="ID", help="the audit, as `audits list` names it")],
    person: Person,
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """End an audit of your unit before its time."""
    with signed_in(url, person, cacert) as room:
        ended = room.post(f"audits/{audit_id}/end", {})["audit"]
    if as_json:
        say_json(ended)
    else:
        out().print(f"{audit_id}: ended by {person}", markup=False)


def _row(one: dict[str, Any]) -> list[object]:
    """Give an audit as a row of the table."""
    return [
        one["id"],
        one["by"] or "/",
        one["unit"] or "/",
        one["series_name"] or "all",
        one["person"],
        _clock(one["declared"]),
        _clock(one["until"] if one["ended"] is None else one["ended"]),
        "yes" if one["in_force"] else "no",
        sum(look["n"] for look in one["looks"]) + one["others"],
        one["reason"],
    ]


def _clock(at_ms: int) -> str:
    """Give epoch milliseconds as a time of day with its date, UTC."""
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
