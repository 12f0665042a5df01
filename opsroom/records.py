"""What stands in the one log: entries, their kinds, and the acts and changes of configuration they carry."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import msgspec

from opsroom.acts import Act, Annotate, Armrest, Assess, Resolve, TakeFloor, Unannotate
from opsroom.agreement import Signature
from opsroom.alarm import AlarmClass, Cause, Rota
from opsroom.flow import Flow
from opsroom.model import Finding, Micros, Refusal, Relation, Series, Unit
from opsroom.rule import Rule


class RecordKind(IntEnum):
    """What a record of the log is."""

    READINGS = 1
    ACT = 2
    CONFIG = 3
    TICK = 4
    SOURCE = 5


class Entry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Something to append.

    `source`, `epoch`, `seq` identify a plant's batch (empty and 0 otherwise), `received` is room time.
    """

    kind: RecordKind
    received: Micros
    payload: bytes = b""
    source: str = ""
    epoch: int = 0
    seq: int = 0
    refusals: tuple[Refusal, ...] = ()


class Record(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An entry as it stands in the log, at `offset` (1, 2, ...)."""

    offset: int
    kind: RecordKind
    received: Micros
    payload: bytes
    source: str = ""
    epoch: int = 0
    seq: int = 0


class SourceState(msgspec.Struct, frozen=True, gc=False):
    """What the log knows of a source.

    Its current epoch and the last seq whose readings and refusals are durable.
    """

    epoch: int = 0
    stored_seq: int = 0


# -- acts ------------------------------------------------------------------------------------------


class Acknowledge(Act, frozen=True, kw_only=True):
    """Seen, at the level where the alert stands."""

    alert_id: str
    note: str = ""


class Recovering(Act, frozen=True, kw_only=True):
    """The unit's note on its alert; moves no deadline."""

    alert_id: str
    note: str
    until: Micros | None = None


class Decide(Act, frozen=True, kw_only=True):
    """A decision at the top."""

    alert_id: str
    text: str
    addressee_id: int
    followup: Micros


class Judge(Act, frozen=True, kw_only=True):
    """Whether the alert was useful: moves the false-alarm budget of its series, and nothing else."""

    alert_id: str
    useful: bool


class Press(Act, frozen=True, kw_only=True):
    """An essential indicator pressed by hand, straight to the top."""

    series_id: int
    note: str = ""


class Delivered(Act, frozen=True, kw_only=True):
    """Alerts were first written to a socket or screen of their unit.

    `alert_id` is the one alert of a record as earlier releases wrote them.
    """

    alert_ids: tuple[str, ...] = ()
    alert_id: str = ""


class Rebase(Act, frozen=True, kw_only=True):
    """The unit's new capability, confirmed by its parent: ends the alert as rebased."""

    series_id: int
    capability: float


class Unacknowledge(Act, frozen=True, kw_only=True):
    """Seen by mistake, or to be looked at again."""

    alert_id: str
    note: str = ""


class Shelve(Act, frozen=True, kw_only=True):
    """Stop the annunciation where the alert stands, until a time or (`one_shot`) until its condition ends.

    Named by its alert, or by the series where none stands (`alert_id` empty).
    """

    reason: str
    alert_id: str = ""
    series_id: int = 0
    until: Micros | None = None
    one_shot: bool = False


class Unshelve(Act, frozen=True, kw_only=True):
    """End a shelving before its time; whoever does has seen the alert."""

    alert_id: str
    note: str = ""


class OutOfService(Act, frozen=True, kw_only=True):
    """Work is done on the plant: no annunciation until it is returned to service.

    Named by its alert, or by the series where none stands (`alert_id` empty).
    """

    reference: str
    alert_id: str = ""
    series_id: int = 0
    reason: str = ""


class ReturnToService(Act, frozen=True, kw_only=True):
    """The work is done."""

    alert_id: str
    note: str = ""


class Reset(Act, frozen=True, kw_only=True):
    """Release a latched alert whose condition has ended."""

    alert_id: str
    note: str = ""


class Declare(Act, frozen=True, kw_only=True):
    """An audit of a unit below, or of one series of it: for reading, until a time, for a reason."""

    audited_id: int
    reason: str
    until: Micros
    series_id: int = 0


class EndAudit(Act, frozen=True, kw_only=True):
    """An audit is over before its time."""

    audit_id: str


class LookedAt(msgspec.Struct, frozen=True, gc=False):
    """That a person read a series under an audit, `n` times."""

    audit_id: str
    series_id: int
    person: str
    n: int


class Looked(Act, frozen=True, kw_only=True):
    """What was read under audits since the last record of this kind."""

    looks: tuple[LookedAt, ...]


class Offer(Act, frozen=True, kw_only=True):
    """A unit shows the unit above that an indicator of its own got better."""

    pleasure_id: str


class Reported(Act, frozen=True, kw_only=True):
    """What a system outside found on series of its own; taken like what a detector says."""

    source: str
    findings: tuple[Finding, ...]


class Entrusted(Act, frozen=True, kw_only=True):
    """Who may come in was altered: a seat or a token made, altered or taken away. The room only keeps it.

    `subject` is the person, or what the token is called; `of_unit` where it belongs.
    """

    did: Literal["seat_made", "seat_altered", "seat_password", "seat_removed", "token_made", "token_revoked"]
    subject: str
    of_unit: int
    role: str = ""


class ProposeTerms(Act, frozen=True, kw_only=True):
    """A unit or its parent lays terms for a series before the other side.

    `version` is the one that was read, `answers` the proposal that waited then (0: none).
    """

    series_id: int
    recovery_s: tuple[float, ...]
    essential: bool
    version: int
    answers: int = 0
    note: str = ""


class ConfirmTerms(Act, frozen=True, kw_only=True):
    """The other side agrees to the proposal of this number."""

    series_id: int
    proposal: int


class DeclineTerms(Act, frozen=True, kw_only=True):
    """The other side turns the proposal down, or its own side withdraws it."""

    series_id: int
    proposal: int
    reason: str = ""


AlertAct = Acknowledge | Recovering | Decide | Judge | Press | Delivered | Rebase
QuietAct = Unacknowledge | Shelve | Unshelve | OutOfService | ReturnToService | Reset
AuditAct = Declare | EndAudit | Looked
TermsAct = ProposeTerms | ConfirmTerms | DeclineTerms
MinuteAct = Resolve | Assess
ChairAct = Armrest | TakeFloor
NoteAct = Annotate | Unannotate
AnyAct = (
    AlertAct | QuietAct | AuditAct | TermsAct | Reported | Offer | Entrusted | MinuteAct | ChairAct | NoteAct
)


# -- configuration ---------------------------------------------------------------------------------


Via = Literal["", "seat", "file", "plant", "moved"]
"""How a change of the tree came: by a person, the economy file, what a plant sent, the unit above."""


MetaKind = Literal["unit", "series"]


class UnitSet(msgspec.Struct, frozen=True, gc=False, tag="unit"):
    """A unit was made or altered, by whom; the room signs what nobody did."""

    unit: Unit
    via: Via = ""
    signed: Signature | None = None


class SeriesSet(msgspec.Struct, frozen=True, gc=False, tag="series"):
    """A series was made or altered, by whom; the room signs what nobody did."""

    series: Series
    via: Via = ""
    signed: Signature | None = None


class RelationSet(msgspec.Struct, frozen=True, gc=False, tag="relation"):
    """A relation between series was made or altered; one without members is watched no more."""

    relation: Relation


class FlowSet(msgspec.Struct, frozen=True, gc=False, tag="flow"):
    """A flow between two units was declared, altered or retired."""

    flow: Flow


class RotaSet(msgspec.Struct, frozen=True, gc=False, tag="rota"):
    """A unit's rota was made or altered; it counts from the next annunciation on."""

    rota: Rota


class ClassSet(msgspec.Struct, frozen=True, gc=False, tag="class"):
    """A class of alarms was made or altered."""

    alarm_class: AlarmClass


class CauseSet(msgspec.Struct, frozen=True, gc=False, tag="cause"):
    """What stands for the alerts of a series was made or altered."""

    cause: Cause


class RuleSet(msgspec.Struct, frozen=True, gc=False, tag="rule"):
    """An alarm rule was agreed, altered or retired."""

    rule: Rule


TreeConfig = UnitSet | SeriesSet | RelationSet | FlowSet
AlarmConfig = RotaSet | ClassSet | CauseSet
AnyConfig = TreeConfig | AlarmConfig | RuleSet
Bargain = TermsAct | RotaSet
"""What the wall of agreements shows."""


class SourceEvent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A source came, fell idle or left: moves the stream's clock and nothing else."""

    event: Literal["opened", "idle", "bye", "gap"]
    lateness_s: float = 0.0
    unit_id: int = 0
    from_seq: int = 0
    to_seq: int = 0
    reason: str = ""


_act_encoder = msgspec.msgpack.Encoder()
_act_decoder = msgspec.msgpack.Decoder(AnyAct)
_config_decoder = msgspec.msgpack.Decoder(list[AnyConfig])
_source_decoder = msgspec.msgpack.Decoder(SourceEvent)


def encode(body: AnyAct | list[AnyConfig] | SourceEvent) -> bytes:
    """Give the payload of an act, a list of configuration changes, or a source event."""
    return _act_encoder.encode(body)


def decode_act(payload: bytes) -> AnyAct:
    """Read the payload of an ACT record."""
    act: AnyAct = _act_decoder.decode(payload)
    return act


def decode_config(payload: bytes) -> list[AnyConfig]:
    """Read the payload of a CONFIG record."""
    return _config_decoder.decode(payload)


def decode_source(payload: bytes) -> SourceEvent:
    """Read the payload of a SOURCE record."""
    return _source_decoder.decode(payload)
