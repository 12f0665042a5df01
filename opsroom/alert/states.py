"""The states of an alarm and every way from one to another, as one table (ISA-18.2 / IEC 62682).

`EDGES` are the twenty-one edges of the life cycle at one position, numbered as in docs/alarms.md, which this
module prints (`python -m opsroom.alert.states`). `CLOCK` are those that the recovery clock and the decisions
at the top add: a climb is a new annunciation, so it ends in `unacked` from wherever it starts. Every ordered
pair of states that neither names is in `FORBIDDEN`, with its reason. The state is derived from the alert
(`Alert.state`), and the book asserts each step against this table before it writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

from opsroom.alarm import SILENCED, AlarmState
from opsroom.model import Alert

State = AlarmState
Pair = tuple[State, State]

A, B, C, D = State.NORMAL, State.UNACKED, State.ACKED, State.RTN_UNACKED
E, F, G = State.SHELVED, State.SUPPRESSED, State.OUT_OF_SERVICE
LU, LA = State.LATCHED_UNACKED, State.LATCHED_ACKED
HEARD: Final = (A, B, C, D)
LATCHED: Final = (LU, LA)


class Edge(NamedTuple):
    """A row: its number, the pairs of states it joins, event and guard in words, verbs, what is recorded."""

    number: str
    pairs: tuple[Pair, ...]
    event: str
    verbs: tuple[str, ...]
    recorded: str


def _to(target: State, *sources: State) -> tuple[Pair, ...]:
    return tuple((source, target) for source in sources)


EDGES: Final = (
    Edge("1", _to(B, A), "condition true", ("raised", "reopened", "pressed"), "kind, detector, priority"),
    Edge("2", _to(C, B), "acknowledged", ("acknowledged",), "person, note, level"),
    Edge("3", ((B, D), (B, A)), "condition false (A: the class needs no ack)", ("recovered",), "value"),
    Edge("4", _to(A, C), "condition false", ("recovered",), "value"),
    Edge(
        "5",
        (*_to(B, B, C), (C, C), (E, E), (F, F), (G, G)),
        "priority rises: an ack is void (C: unless decided on, or its class calls nobody again)",
        ("risen",),
        "old and new priority",
    ),
    Edge("6", _to(B, C), "un-acknowledged, or the ack timed out", ("unacknowledged",), "person or timeout"),
    Edge("7", _to(A, D), "acknowledged", ("acknowledged",), "person, note, level"),
    Edge("8", _to(B, D), "condition true again", ("reopened",), "kind, detector, rounds + 1"),
    Edge("9", ((B, LU), (C, LA)), "condition false, latching class", ("recovered",), "value"),
    Edge("9a", ((LU, LA),), "acknowledged", ("acknowledged",), "person, note, level"),
    Edge("10", _to(A, LU, LA), "reset, condition false", ("reset",), "person, note"),
    Edge("11", _to(B, LU, LA), "condition true", ("reopened",), "kind, detector, rounds + 1"),
    Edge("12", _to(E, *HEARD), "shelved for a time or one-shot", ("shelved",), "person, until, reason"),
    Edge("13", _to(B, E), "time expires, condition true", ("unshelved",), "timeout"),
    Edge("14", _to(C, E), "unshelved by hand, condition true", ("unshelved",), "person, note"),
    Edge("15", _to(A, E), "unshelved or expired, condition false", ("unshelved",), "person or timeout"),
    Edge("16", _to(A, E), "one-shot, condition false", ("recovered",), "value"),
    Edge("17", _to(F, B, C, D), "its cause's alert stands (from A: born silenced)", ("suppressed",), "cause"),
    Edge(
        "18", _to(B, F) + _to(A, F), "the cause ends (A: condition false)", ("unsuppressed",), "cause alert"
    ),
    Edge("19", _to(G, *HEARD), "taken out of service", ("removed",), "person, reference, reason"),
    Edge("20", _to(B, G) + _to(A, G), "returned (A: condition false)", ("returned",), "person, note"),
)

CLOCK: Final = (
    Edge(
        "climb",
        _to(B, B, C, *SILENCED),
        "the recovery time has run out: heard one level up",
        ("climbed",),
        "level, unit, who silenced it and why",
    ),
    Edge(
        "again",
        _to(B, B, C, *SILENCED),
        "the follow-up of a decision has come: called again at the top",
        ("annunciated",),
        "level, unit, who silenced it and why, values at the decision and now",
    ),
    Edge(
        "press", _to(B, B, C, *SILENCED), "pressed by hand: straight to the top", ("pressed",), "person, note"
    ),
    Edge("decide", ((B, C), (C, C)), "decided at the top", ("decided",), "text, addressee, follow-up, value"),
    Edge("rebase", _to(A, B, C), "new capability confirmed", ("rebased",), "person, capability"),
    Edge("end", _to(A, B), "a press without reading, its follow-up seen", ("acknowledged",), "person, note"),
    Edge(
        "replace",
        _to(A, A, D, *SILENCED, *LATCHED),
        "a newer alert of the series stands in its place and takes over what silences it",
        ("superseded",),
        "the newer alert",
    ),
    Edge(
        "born silenced",
        _to(E, A) + _to(F, A) + _to(G, A),
        "condition true of a series that is silenced",
        ("raised",),
        "kind, detector, what silences it",
    ),
)

SAID: Final = frozenset({"noted", "evidence", "named", "delivered", "judged", "followed_up"})
"""Verbs that leave every state as it is."""
RELEASED: Final = frozenset({"unshelved", "unsuppressed", "returned"})
"""Verbs that, where the alert has climbed meanwhile, end what silences it below and alter nothing here."""
SILENCED_BELOW: Final = frozenset({"shelved", "removed"})
"""A series is silenced at its own unit's level while its last alert ended further up: that one carries it."""
EVALUATED: Final = frozenset({"recovered", "reopened", "rebased", "decided"})
"""Rule 21: a silenced alert goes on being evaluated, journalled and counted, and may be decided on."""
RULES: Final = (
    ("21", "E, F, G", "The condition goes on being evaluated, journalled, counted; only annunciation stops."),
    ("22", "any", "A restart restores what is silenced with its remaining time; nothing is left unknown."),
)

