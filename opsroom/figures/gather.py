"""From edges of the journal to arrays: one row an annunciation, with what became of it.

An annunciation is an alert newly calling for attention at one position (the unit at whose level it stands):
a raise, a climb, a press, a reopening, a call after a decision's follow-up, the end of a silence while the
condition holds, an acknowledgement made void by a rise. A reminder and an acknowledgement that ran out call
again and are none. What happens while an alert is silenced (shelved, suppressed by design, out of service)
is counted apart; a climb calls all the same, since nobody below can hush the level above. Verbs unknown
here move the state they carry and are counted by name.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable


NONE: Final = -1
RAISING: Final = frozenset({"raised", "reopened"})
CALLING: Final = RAISING | {"climbed", "pressed", "annunciated"}
AGAIN: Final = frozenset({"called", "unacknowledged"})
SILENCING: Final = frozenset({"shelved", "suppressed", "removed"})
ACTING: Final = frozenset({"acknowledged", "noted", "decided", "rebased"}) | SILENCING
QUIET: Final = frozenset(
    {"named", "evidence", "delivered", "recovered", "superseded", "judged", "followed_up"}
    | {"unshelved", "unsuppressed", "returned", "risen", "reset"}
)
KNOWN: Final = CALLING | AGAIN | ACTING | QUIET


class Stand(msgspec.Struct, frozen=True, gc=False):
    """One level at which an alert stood."""

    level: int
    unit_id: int


class Silence(msgspec.Struct, frozen=True, gc=False):
    """Who silenced an alert at one level, and on what ground."""

    level: int = 0
    by: str = ""
    reason: str = ""
    reference: str = ""
    cause: str | None = ""


class EdgeAlert(msgspec.Struct, frozen=True):
    """What the figures need of the alert after an edge."""

    id: str
    series_id: int
    unit_id: int
    priority: int
    active: bool
    unacked: bool
    level: int
    outcome: str
    annunciations: tuple[Stand, ...]
    silenced: Silence | None = None

    @property
    def standing(self) -> Stand:
        """The level where it stands."""
        return self.annunciations[-1]


class Edge(msgspec.Struct, frozen=True):
    """A row of the journal, read without what the figures do not need: a `Transition` has all of it."""

    at: int
    verb: str
    alert: EdgeAlert
    actor: str = ""
    params: dict[str, Any] = {}


class Marks(NamedTuple):
    """What is remembered of an alert from one edge to the next."""

    unacked: bool
    silenced: bool


class _Alert(Protocol):
    """What of an alert says whether it calls; `silenced` may be missing."""

    @property
    def active(self) -> bool:
        """Whether its condition holds."""
        ...

    @property
    def unacked(self) -> bool:
        """Whether nobody has seen it where it stands."""
        ...

    @property
    def level(self) -> int:
        """The level where it stands."""
        ...


def silence_of(alert: Any) -> Any:
    """Give what silences an alert at the level where it stands, or None: a silence below is none here."""
    silence = getattr(alert, "silenced", None)
    return None if silence is None or silence.level != alert.level else silence


def annunciates(verb: str, alert: _Alert, before: Marks | None) -> bool:
    """Say whether an edge calls for attention where the alert then stands."""
    if not (alert.active and alert.unacked):
        return False
    silenced = silence_of(alert) is not None
    if verb in CALLING:
        return verb not in RAISING or not silenced
    if before is None or silenced or verb in AGAIN:
        return False
    return before.silenced or not before.unacked


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """Everything counted, as arrays. Times are int64 us; `NONE` (-1) where there is nothing.

    One entry an annunciation: when (`at`), at which unit's level (`position`), whose alert (`origin`),
    series, priority, level, alert (number into `alerts`), when it was acknowledged there (`ack`), when its
    condition ended (`end`) and whether by itself (`recovered`), whether anybody did anything about it
    (`acted`), and whether it climbed on unseen (`passed`).

    Beside them climbs (when, to which level, alert), acknowledgements (when, position, with a note?),
    silencings (when, position, authorised?), raises not annunciated (when, position) and the last verdict
    of each person in time order (when, alert, useful?, person).
    """

    alerts: list[str]
    at: NDArray[np.int64]
    position: NDArray[np.int64]
    origin: NDArray[np.int64]
    series: NDArray[np.int64]
    priority: NDArray[np.int64]
    level: NDArray[np.int64]
    alert: NDArray[np.int64]
    ack: NDArray[np.int64]
    end: NDArray[np.int64]
    recovered: NDArray[np.bool_]
    acted: NDArray[np.bool_]
    passed: NDArray[np.bool_]
    climbs: NDArray[np.int64]
    acks: NDArray[np.int64]
    silencings: NDArray[np.int64]
    silenced: NDArray[np.int64]
    verdicts: list[tuple[int, int, bool, str]]
    others: dict[str, int]


class _Life:
    """One alert as far as its edges have been seen."""

    __slots__ = ("marks", "number", "open", "waiting")

    def __init__(self, number: int) -> None:
        self.number = number
        self.marks: Marks | None = None
        self.open: list[int] = []
        self.waiting: list[int] = []


class _Gatherer:
    def __init__(self) -> None:
        self.lives: dict[str, _Life] = {}
        self.rows: list[list[int]] = []
        self.climbs: list[tuple[int, int, int]] = []
        self.acks: list[tuple[int, int, int]] = []
        self.silencings: list[tuple[int, int, int]] = []
        self.silenced: list[tuple[int, int]] = []
        self.verdicts: list[tuple[int, int, bool, str]] = []
        self.others: Counter[str] = Counter()

    def take(self, edge: Any) -> None:
        """Take one edge."""
        alert, verb = edge.alert, edge.verb
        life = self.lives.get(alert.id)
        if life is None:
            life = self.lives[alert.id] = _Life(len(self.lives))
        silence = silence_of(alert)
        if verb not in CALLING:
            self._acts(edge, life, silence)
        if verb == "climbed":
            self.climbs.append((edge.at, alert.level, life.number))
        if annunciates(verb, alert, life.marks):
            self._call(edge, life)
        elif silence is not None and verb in RAISING:
            self.silenced.append((edge.at, alert.standing.unit_id))
        if not alert.active and life.open:
            for row in life.open:
                self.rows[row][8:10] = edge.at, alert.outcome == "recovered"
            life.open.clear()
        life.marks = Marks(alert.unacked, silence is not None)

    def _call(self, edge: Any, life: _Life) -> None:
        alert, standing = edge.alert, edge.alert.standing
        for row in life.waiting:
            self.rows[row][11] = self.rows[row][1] != standing.unit_id
        life.waiting = [row for row in life.waiting if not self.rows[row][11]] + [len(self.rows)]
        life.open.append(len(self.rows))
        self.rows.append(
            [
                *(edge.at, standing.unit_id, alert.unit_id, alert.series_id, int(alert.priority)),
                *(alert.level, life.number, NONE, NONE, False, False, False),
            ]
        )

    def _acts(self, edge: Any, life: _Life, silence: Any) -> None:
        alert, verb = edge.alert, edge.verb
        if verb not in KNOWN:
            self.others[verb] += 1
        if verb in ACTING:
            for row in life.open:
                self.rows[row][10] = True
        if verb == "acknowledged":
            noted = bool(str(edge.params.get("note", "")).strip())
            self.acks.append((edge.at, alert.standing.unit_id, noted))
            for row in life.waiting:
                self.rows[row][7] = edge.at
            life.waiting.clear()
        elif verb in SILENCING:
            self.silencings.append((edge.at, alert.standing.unit_id, _authorised(edge, silence)))
        elif verb == "judged":
            self.verdicts.append((edge.at, life.number, bool(edge.params.get("useful")), edge.actor))


def _authorised(edge: Any, silence: Any) -> bool:
    """Say whether a silence has somebody or a rule behind it, and a ground.

    A designed suppression has its rule or the alert that is its cause; a person gives a reason, out of
    service the reference of the work order.
    """

    def said(name: str) -> str:
        return str(getattr(silence, name, None) or edge.params.get(name) or "").strip()

    ground = said("reason") or said("reference") or said("cause") or said("rule")
    if edge.verb == "suppressed":
        return bool(ground)
    return bool((edge.actor or said("by")) and ground)


def gather(edges: Iterable[Any]) -> Gathered:
    """Count edges (`Edge` or `Transition`) in the order of the journal.

    Edges before the span of interest should begin with the raise of every alert that still stood at its
    start, else an annunciation made before it is not known.
    """
    found = _Gatherer()
    for edge in edges:
        found.take(edge)
    table = np.array(found.rows, np.int64).reshape(-1, 12)
    order = np.argsort(table[:, 0], kind="stable")
    table = table[order]
    return Gathered(
        alerts=list(found.lives),
        at=table[:, 0],
        position=table[:, 1],
        origin=table[:, 2],
        series=table[:, 3],
        priority=table[:, 4],
        level=table[:, 5],
        alert=table[:, 6],
        ack=table[:, 7],
        end=table[:, 8],
        recovered=table[:, 9].astype(bool),
        acted=table[:, 10].astype(bool),
        passed=table[:, 11].astype(bool),
        climbs=np.array(found.climbs, np.int64).reshape(-1, 3),
        acks=np.array(found.acks, np.int64).reshape(-1, 3),
        silencings=np.array(found.silencings, np.int64).reshape(-1, 3),
        silenced=np.array(found.silenced, np.int64).reshape(-1, 2),
        verdicts=found.verdicts,
        others=dict(found.others),
    )
