"""Answers in the words of InfluxDB, whose clients read them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from fastapi import Response

from ingest.codes import DoorError
from ingest.doors.answers import counted, further_headers, header_text, status_of, summary, worded
from ingest.doors.gate import Verdict
from opsroom.errors import OpsroomError

VERSION: Final = "1.8.10-opsroom"
"""Clients of version 1 want to read a number here; the write API of 1.8 is the one that is spoken."""
HEADERS: Final = {"X-Influxdb-Version": VERSION, "X-Influxdb-Build": "opsroom"}
QUERY_BYTES_MAX: Final = 64 << 10
STATEMENTS_MAX: Final = 100
# Status to the code of InfluxDB 2's errors.
_CODES: Final[Mapping[int, str]] = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    413: "request too large",
    415: "invalid",
    503: "unavailable",
}
_CREATE: Final = re.compile(r"\s*create\s+database\s+(\"[^\"]+\"|\S+).*", re.IGNORECASE | re.DOTALL)
_SHOW: Final = re.compile(r"\s*show\s+databases\s*", re.IGNORECASE)
_encoder = msgspec.json.Encoder()


def told(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Give a JSON answer with InfluxDB's headers."""
    return Response(
        _encoder.encode(body), status, {**HEADERS, **(headers or {})}, media_type="application/json"
    )


def written(verdict: Verdict) -> Response:
    """Answer a write: 204, or what was refused of it."""
    status, counts = status_of(verdict), counted(verdict)
    if not verdict.refused:
        return Response(status_code=status, headers={**HEADERS, **counts})
    message = summary(verdict, "line")
    body = {
        "code": _CODES[status],
        "message": message,
        "error": message,
        "reason": verdict.first().code,
        "line": verdict.first().line,
        "stored": verdict.stored,
        "refused": verdict.refused,
        "refusals": [
            {"line": one.line, "code": one.code, "message": worded(one), "params": dict(one.params)}
            for one in sorted(verdict.refusals, key=lambda one: one.line)
        ],
    }
    return told(body, status, {"X-Influxdb-Error": header_text(message), **counts})


def refused(error: OpsroomError) -> Response:
    """Answer a request that is refused as a whole."""
    message = str(error)
    body = {
        "code": _CODES.get(error.status, "internal error"),
        "message": message,
        "error": message,
        "reason": error.code,
        "params": error.params,
    }
    return told(body, error.status, {"X-Influxdb-Error": header_text(message), **further_headers(error)})


def form_q(body: bytes) -> str:
    """Give the query of a form."""
    return parse_qs(body.decode("utf-8", "replace")).get("q", [""])[0]


def answers(asked: str, buckets: Sequence[str]) -> dict[str, Any]:
    """Answer statements that clients send before they write.

    There are no databases here: making one changes nothing, and those are shown that were written to.

    Raises:
        DoorError: `query_unknown`.
    """
    results: list[dict[str, Any]] = []
    for number, statement in enumerate(asked.split(";")[:STATEMENTS_MAX]):
        if _CREATE.fullmatch(statement):
            results.append({"statement_id": number})
        elif _SHOW.fullmatch(statement):
            rows = {"name": "databases", "columns": ["name"], "values": [[name] for name in buckets]}
            results.append({"statement_id": number, "series": [rows]})
        elif statement.strip():
            raise DoorError("query_unknown")
    if not results:
        raise DoorError("query_unknown")
    return {"results": results}
