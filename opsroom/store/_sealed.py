"""The body of a row carries its own checksum: what a disk has altered is refused, never served."""

from __future__ import annotations

from typing import Any, Final

import google_crc32c
from sqlalchemy import Dialect, LargeBinary, Table
from sqlalchemy.types import TypeDecorator

from opsroom.errors import Corrupt

_CRC_BYTES: Final = 4


def seal(body: bytes) -> bytes:
    """Give a body with its checksum (CRC-32C) before it."""
    return _crc(body) + body


def _crc(body: bytes) -> bytes:
    crc: int = google_crc32c.value(body)
    return crc.to_bytes(_CRC_BYTES, "big")


def unseal(stored: bytes) -> bytes:
    """Give the body back.

    Raises:
        Corrupt: it does not match its checksum.
    """
    body = stored[_CRC_BYTES:]
    if stored[:_CRC_BYTES] != _crc(body):
        raise Corrupt(
            "A row of the store does not match its checksum.",
            remedy="`opsroom doctor` names its table; put a backup in the store's place.",
        )
    return body


class Sealed(TypeDecorator[bytes]):
    """A column of sealed bodies."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy gives it
        """Seal what is written; `Database` does the same for rows that it hands to the driver."""
        return None if value is None else seal(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - as above
        """Check what is read.

        Raises:
            Corrupt: it is not what was written.
        """
        return None if value is None else unseal(bytes(value))


def is_sealed(table: Table) -> bool:
    """Say whether a table has bodies that are sealed."""
    return "body" in table.c and isinstance(table.c.body.type, Sealed)
