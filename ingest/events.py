"""What a session asks of its driver, and the messages with which it answers a plant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ingest import wire
from ingest.codes import ALL, WireError, remedy, says
from opsroom.model import Refusal


class Send(msgspec.Struct, frozen=True):
    """Write this message."""

    message: dict[str, Any]


class Identify(msgspec.Struct, frozen=True):
    """Look `token` up and call `identified`; nothing further is read before."""

    token: str


class Open(msgspec.Struct, frozen=True):
    """A full hello: find or start the source's epoch and call `opened`, or `refused` with a code."""

    source: str
    epoch: int | None
    lateness_s: float
    via: str = ""


class Declared(msgspec.Struct, frozen=True):
    """Series were declared."""

    series: list[wire.SeriesDeclared]


class Admit(msgspec.Struct, frozen=True):
    """A batch in its turn: judge it, make it durable, call `stored`.

    `size` in bytes counts against the credit.
    """

    batch: wire.Batch
    size: int


class Told(msgspec.Struct, frozen=True):
    """Casual readings of the frame number `frame` (1, 2, ...): judge, make durable, call `casual_stored`.

    Of `frames` frames up to that one where they came together; each of these holds one reading.
    """

    readings: list[wire.Casual]
    frame: int
    size: int
    frames: int = 1


class Repeat(msgspec.Struct, frozen=True):
    """A batch that is stored already: find its refusals and call `repeated`."""

    seq: int


class GapTold(msgspec.Struct, frozen=True):
    """Batches `from_seq` to `to_seq` are gone for good: note it, then call `stored(to_seq)`."""

    from_seq: int
    to_seq: int
    reason: str


class Heard(msgspec.Struct, frozen=True):
    """The plant notes or presses: pass it to the room."""

    message: wire.RecoveringTold | wire.PressTold


class Leave(msgspec.Struct, frozen=True):
    """The sender says bye: finish what is pending, then close."""


class Close(msgspec.Struct, frozen=True):
    """Close the connection with this code."""

    code: int
    reason: str


Event = Send | Identify | Open | Declared | Admit | Told | Repeat | GapTold | Heard | Leave | Close


def answer(
    code: str, *, field: str = "", message: str = "", fix: str = "", act: str = "", **params: Any
) -> dict[str, Any]:
    """Give the `error` message of `code`.

    `message` and `fix` stand in for a code that is not of this table, `act` is the plant's word refused.
    """
    told: dict[str, Any] = {
        "type": "error",
        "code": code,
        "message": message or says(code, params),
        "remedy": fix or remedy(code),
    }
    if act:
        told["act"] = act
    if field:
        told["field"] = field
    if params:
        told["params"] = params
    return told


def error_message(error: WireError) -> dict[str, Any]:
    """Give the `error` message of a malformed frame."""
    assert error.code in ALL, "every code is in the table"
    told = answer(error.code, field=error.field, message=error.message, fix=error.remedy, **error.params)
    if error.line:
        told["line"] = error.line
    return told


def refused_message(seq: int, refusals: Sequence[Refusal]) -> Send:
    """Give the `refused` message of a batch."""
    return Send({"type": "refused", "seq": seq, "refusals": [refusal_fields(one) for one in refusals]})


def refusal_fields(one: Refusal) -> dict[str, Any]:
    """Give a refusal as it stands in a message, worded."""
    return {
        "index": one.index,
        "series": one.series,
        "code": one.code,
        "field": one.field,
        "params": one.params,
        "message": one.message or says(one.code, one.params),
        "remedy": remedy(one.code),
    }
