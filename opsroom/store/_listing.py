"""The list of segments under one checksum: a bit flipped in a segment's own row would hide readings. Pure."""

from __future__ import annotations

from typing import Final

import google_crc32c
import msgspec

from opsroom.errors import Corrupt
from opsroom.store._rollups import HOUR_US, MINUTE_US

NAME: Final = "readings.segments"
VERSION: Final = 1
NEVER: Final = -(2**63)
"""The horizon of what is kept for ever: before every instant."""
_REMEDY: Final = "Restore a backup: opsroom restore."


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """Rows of one flush or merge. Later stands behind earlier in the list; an id is never given again.

    `width_us` is 0 for readings, else the rollup's bucket.
    """

    id: int
    width_us: int
    t_min: int
    t_max: int
    readings: int


class Horizons(msgspec.Struct, frozen=True, array_like=True):
    """From when on (us, whole hours) each level is kept: rows before it are not there, whatever is stored.

    None of them goes back, and none is behind that of a finer level.
    """

    readings: int = NEVER
    minutes: int = NEVER
    hours: int = NEVER

    def of(self, width_us: int) -> int:
        """Give the horizon of readings (0) or of the rollup of that width."""
        return {0: self.readings, MINUTE_US: self.minutes, HOUR_US: self.hours}[width_us]


class Listing(msgspec.Struct, frozen=True, array_like=True):
    """What is stored: segments, the log's offset up to which they hold the readings, and since when.

    A list from before there were horizons keeps everything.
    """

    log_offset: int
    segments: tuple[Segment, ...]
    horizons: Horizons = Horizons()


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