_ONLY_TRUE: Final = "only a true condition is unacknowledged or acknowledged; it is raised first"
_BORN: Final = "nothing is born seen: an alarm begins unacknowledged"
_WENT: Final = "it returned unseen only if it was unacknowledged before"
_LATCH: Final = "an alarm latches out of a true condition, never out of this state"
_RESET: Final = "a latched alarm is reset first"
_HELD: Final = "one silencing at a time: the one that holds is ended first"
_UNSEEN: Final = "what ends silenced without its condition ends normal"
_HEARD_AGAIN: Final = "suppression and service end without anybody having seen the alarm"


def _reason(source: State, target: State) -> str:
    """Say why there is no edge; empty where no reason is named."""
    if source in LATCHED:
        latched = {C: "it re-alarms: seen before is not seen now", D: _RESET, LU: "an acknowledgement stays"}
        return latched.get(target, _RESET if target in SILENCED else "")
    if target in LATCHED and source not in {B, C}:
        return _LATCH
    if source in SILENCED:
        if target in SILENCED:
            return _HELD
        return {C: _HEARD_AGAIN, D: _UNSEEN}.get(target, "")
    reasons: dict[Pair, str] = {
        (A, C): _BORN,
        (A, D): _ONLY_TRUE,
        (C, D): _WENT,
        (B, LA): "seen is a step of its own",
        (C, LU): "an acknowledgement stays when the condition ends",
        (D, C): "acknowledged without its condition it is normal",
    }
    return reasons.get((source, target), "")


def _expanded(rows: tuple[Edge, ...]) -> Iterator[tuple[Pair, Edge]]:
    for row in rows:
        for pair in row.pairs:
            yield pair, row


def _allowed() -> dict[Pair, frozenset[str]]:
    table: dict[Pair, frozenset[str]] = {(one, one): SAID | RELEASED for one in (*HEARD, *LATCHED)}
    table |= {(one, one): SAID | EVALUATED for one in SILENCED}
    table[B, B] |= {"called"}
    table[A, A] |= SILENCED_BELOW
    for pair, row in _expanded(EDGES + CLOCK):
        table[pair] = table.get(pair, frozenset()) | frozenset(row.verbs)
    return table


ALLOWED: Final = _allowed()
"""The verbs that lead from one state to another."""
FORBIDDEN: Final[dict[Pair, str]] = {
    (source, target): _reason(source, target)
    for source, target in product(State, State)
    if (source, target) not in ALLOWED
}
"""Why there is no way from one state to another."""


def state_of(alert: Alert | None) -> State:
    """Give the state of an alert at the position where it stands; normal where there is none."""
    return State.NORMAL if alert is None else alert.state


def check(verb: str, before: Alert | None, after: Alert) -> None:
    """Assert that `verb` leads from the one to the other."""
    pair = state_of(before), after.state
    assert verb in ALLOWED.get(pair, ()), (verb, *pair, FORBIDDEN.get(pair, "not by this verb"), after.id)


def _rows(rows: tuple[Edge, ...]) -> Iterator[str]:
    for row in rows:
        targets = dict.fromkeys(target for _, target in row.pairs)
        ways = (", ".join(s for s, t in row.pairs if t is target) + f" → {target}" for target in targets)
        verbs = ", ".join(f"`{verb}`" for verb in row.verbs)
        yield f"| {row.number} | {'; '.join(ways)} | {row.event} | {verbs} | {row.recorded} |"


def printed() -> str:
    """Give the tables as Markdown, as docs/alarms.md holds them."""
    head = ["| edge | from → to | event | verb of the journal | recorded |", "|---|---|---|---|---|"]
    return "\n".join(
        [
            *head,
            *_rows(EDGES),
            "",
            *head,
            *_rows(CLOCK),
            "",
            "| rule | states | what holds |",
            "|---|---|---|",
            *(f"| {number} | {states} | {text} |" for number, states, text in RULES),
            "",
            "| no way from | to | because |",
            "|---|---|---|",
            *(f"| {source} | {target} | {reason} |" for (source, target), reason in FORBIDDEN.items()),
        ]
    )


if __name__ == "__main__":
    print(printed())  # noqa: T201 - this is what the call is for
