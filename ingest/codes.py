"""Every answer that refuses something on the ingest socket: code, what happened, what to do.

Printed in docs/errors.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from opsroom.errors import OpsroomError


class CloseCode(IntEnum):
    """Why the room closes an ingest socket; below 4000 the numbers are RFC 6455's."""

    DONE = 1000
    MALFORMED = 1008
    TOO_LARGE = 1009
    RESTARTING = 1012
    BUSY = 1013
    NOT_AUTHENTICATED = 4401
    NOT_ALLOWED = 4403
    HELLO_EXPECTED = 4408
    REPLACED = 4409


class Wording(NamedTuple):
    """What happened, with `{params}`, and what to do about it."""

    says: str
    remedy: str


# A reading that is refused; the others of its batch are stored.
REFUSALS: Final[dict[str, Wording]] = {
    "value_not_number": Wording("The value is not a number.", "Send a JSON number, or null with q 0."),
    "value_not_finite": Wording(
        "The value is NaN, infinite or beyond a float64.", "Send null with q 0 where the plant has no value."
    ),
    "value_too_large": Wording(
        "The integer is beyond 2^53 and would be rounded.", "Send it as a float, or count from a nearer zero."
    ),
    "null_needs_bad_quality": Wording(
        "null came with a quality other than 0.", "Send q 0 with a value that is missing."
    ),
    "quality_invalid": Wording(
        "The quality is none of OPC's: 192-255 good, 64-127 uncertain, 0-63 bad.", "Send 192, 64 or 0."
    ),
    "time_invalid": Wording(
        "The time is neither RFC 3339 nor epoch milliseconds of the years 1 to 9999.",
        "Send epoch milliseconds, or RFC 3339 with an offset.",
    ),
    "too_far_ahead": Wording(
        "The time is {ahead_s} s ahead of the room; {limit_s} s are allowed.",
        "Set the sender's clock; replay simulated time with `--clock stream` or from the past.",
    ),
    "unit_mismatch": Wording(
        "The series is kept in {expected} ({expected_dimension}), the sender says {got} ({got_dimension}).",
        "Send a unit of the same dimension, or alter the series.",
    ),
    "series_undeclared": Wording(
        "No series was declared with this number.", "Declare it on this connection first."
    ),
    "series_name_invalid": Wording(
        "The series name is empty, too long, or has an empty or dotted part or a control character.",
        "Send parts of 1 to 100 characters joined by '/', at most 400 in all.",
    ),
    "series_forbidden": Wording(
        "The series is outside the sender's node.", "Name it relative to the node of the token."
    ),
    "series_limit": Wording(
        "The node has {limit} unadopted series already.",
        "Adopt some, or correct the sender's names.",
    ),
}

# A frame that is refused as a whole. `malformed` ones count towards the ten after which the socket is closed.
MALFORMED: Final[dict[str, Wording]] = {
    "json_invalid": Wording("The text frame is not JSON.", "Send one JSON object, an array, or one a line."),
    "msgpack_invalid": Wording(
        "The binary frame is not MessagePack.", "Send one MessagePack map or an array of maps."
    ),
    "utf8_invalid": Wording("The frame holds bytes that are not UTF-8.", "Send UTF-8."),
    "bom_present": Wording("The frame starts with a byte order mark.", "Send UTF-8 without one."),
    "nesting_too_deep": Wording("The frame nests deeper than {limit}.", "Send flat objects."),
    "type_unknown": Wording("The frame's type is unknown.", "See docs/protocol.md for the types."),
    "field_missing": Wording(
        "The field {field} is missing.", "See docs/protocol.md for the fields of each type."
    ),
    "field_type": Wording(
        "The field {field} has the wrong type or range.", "See docs/protocol.md for the fields."
    ),
    "length_mismatch": Wording(
        "The field {field} has {got} entries where the others have {expected}.", "Send arrays of one length."
    ),
    "batch_too_large": Wording("The batch has more than {limit} readings.", "Send it in parts."),
    "form_mixed": Wording(
        "Casual objects and the full form do not share a connection.",
        "Say hello with protocol first, or never.",
    ),
    "hello_repeated": Wording("This connection has said hello already.", "Open another connection."),
}

