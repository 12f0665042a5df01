"""What stands in the one log: entries, their kinds, and the acts and changes of configuration they carry."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import msgspec

from opsroom.model import Micros, Refusal, Relation, Series, Unit


class RecordKind(IntEnum):
    """What a record of the log is."""

    READINGS = 1
    ACT = 2
    CONFIG = 3
    TICK = 4
    SOURCE = 5


class Entry(msgspec.Struct, frozen=True, kw_only=True):
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


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it stands in the log, at `offset` (1, 2, ...)."""

    offset: int
    kind: RecordKind
    received: Micros
    payload: bytes
    source: str = ""
    epoch: int = 0
    seq: int = 0


class SourceState(msgspec.Struct, frozen=True):
    """What the log knows of a source.

    Its current epoch and the last seq whose readings and refusals are durable.
    """

    epoch: int = 0
    stored_seq: int = 0


# -- acts ------------------------------------------------------------------------------------------


class Act(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag=str.lower):
    """Something a person or a plant did.

    `key` makes it idempotent: a second act with the same key changes nothing.
    """

    person: str = ""
    seat_id: int = 0
    unit_id: int = 0
    key: str = ""


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
    """An alert was first written to a socket or screen of its unit."""

    alert_id: str


class Rebase(Act, frozen=True, kw_only=True):
    """The unit's new capability, confirmed by its parent: ends the alert as rebased."""

    series_id: int
    capability: float


AnyAct = Acknowledge | Recovering | Decide | Judge | Press | Delivered | Rebase


# -- configuration ---------------------------------------------------------------------------------


class UnitSet(msgspec.Struct, frozen=True, tag="unit"):
    """A unit was made or altered."""

    unit: Unit


class SeriesSet(msgspec.Struct, frozen=True, tag="series"):
    """A series was made or altered."""

    series: Series


class RelationSet(msgspec.Struct, frozen=True, tag="relation"):
    """A relation between series was made or altered; one without members is watched no more."""

    relation: Relation


AnyConfig = UnitSet | SeriesSet | RelationSet


class SourceEvent(msgspec.Struct, frozen=True, kw_only=True):
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
