"""What a Sparkplug host keeps of nodes and devices, and the readings that their messages make."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from ingest.connectors._rows import Instant
from ingest.connectors._sparkplug_payload import Metric, Payload, number
from opsroom.model import QUALITY_BAD, QUALITY_GOOD, QUALITY_UNCERTAIN

SEQS: Final = 256
_QUALITY_STALE: Final = 500


class Sparkplug(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[mqtt.sparkplug]`.

    `groups` and `only` (patterns of `group/node/device/metric`) narrow what is read. `series` makes the
    name. `reorder_s` is how long a gap waits, `birth_s` how long devices have after their node's birth,
    `rebirth_s` the least time between two requests. `host_id` publishes STATE as that host.
    """

    groups: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    series: str = "{group}/{node}/{device}/{metric}"
    unit_properties: tuple[str, ...] = ("engUnit", "engineeringUnits", "unit", "units")
    reorder_s: float = 2.0
    birth_s: float = 5.0
    rebirth_s: float = 10.0
    host_id: str = ""


class Give(NamedTuple):
    """Readings."""

    instant: Instant


class Stale(NamedTuple):
    """Series that have no value any more."""

    names: list[str]


class Publish(NamedTuple):
    """A command for a node."""

    topic: str
    payload: bytes


class Note(NamedTuple):
    """What a person may want to know."""

    code: str
    text: str


Action = Give | Stale | Publish | Note


class Known(msgspec.Struct):
    """A metric by its birth; `is_good` whether the room has a value of it."""

    series: str
    unit: str
    datatype: int
    is_good: bool = False


class Device(msgspec.Struct):
    """A device, or the node itself under the name ""; `left_out` are the metrics that are no series."""

    is_alive: bool = False
    metrics: dict[str, Known] = {}
    left_out: set[str] = set()


class Told(NamedTuple):
    """A message as it came; `received` int us UTC."""

    kind: str
    device: str
    payload: Payload
    received: int


class Node(msgspec.Struct):
    """An edge node: its session, and what of it waits for an earlier message."""

    group: str
    name: str
    is_alive: bool = False
    bd_seq: int | None = None
    next_seq: int = 0
    aliases: dict[int, tuple[str, str]] = {}
    devices: dict[str, Device] = {}
    waiting: dict[int, Told] = {}
    gap_since_s: float | None = None
    unborn: set[str] = set()
    births_due_s: float = 0.0
    asked_s: float | None = None
    ask_again_s: float = 0.0

    @property
    def label(self) -> str:
        """Give how people name it."""
        return f"{self.group}/{self.name}"

    def in_order(self) -> list[int]:
        """Give the seqs that wait, the next one first."""
        return sorted(self.waiting, key=lambda seq: (seq - self.next_seq) % SEQS)


def bd_seq(payload: Payload) -> int | None:
    """Give the number of the node's session that a birth or death tells."""
    told = (m.raw for m in payload.metrics if m.name == "bdSeq" and m.raw is not None)
    return next((int(raw) for raw in told if math.isfinite(raw)), None)


def flat(metrics: Iterable[Metric], above: str = "") -> Iterator[Metric]:
    """Give metrics with those of template instances among them, by the name `instance/metric`."""
    for metric in metrics:
        name = f"{above}/{metric.name}" if above and metric.name else metric.name
        if metric.parts:
            yield from flat(metric.parts, name)
        else:
            yield metric._replace(name=name)


def readings(measured: list[tuple[Metric, Known]], one: Told, *, birth: bool) -> Iterator[Action]:
    """Give readings by instant.

    What a birth says holds now: of a series without a good value it is told at the birth's own time too, so
    that a value which last changed before the death is not taken for older than the death.
    """
    sent_us = one.payload.t_ms * 1000 if one.payload.t_ms else one.received
    held: dict[tuple[int, bool, bool], list[tuple[str, float | None, str, int]]] = {}
    for metric, known in measured:
        value = None if metric.null else number(metric.raw, metric.datatype or known.datatype)
        if value is None and not metric.null:
            continue
        t = metric.t_ms * 1000 if metric.t_ms else sent_us
        reading = (known.series, value, known.unit, _quality(metric, value))
        again = birth and not known.is_good and not metric.historical
        if not again or t < sent_us:
            held.setdefault((t, metric.historical, False), []).append(reading)
        if again:
            held.setdefault((max(t, sent_us), False, True), []).append(reading)
        if not metric.historical:
            known.is_good = reading[3] != QUALITY_BAD
    for (t, historical, standing), rows in sorted(held.items(), key=lambda item: item[0]):
        names, values, units, quality = (list(column) for column in zip(*rows, strict=True))
        yield Give(Instant(t, names, values, units, [None] * len(names), quality, historical, standing))


def _quality(metric: Metric, value: float | None) -> int:
    """Give OPC's quality byte for Sparkplug's quality property (0 bad, 192 good, 500 stale)."""
    told = metric.quality
    if value is None or told in {QUALITY_BAD, _QUALITY_STALE}:
        return QUALITY_BAD
    if told is None or told == QUALITY_GOOD:
        return QUALITY_GOOD
    return QUALITY_UNCERTAIN
