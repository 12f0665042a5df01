"""`opsroom alerts shelve` and its sisters: acts on the annunciation of an alert; none stops a clock."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import typer

from opsroom.cli.alerts import clock
from opsroom.cli.rest import DEFAULT_URL, Certificate, Person, Url, signed_in
from opsroom.cli.terminal import AsJson, examples, out, say_json

UNITS_S: Final = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(min|s|m|h|d)")

Id = Annotated[str, typer.Argument(metavar="ID", help="the alert, as `alerts list` names it")]
Note = Annotated[str, typer.Option(help="what you want others to know")]
Reason = Annotated[str, typer.Option(help="why; stands on the card and in the journal")]


def seconds(text: str) -> float:
    """Read a span: numbers with a unit, `s`, `min` (or `m`), `h`, `d`, one after the other.

    >>> seconds("2h"), seconds("1h 30min"), seconds("0.5d")
    (7200.0, 5400.0, 43200.0)

    Raises:
        BadParameter: it is no span.
    """
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        raise typer.BadParameter(f"{text!r} is no span; write 15min, 2h or 1h 30min")
    return float(sum(float(number) * UNITS_S[unit] for number, unit in parts))


def shelve(
    alert_id: Id,
    person: Person,
    reason: Reason,
    span: Annotated[str | None, typer.Option("--for", metavar="SPAN", help="how long: 15min, 2h")] = None,
    once: Annotated[bool, typer.Option("--once", help="until it clears, at the latest SPAN")] = False,
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Shelve an alert where it stands: nobody is called, the clock runs on."""
    if span is None and not once:
        raise typer.BadParameter("say how long with --for, or --once", param_hint="--for")
    body = {"reason": reason, "one_shot": once, "duration_s": None if span is None else seconds(span)}
    answer = _post(f"alerts/{alert_id}/shelve", body, person, url, cacert)
    until = (answer["alert"] or {}).get("silenced") or {}
    _say(answer, f"{alert_id}: shelved by {person} until {clock(until.get('until'))} (UTC)", as_json=as_json)


def unshelve(
    alert_id: Id,
    person: Person,
    note: Note = "",
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """End a shelving; if the condition holds the alert counts as seen by you."""
    answer = _post(f"alerts/{alert_id}/unshelve", {"note": note}, person, url, cacert)
    _say(answer, f"{alert_id}: shelving ended by {person}", as_json=as_json)


def out_of_service(
    alert_id: Id,
    person: Person,
    reference: Annotated[str, typer.Option(help="the work order or permit")],
    reason: Reason = "",
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Take an alert out of service while the plant is worked on; the clock runs on."""
    body = {"reference": reference, "reason": reason}
    answer = _post(f"alerts/{alert_id}/out-of-service", body, person, url, cacert)
    _say(answer, f"{alert_id}: out of service by {person}, {reference}", as_json=as_json)


def return_to_service(
    alert_id: Id,
    person: Person,
    note: Note = "",
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Return an alert to service; if the condition holds it stands unacknowledged again."""
    answer = _post(f"alerts/{alert_id}/return", {"note": note}, person, url, cacert)
    _say(answer, f"{alert_id}: returned to service by {person}", as_json=as_json)


def unack(
    alert_id: Id,
    person: Person,
    note: Note = "",
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Take an acknowledgement back: the alert stands unacknowledged and is called for again."""
    answer = _post(f"alerts/{alert_id}/unacknowledge", {"note": note}, person, url, cacert)
    _say(answer, f"{alert_id}: acknowledgement taken back by {person}", as_json=as_json)


def reset(
    alert_id: Id,
    person: Person,
    note: Note = "",
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Reset a latched alert whose condition has ended; it leaves the wall."""
    answer = _post(f"alerts/{alert_id}/reset", {"note": note}, person, url, cacert)
    _say(answer, f"{alert_id}: reset by {person}", as_json=as_json)


def _post(path: str, body: dict[str, Any], person: str, url: str, cacert: str | None) -> Any:
    with signed_in(url, person, cacert) as room:
        return room.post(path, body)


def _say(answer: Any, line: str, *, as_json: bool) -> None:
    if as_json:
        say_json(answer)
    else:
        out().print(line, markup=False)


VERBS: Final = (
    (
        "shelve",
        shelve,
        'opsroom alerts shelve 1f-2a3 --for 2h --reason "valve is being changed" --person shift',
        'opsroom alerts shelve 1f-2a3 --once --reason "known start-up swing" --person shift',
    ),
    ("unshelve", unshelve, "opsroom alerts unshelve 1f-2a3 --person shift"),
    (
        "out-of-service",
        out_of_service,
        "opsroom alerts out-of-service 1f-2a3 --reference W-1207 --person council-1",
    ),
    ("return", return_to_service, "opsroom alerts return 1f-2a3 --person council-1"),
    ("unack", unack, 'opsroom alerts unack 1f-2a3 --note "looked at the wrong one" --person shift'),
    ("reset", reset, "opsroom alerts reset 1f-2a3 --person shift"),
)


def register(app: typer.Typer) -> None:
    """Add these verbs to those of alerts."""
    for name, verb, *shown in VERBS:
        app.command(name, epilog=examples(*shown))(verb)