# Answers that are not the fault of the frame's shape.
ANSWERS: Final[dict[str, Wording]] = {
    "token_invalid": Wording("The token is unknown or revoked.", "Make one with `opsroom token new UNIT`."),
    "token_unit_gone": Wording(
        "The token's unit is no longer in the tree.", "Make a token for a unit that is."
    ),
    "hello_expected": Wording(
        "The room expects hello first.", "Send a hello with token, or an Authorization header."
    ),
    "protocol_unsupported": Wording(
        "The room speaks protocol {supported}.", "Send hello with that protocol."
    ),
    "source_invalid": Wording(
        "The source's name is empty, longer than 200 characters, or not printable.",
        "Give it a short plain name.",
    ),
    "source_limit": Wording(
        "The unit has {limit} sources already, each with numbers that are kept.",
        "Give the sender the same name at every start, or raise limits.sources_per_unit.",
    ),
    "epoch_old": Wording(
        "A later epoch ({epoch}) of this source has begun.", "Stop this sender, or say hello without epoch."
    ),
    "epoch_unknown": Wording(
        "The room has not issued this epoch.", "Say hello without epoch to be given one."
    ),
    "replaced": Wording("The same source has said hello on another connection.", "Run one sender a source."),
    "storage_full": Wording(
        "The room's disk is full; nothing is acknowledged.", "Wait; nothing needs sending again."
    ),
    "store_error": Wording("The room cannot store now.", "Wait; nothing needs sending again."),
    "busy": Wording("The room has {limit} connections open.", "Try again later."),
    "note_too_long": Wording("The note has more than {limit} characters.", "Shorten it."),
    "indicator_unknown": Wording(
        "No such series below the sender's node.", "Name it relative to the token's node."
    ),
}

# What the doors for other protocols answer beside the refusals of readings above.
DOORS: Final[dict[str, Wording]] = {
    "line_invalid": Wording(
        "The {part} of the line cannot be read: {text!r}.", "See InfluxDB's line protocol reference."
    ),
    "time_precision": Wording(
        "The time {time} is none in the precision {precision}; it looks like {guess}.",
        "Write with precision={guess}.",
    ),
    "series_collision": Wording(
        "Two sets of labels would be one series, {name}.", "Name them apart in the mapping file."
    ),
    "labels_invalid": Wording(
        "The labels lack __name__, name one twice, or are not UTF-8.", "Send what Prometheus scraped."
    ),
    "remote_write_version": Wording(
        "The body is of another version of remote write than 1.0.",
        "Send protobuf_message prometheus.WriteRequest.",
    ),
    "precision_unknown": Wording("The precision {precision!r} is unknown.", "Use ns, us, ms, s, m or h."),
    "encoding_unknown": Wording(
        "The body's encoding {encoding!r} is not taken here.", "Send what docs/doors.md names for this path."
    ),
    "gzip_invalid": Wording("The body is not whole gzip.", "Send it again."),
    "snappy_invalid": Wording("The body is no block of snappy.", "Send remote write 1.0."),
    "protobuf_invalid": Wording("The body is no WriteRequest of remote write 1.0.", "Send remote write 1.0."),
    "collectd_invalid": Wording(
        "The body is not what collectd's write_http sends: {text}.", 'Set Format "JSON" there.'
    ),
    "body_too_large": Wording("The request is larger than {limit} bytes.", "Send smaller batches."),
    "series_too_long": Wording(
        "A series of the request has more than {limit} samples.", "Send smaller batches."
    ),
    "door_busy": Wording("The room takes no more for now.", "Send it again in {wait_s} s."),
    "query_unknown": Wording(
        "This door only takes readings; it answers no queries but CREATE DATABASE and SHOW DATABASES.",
        "Read over /api/v1, see docs/api.md.",
    ),
}

ALL: Final[dict[str, Wording]] = {**REFUSALS, **MALFORMED, **ANSWERS, **DOORS}


class WireError(OpsroomError):
    """A frame that cannot be read as a message.

    `field` names the part at fault, `line` the line of a frame of several.
    """

    code = "json_invalid"

    def __init__(self, code: str, field: str = "", *, line: int = 0, **params: Any) -> None:
        """Word `code` from the table."""
        words = ALL[code]
        super().__init__(says(code, {"field": field, **params}), remedy=words.remedy, code=code, **params)
        self.field = field
        self.line = line


class DoorError(OpsroomError):
    """A request at a door that is refused as a whole, with the HTTP status to answer."""

    code = "door_busy"

    def __init__(self, code: str, status: int = 400, **params: Any) -> None:
        """Word `code` from the table."""
        super().__init__(says(code, params), remedy=remedy(code, params), code=code, **params)
        self.status = status


def says(code: str, params: Mapping[str, Any]) -> str:
    """Give what happened in English with `params` filled in; a code from elsewhere stands for itself."""
    words = ALL.get(code)
    if words is None:
        return code
    try:
        return words.says.format(**params)
    except (KeyError, IndexError):
        return words.says


def remedy(code: str, params: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Give what to do about `code`, with `params` filled in where it names any."""
    words = ALL.get(code)
    if words is None:
        return ""
    try:
        return words.remedy.format(**params) if params else words.remedy
    except (KeyError, IndexError):
        return words.remedy
