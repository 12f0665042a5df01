"""The words of the room as types: units, series, readings, findings, alerts.

No I/O and no clock. Times are int microseconds UTC since 1970 (`..._us` or `at`), spans in words are
seconds (`..._s`). Terms follow the glossary of the domain and, for alarms, ISA-18.2.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.alarm import ANOMALY, AlarmState, Call, Silencing, derived
from opsroom.aside import Aside
from opsroom.decision import Decision

Micros = int
MICROS_PER_S: Final = 1_000_000
QUALITY_GOOD: Final = 192
QUALITY_UNCERTAIN: Final = 64
QUALITY_BAD: Final = 0
DEFAULT_RECOVERY_PERIODS: Final = 3


class Orientation(StrEnum):
    """Which way an indicator is better."""

    MORE_IS_BETTER = "more"
    LESS_IS_BETTER = "less"


class Role(StrEnum):
    """What a seat may do; later ones include the earlier, within the seat's own unit."""

    OBSERVER = "observer"
    OPERATOR = "operator"
    COUNCIL = "council"
    ADMIN = "admin"


class Unit(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A node of the tree: `id` never changes, `path` may (`""` is the root, else names joined by `/`).

    `formerly` are last parts that its path had before: they lead here until they are given up.
    """

    id: int
    root_id: int
    parent_id: int | None
    path: str
    name: str
    level_name: str
    depth: int
    time_zone: str = "UTC"
    guidance: str = ""
    procedure: str = ""
    formerly: tuple[str, ...] = ()
    retired: bool = False


class Indicator(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What makes a series an indicator: its triple is scored as an index (DOMAIN 1.4)."""

    orientation: Orientation
    capability: float | None = None
    potentiality: float | None = None
    essential: bool = False


class Series(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A telemetry series of one unit.

    `unit` is a UCUM code (or the sender's text while `unit_verified` is false). `band` is declared (low,
    high), either end may be None. `recovery_s` holds one recovery time a level, own level first; missing
    levels repeat the last one. `circular` is the full turn (360 for degrees). `like` names the sibling
    group. Log and store hold values in `kept`, everything else is in `unit`; empty: the same. `formerly` are
    names that it had before: they lead here until they are given up.
    """

    id: int
    root_id: int
    unit_id: int
    name: str
    unit: str = ""
    unit_verified: bool = False
    period_s: float | None = None
    circular: float | None = None
    like: str | None = None
    band: tuple[float | None, float | None] | None = None
    recovery_s: tuple[float, ...] = ()
    adopted: bool = True
    indicator: Indicator | None = None
    consequence: str = "minor"
    response_s: float | None = None
    kept: str = ""
    description: str = ""
    formerly: tuple[str, ...] = ()
    aside: Aside = Aside.NO

    def recovery_at(self, level: int, default_s: float) -> float:
        """Give seconds at `level` (0 = the unit's own); 3 periods or `default_s` where none is agreed."""
        if self.recovery_s:
            return self.recovery_s[min(level, len(self.recovery_s) - 1)]
        return DEFAULT_RECOVERY_PERIODS * self.period_s if self.period_s else default_s


class RelationKind(StrEnum):
    """What several series have to do with one another.

    `whole`: variables of one plant that move together. `claim`: a supplier's figure, then the consumer's of
    the same thing. `balance`: what goes in, comes out and is stored sums to nothing, by `weights`.
    `orders`: the demand a unit meets, then the orders it places.
    """

    WHOLE = "whole"
    CLAIM = "claim"
    BALANCE = "balance"
    ORDERS = "orders"


class Relation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Series that are judged together at the same instants.

    `members` are series ids in the order their kind asks for, `weights` one a member (a balance); without
    members it is watched no more. With `lag` 1 a receipt is of the claim of the instant before. The clean
    period from which limits are learned is `clean` (from, to; event time) or else the first
    `clean_readings` complete instants. What is found is said of a member series, first to its own unit.
    """

    id: int
    root_id: int
    unit_id: int
    name: str
    kind: RelationKind
    members: tuple[int, ...]
    weights: tuple[float, ...] = ()
    clean_readings: int = 500
    clean: tuple[Micros, Micros] | None = None
    lag: int = 0


class Columns(msgspec.Struct, frozen=True, gc=False):
    """Readings as parallel arrays of one length n: series id, event time (us), value, quality."""

    series: NDArray[np.int32]
    t: NDArray[np.int64]
    v: NDArray[np.float64]
    q: NDArray[np.uint8]

    def __len__(self) -> int:
        """Give the number of readings."""
        return len(self.t)

    def take(self, index: NDArray[Any]) -> Columns:
        """Give the readings that `index` (positions or a mask) selects."""
        return Columns(self.series[index], self.t[index], self.v[index], self.q[index])

    @staticmethod
    def empty() -> Columns:
        """Give zero readings."""
        return Columns(
            np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.uint8)
        )

    @staticmethod
    def concat(parts: list[Columns]) -> Columns:
        """Join in order."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return Columns.empty()
        return Columns(
            *(np.concatenate(row) for row in zip(*((p.series, p.t, p.v, p.q) for p in parts), strict=True))
        )


class Refusal(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Why one reading of a batch was not accepted.

    `index` is its position in the batch, `field` the part at fault.
    """

    index: int
    series: str
    code: str
    field: str
    params: dict[str, Any] = {}
    message: str = ""


class ChangeKind(StrEnum):
    """What the filter, or another detector, calls the change."""

    ABNORMAL = "abnormal"
    STEP = "step"
    SLOPE = "slope"
    TRANSIENT = "transient"
    SIBLINGS = "siblings"
    LIMIT = "limit"
    STUCK = "stuck"
    MISSING_REPORT = "missing_report"
    PRESS = "press"
    TOGETHER = "together"
    CLAIM = "claim"
    BALANCE = "balance"
    OSCILLATION = "oscillation"
    SMOOTHED = "smoothed"
    HEAPED = "heaped"
    DETECTOR_FAILED = "detector_failed"
    LATENCY_EROSION = "latency_erosion"
    CAPABILITY_UNDERSTATED = "capability_understated"
    REPORTED = "reported"
    NONE = "none"


class FindingVerb(StrEnum):
    """What a finding asks of the alert of its series."""

    OPEN = "open"
    EVIDENCE = "evidence"
    NAME = "name"
    BACK = "back"


class Sentence(msgspec.Struct, frozen=True, gc=False):
    """One sentence as a catalogue code and its parameters; worded at the rim in the reader's language."""

    code: str
    params: dict[str, Any] = {}


class Finding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a detector says of one reading.

    `open` opens an alert, `evidence` adds to it, `name` gives its kind, `back` says that the series is back
    inside its band. `at` is the event time of the reading, `onset` the estimated start of the change.
    `rate_per_week` is the expected number of false alarms a week at this score; `low`..`high` the expected
    band, `p` the probability of `kind`. `contributors` are (series id, z).
    `direction` is the sign of the change of what is scored: of the value, or of an indicator's index (up is
    better), in which `value`, `expected`, `low` and `high` are then stated too; a limit's finding in the
    series' own unit. `ratios`: productivity and latency now, and then where it erodes. `until` ends a drill.
    """

    series_id: int
    verb: FindingVerb
    detector: str
    kind: ChangeKind
    at: Micros
    onset: Micros | None = None
    value: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    direction: int = 0
    p: float | None = None
    rate_per_week: float | None = None
    contributors: tuple[tuple[int, float], ...] = ()
    ratios: tuple[float, ...] = ()
    until: Micros | None = None


class Outcome(StrEnum):
    """How an alert ended, or that it has not."""

    OPEN = "open"
    RECOVERED = "recovered"
    REBASED = "rebased"
    DECIDED = "decided"


class Priority(IntEnum):
    """1 = act now, 2 = act soon, 3 = watch."""

    ACT_NOW = 1
    ACT_SOON = 2
    WATCH = 3


class Annunciation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An alert standing at one level: `level` counts climbs (0 = the unit's own)."""

    level: int
    unit_id: int
    at: Micros
    deadline: Micros | None


class Acknowledgement(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Who saw an alert, when, at which level."""

    level: int
    unit_id: int
    person: str
    seat_id: int
    at: Micros
    note: str = ""
    key: str = ""


class Note(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the unit says of its alert; `until` is its own estimate and moves no deadline."""

    at: Micros
    author: str
    text: str
    until: Micros | None = None


class Judgement(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Whether somebody found the alert useful; a person's last word counts."""

    at: Micros
    person: str
    seat_id: int
    unit_id: int
    useful: bool


class Alert(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An alert: the alarm of ISA-18.2 with the algedonic clock.

    `active` (the condition holds), `unacked` (nobody saw it where it stands), `level`, `deadline`, `outcome`
    are kept apart. `id` derives from series and log offset. `annunciations` are all levels it stood at.
    `silenced` says who stopped its annunciation, also where it has climbed since. It, `acked_until` and
    `call_at` move no deadline. `call_first` is when step 0 was called; `rounds` counts raises and reopenings.
    """

    id: str
    root_id: int
    series_id: int
    unit_id: int
    kind: ChangeKind
    priority: Priority
    raised: Micros
    onset: Micros | None
    active: bool
    unacked: bool
    level: int
    deadline: Micros | None
    outcome: Outcome
    annunciations: tuple[Annunciation, ...]
    delivered: Micros | None = None
    recovered: Micros | None = None
    acknowledgements: tuple[Acknowledgement, ...] = ()
    notes: tuple[Note, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    decision: Decision | None = None
    explanation: tuple[Sentence, ...] = ()
    findings: tuple[Finding, ...] = ()
    alarm_class: str = ANOMALY.name
    rule: str = ""
    rule_version: int = 0
    rounds: int = 1
    silenced: Silencing | None = None
    latched: bool = False
    acked_until: Micros | None = None
    cause: str | None = None
    calls: tuple[Call, ...] = ()
    call_at: Micros | None = None
    call_step: int = 0
    call_first: Micros | None = None

    @property
    def standing(self) -> Annunciation:
        """The level where it stands now."""
        return self.annunciations[-1]

    @property
    def state(self) -> AlarmState:
        """Derived from the two memories, and from what silences it where it stands."""
        here = self.silenced if self.silenced and self.silenced.level == self.level else None
        return derived(here, active=self.active, unacked=self.unacked, latched=self.latched)

    @property
    def followup_due(self) -> Micros | None:
        """When it is recorded what came of its decision, None where nothing is to be."""
        return None if self.decision is None else self.decision.due

    @property
    def on_wall(self) -> bool:
        """Whether it stands on a wall: its condition holds, nobody saw that it went, or it is held there."""
        return self.active or self.unacked or self.latched or self.silenced is not None


class Transition(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One edge in the life of an alert: a row of the append-only journal and the alert after it.

    `verb` is one of raised, named, evidence, delivered, acknowledged, noted, climbed, recovered, reopened,
    decided, rebased, annunciated, pressed, superseded, judged, shelved, unshelved, suppressed, unsuppressed,
    removed (out of service), returned, unacknowledged, risen, reset, called, followed_up.
    """

    at: Micros
    verb: str
    alert: Alert
    actor: str = ""
    params: dict[str, Any] = {}
