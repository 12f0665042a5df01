"""`opsroom figures`: the alarm figures of a seat's own position, as a table, JSON or CSV."""

from __future__ import annotations

import datetime as dt
import re
import sys
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from opsroom.cli.rest import DEFAULT_URL, Certificate, Person, Url, signed_in
from opsroom.cli.terminal import examples, out, say_json, say_table

BACK: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([hd])")
HOURS: Final = {"h": 1, "d": 24}
HOUR_MS: Final = 3_600_000
SMALL: Final = 0.1
WHOLE: Final = 100


class Format(StrEnum):
    """How the figures are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "figures",
        epilog=examples(
            "opsroom figures --person council-1",
            "opsroom figures --person council-1 --from 30d --format csv",
            "opsroom figures --person council-1 --from 2026-03-01T06:00 --to 2026-03-01T14:00",
        ),
    )(figures)


def figures(
    person: Person,
    since: Annotated[
        str,
        typer.Option("--from", metavar="TIME", help="ISO 8601 (UTC without offset), or how far back: 8h, 7d"),
    ] = "1d",
    until: Annotated[str, typer.Option("--to", metavar="TIME", help="ISO 8601; default: now")] = "",
    unit: Annotated[str | None, typer.Option(metavar="PATH", help="the seat's own unit, to be sure")] = None,
    form: Annotated[Format, typer.Option("--format", help="table, json or csv")] = Format.TABLE,
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
) -> None:
    """Tell the alarm figures of your seat's position over a span, with target and most."""
    end = instant_ms(until) if until else None
    back = BACK.fullmatch(since)
    start = None if back else instant_ms(since)
    with signed_in(url, person, cacert) as room:
        if back is not None:
            # The room's time, not ours (a replay has its own clock), and the end it was counted from.
            end = room.get("figures", to=end, unit=unit)["to"]
            start = max(0, end - round(float(back[1]) * HOURS[back[2]] * HOUR_MS))
        asked: dict[str, Any] = {"from": start, "to": end, "unit": unit}
        if form is Format.CSV:
            sys.stdout.write(room.text("figures", format="csv", **asked))
            return
        told = room.get("figures", **asked)
    if form is Format.JSON:
        say_json(told)
    else:
        _print(told)


def instant_ms(text: str) -> int:
    """Read a time as epoch milliseconds.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"no time: {text!r}", param_hint="--from or --to") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return round(moment.timestamp() * 1000)


def shown(value: float | None, form: str) -> str | None:
    """Word one value.

    >>> shown(0.0123, "share"), shown(90.0, "seconds"), shown(0.5764, "rate"), shown(1440.4, "rate")
    ('1.23 %', '90 s', '0.576', '1440')
    """
    if value is None:
        return None
    if form == "share":
        return f"< {SMALL} %" if 0 < value * 100 < SMALL else f"{value * 100:.3g} %"
    if form == "seconds":
        return f"{value:.0f} s"
    return f"{value:.3g}" if form == "rate" and value < WHOLE else f"{value:.0f}"


def _print(told: dict[str, Any]) -> None:
    span = " to ".join(
        dt.datetime.fromtimestamp(told[one] / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M")
        for one in ("from", "to")
    )
    say_table(
        f"{told['name']}: {told['annunciated']} alarms, {span} UTC",
        ["figure", "value", "target", "manageable", "judgement", "edition"],
        [
            [
                row["key"],
                shown(row["value"], row["form"]),
                shown(row["target"], row["form"]),
                shown(row["most"], row["form"]),
                row["judgement"],
                row["edition"],
            ]
            for row in told["rows"]
        ],
    )
    say_table(
        "bad actors", ["series", "raises", "share", "chattered"], [_actor(one) for one in told["actors"]]
    )
    if told["short"]:
        out().print(f"The standards ask for {told['days_min']:g} days at least.", markup=False)


def _actor(one: dict[str, Any]) -> list[object]:
    return [one["series"], one["raises"], shown(one["share"], "share"), one["chattered"]]
