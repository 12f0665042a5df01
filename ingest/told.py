"""What a plant's program is told: refusals, warnings, its alerts, and how far its readings are."""

from __future__ import annotations

from datetime import UTC, datetime
from struct import unpack_from
from typing import Any, Final

import msgspec

from ingest.codes import ALL, CloseCode, remedy, says
from opsroom.errors import OpsroomError

_HOPELESS: Final[dict[int, str]] = {
    CloseCode.NOT_AUTHENTICATED: "token_invalid",
    CloseCode.NOT_ALLOWED: "token_unit_gone",
    CloseCode.REPLACED: "replaced",
    CloseCode.MALFORMED: "link_ended",
}


class LinkError(OpsroomError):
    """The link has given up: the room will not take this sender however often it tries."""

    code = "link_ended"


class NotDelivered(LinkError):  # noqa: N818 - says what happened
    """Time ran out before the room had everything; `pending` readings are lost with this process."""

    code = "not_delivered"


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A reading that the room will not take; the others of its batch are stored.

    `code`, `message` and `remedy` as in docs/errors.md, `field` the part at fault, `at` and `value` the
    reading's own (None where the outbox no longer has it, or the value was missing).
    """

    series: str
    code: str
    message: str
    remedy: str
    field: str = ""
    params: dict[str, Any] = {}
    at: datetime | None = None
    value: float | None = None


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """Something that needs a look and ends nothing: `not_connected`, `clock_offset` and others."""

    code: str
    message: str
    remedy: str
    params: dict[str, Any] = {}


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a sender is, at one instant. Counts are readings since it began, where the name says no other.

    `pending` are kept in the outbox and not stored yet, those found there at the start included; `acked` are
    durable in the room or refused by it, `dropped` went over the outbox's cap. `lag_s` is how long the oldest
    pending reading has waited, 0.0 where none is. `clock_offset_s` is how much the room's clock is ahead of
    this machine's, None before the room has said.
    """

    sent: int = 0
    acked: int = 0
    pending: int = 0
    refused: int = 0
    dropped: int = 0
    lag_s: float = 0.0
    clock_offset_s: float | None = None
    stored_seq: int = 0
    outbox_batches: int = 0
    outbox_bytes: int = 0
    connections: int = 0
    alerts_dropped: int = 0
    is_connected: bool = False


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert of the plant's own subtree and what just happened to it.

    `event` is `raised`, `climbed`, `recovered` or another of docs/protocol.md.

    `level` is how many levels above its unit it stands, `deadline` when it climbs, None where it will not.
    `message` is the whole of it as docs/protocol.md describes.
    """

    id: str
    event: str
    series: str
    kind: str
    priority: int = 0
    level: int = 0
    unit: str = ""
    raised: datetime | None = None
    deadline: datetime | None = None
    message: dict[str, Any] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about an alert of the plant's, by whom, and when it will be looked at again."""

    alert: str
    text: str
    person: str = ""
    followup: datetime | None = None


def moment(ms: int | None) -> datetime | None:
    """Give epoch milliseconds as a time in UTC.

    >>> moment(1_700_000_000_000), moment(None)
    (datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc), None)
    """
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


def read_news(message: dict[str, Any]) -> Alert | Decision:
    """Read an `alert` or `decision` of the wire."""
    if message["type"] == "decision":
        return Decision(
            alert=str(message.get("alert", "")),
            text=message.get("text", ""),
            person=message.get("person", ""),
            followup=moment(message.get("followup_ts")),
        )
    return Alert(
        id=str(message.get("id", "")),
        event=message.get("event", ""),
        series=message.get("series", ""),
        kind=message.get("kind", ""),
        priority=message.get("priority", 0),
        level=message.get("level", 0),
        unit=message.get("unit", ""),
        raised=moment(message.get("raised")),
        deadline=moment(message.get("deadline")),
        message=message,
    )


class _Batch(msgspec.Struct):
    """A packed batch as the outbox keeps it, for looking one of its readings up."""

    t: int | bytes
    v: bytes | list[float | None]

    def reading(self, index: int) -> tuple[datetime | None, float | None]:
        """Give time and value of reading number `index`."""
        t_ms = self.t if isinstance(self.t, int) else unpack_from("<q", self.t, 8 * index)[0]
        value = unpack_from("<d", self.v, 8 * index)[0] if isinstance(self.v, bytes) else self.v[index]
        return moment(t_ms), value


def read_refusals(body: bytes | None, refusals: list[dict[str, Any]]) -> list[Refused]:
    """Read the refusals of the wire; `body` is the packed batch they are of, None where it is gone."""
    batch = None if body is None else msgspec.msgpack.decode(body, type=_Batch)
    read = []
    for one in refusals:
        at, value = (None, None) if batch is None else batch.reading(one["index"])
        read.append(
            Refused(
                series=one["series"],
                code=one["code"],
                message=one.get("message", ""),
                remedy=one.get("remedy", ""),
                field=one.get("field", ""),
                params=one.get("params", {}),
                at=at,
                value=value,
            )
        )
    return read


def ended_by(close: int, reason: str, source: str) -> LinkError | None:
    """Give the error of a close after which trying again cannot help, None where it can."""
    code = _HOPELESS.get(close)
    if code is None:
        return None
    words = says(code, {}) if code in ALL else f"The room closed the link: {reason}."
    fix = remedy(code) or "See docs/protocol.md."
    return LinkError(words, remedy=fix, code=code, close=close, source=source)
