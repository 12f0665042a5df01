"""What every door says of a write, and the plain answers of those whose clients read one line. Pure."""

from __future__ import annotations

from typing import Final

from fastapi import Response

from ingest.codes import remedy, says
from ingest.doors.gate import Verdict
from ingest.doors.readings import Fault
from opsroom.errors import OpsroomError

RETRY_S: Final = 5
HEADER_CHARS_MAX: Final = 400
UNAUTHORIZED: Final = 401
UNAVAILABLE: Final = 503


def status_of(verdict: Verdict) -> int:
    """Give the status of a write: 204, or for what was refused of it one that no client sends again for.

    413 where nothing of it was stored for one limit alone, else 400.
    """
    if not verdict.refused:
        return 204
    return 413 if verdict.codes == {"series_limit"} and not verdict.stored else 400


def counted(verdict: Verdict) -> dict[str, str]:
    """Give what was counted as headers: stored, and what was kept out without being refused."""
    headers = {"X-Opsroom-Stored": str(verdict.stored)}
    if verdict.left_out:
        headers["X-Opsroom-Left-Out"] = str(verdict.left_out)
    if verdict.dropped:
        headers["X-Opsroom-Dropped"] = str(verdict.dropped)
    return headers


def summary(verdict: Verdict, part: str) -> str:
    """Say which part of the body (`line`, `series`) was refused first, why, and how many were."""
    first = verdict.first()
    return (
        f"partial write: {part} {first.line}: {worded(first)} {verdict.stored} stored, "
        f"{verdict.refused} refused."
    )


def worded(fault: Fault) -> str:
    """Say what is wrong and what to do."""
    params = dict(fault.params)
    about = f" ({params['series']})" if "series" in params else ""
    return f"{says(fault.code, params)} {remedy(fault.code, params)}{about}".strip()


def further_headers(error: OpsroomError) -> dict[str, str]:
    """Give when to come again, or how to show a token (RFC 9110), where that is the answer."""
    if error.status == UNAVAILABLE:
        return {"Retry-After": str(error.params.get("wait_s", RETRY_S))}
    # libcurl, and so collectd, sends a password only where it was asked for Basic.
    ask = 'Basic realm="opsroom", Bearer realm="opsroom"'
    return {"WWW-Authenticate": ask} if error.status == UNAUTHORIZED else {}


def header_text(text: str) -> str:
    """Give text as it may stand in a header."""
    return "".join(char if " " <= char <= "~" else "?" for char in text)[:HEADER_CHARS_MAX]


def plain_written(verdict: Verdict, part: str) -> Response:
    """Answer a write in one line of text, which Prometheus and collectd put into their logs."""
    status, headers = status_of(verdict), counted(verdict)
    if not verdict.refused:
        return Response(status_code=status, headers=headers)
    return Response(
        f"{verdict.first().code}: {summary(verdict, part)}\n", status, headers, media_type="text/plain"
    )


def plain_refused(error: OpsroomError) -> Response:
    """Answer a request that is refused as a whole, in one line of text."""
    return Response(f"{error.code}: {error}\n", error.status, further_headers(error), media_type="text/plain")
