"""Where a room takes telemetry."""

from __future__ import annotations

from typing import Final

INGEST_PATH: Final = "/api/v1/ingest"


def ingest_url(to: str) -> str:
    """Give the address of the room's socket for plants from what a person writes.

    >>> ingest_url("http://room:8040"), ingest_url("wss://room/api/v1/ingest")
    ('ws://room:8040/api/v1/ingest', 'wss://room/api/v1/ingest')
    """
    url = (to.replace("http", "ws", 1) if to.startswith("http") else to).rstrip("/")
    return url if url.endswith("/ingest") else url + INGEST_PATH
