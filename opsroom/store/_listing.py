"""The list of segments under one checksum: a bit flipped in a segment's own row would hide readings. Pure."""

from __future__ import annotations

from typing import Final

import google_crc32c
import msgspec

from opsroom.errors import Corrupt

NAME: Final = "readings.segments"
VERSION: Final = 1
_REMEDY: Final = "Restore a backup: opsroom restore."


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """Rows of one flush or merge; a higher id is later.

    `width_us` is 0 for readings, else the rollup's bucket.
    """

    id: int
    width_us: int
    t_min: int
    t_max: int
    readings: int


class Listing(msgspec.Struct, frozen=True, array_like=True):
    """What is stored: segments by id, and the log's offset up to which they hold the readings."""

    log_offset: int
    segments: tuple[Segment, ...]


def encode(listing: Listing) -> tuple[int, bytes]:
    """Give checksum (crc32c) and body of the list."""
    body = msgspec.msgpack.encode(listing)
    return google_crc32c.value(body), body


def decode(crc: int, body: bytes) -> Listing:
    """Read the list.

    Raises:
        Corrupt: it does not match its checksum.
    """
    if google_crc32c.value(body) != crc:
        raise Corrupt("The list of segments does not match its checksum.", remedy=_REMEDY)
    try:
        return msgspec.msgpack.decode(body, type=Listing)
    except msgspec.DecodeError as error:
        raise Corrupt(f"The list of segments cannot be read: {error}.", remedy=_REMEDY) from error


def agreed(listing: Listing | None, log_offset: int | None) -> Listing:
    """Give the list, or an empty one of a store without readings, where it fits the `readings` position.

    Raises:
        Corrupt: one of the two is missing, or they differ.
    """
    if listing is None and log_offset is None:
        return Listing(0, ())
    if listing is None or listing.log_offset != log_offset:
        raise Corrupt("The list of segments and the position of readings do not fit.", remedy=_REMEDY)
    return listing
