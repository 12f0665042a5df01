"""Answers in the words of InfluxDB, whose clients read them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from fastapi import Response

from ingest.codes import DoorError, remedy, says
from ingest.doors.gate import Verdict
from ingest.doors.readings import Fault
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
    """Answer a write: 204, or what was refused of it.

    413 where nothing of it was stored for one limit alone, else 400: no client sends that again by itself.
    """
    counts = counted(verdict)
    if not verdict.refused:
        return Response(status_code=204, headers={**HEADERS, **counts})
    status = 413 if verdict.codes == {"series_limit"} and not verdict.stored else 400
    first = verdict.first()
    message = (
        f"partial write: line {first.line}: {worded(first)} "
        f"{verdict.stored} stored, {verdict.refused} refused."
    )
    body = {
        "code": _CODES[status],
        "message": message,
        "error": message,
        "reason": first.code,
        "line": first.line,
        "stored": verdict.stored,
        "refused": verdict.refused,
        "refusals": [
            {"line": one.line, "code": one.code, "message": worded(one), "params": dict(one.params)}
            for one in sorted(verdict.refusals, key=lambda one: one.line)
        ],
    }
    return told(body, status, {"X-Influxdb-Error": header_text(message), **counts})


def counted(verdict: Verdict) -> dict[str, str]:
    """Give what was counted as headers: stored, and what was kept out without being refused."""
    headers = {"X-Opsroom-Stored": str(verdict.stored)}
    if verdict.texts:
        headers["X-Opsroom-Text-Left-Out"] = str(verdict.texts)
    if verdict.dropped:
        headers["X-Opsroom-Dropped"] = str(verdict.dropped)
    return headers


def worded(fault: Fault) -> str:
    """Say what is wrong and what to do."""
    params = dict(fault.params)
    about = f" ({params['series']})" if "series" in params else ""
    return f"{says(fault.code, params)} {remedy(fault.code, params)}{about}".strip()


def header_text(text: str) -> str:
    """Give text as it may stand in a header."""
    return "".join(char if " " <= char <= "~" else "?" for char in text)[:400]


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
    headers = {"X-Influxdb-Error": header_text(message)}
    if error.status == 503:  # noqa: PLR2004 - the one to come again after
        headers["Retry-After"] = str(error.params.get("wait_s", 5))
    if error.status == 401:  # noqa: PLR2004 - RFC 9110 asks for the scheme
        headers["WWW-Authenticate"] = 'Bearer realm="opsroom"'
    return told(body, error.status, headers)


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
