"""What stands in SQLite's write-ahead log behind the place where its recovery stopped.

Recovery ends without a word at the first frame that does not match its checksum. A killed process leaves one
unfinished transaction there, which nobody was told of. Two finished ones mean that something was flushed,
acknowledged, and damaged afterwards. (File format: https://sqlite.org/fileformat2.html#the_write_ahead_log)
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC: Final = frozenset({0x377F0682, 0x377F0683})
TORN_MAX: Final = 1
"""Finished transactions that a crash alone may leave behind the end: its own, written out of order."""


def commits_beyond(wal: BinaryIO, recovered: int) -> int:
    """Count transactions of this log's generation that end behind its first `recovered` frames."""
    head = wal.read(_HEADER.size)
    if len(head) < _HEADER.size:
        return 0
    magic, _, page_size, _, *salts, _, _ = _HEADER.unpack(head)
    if magic not in _MAGIC:
        return 0
    commits, frame = 0, recovered
    while True:
        wal.seek(_HEADER.size + frame * (_FRAME.size + page_size))
        head = wal.read(_FRAME.size)
        if len(head) < _FRAME.size:
            return commits
        _, pages_after, *rest = _FRAME.unpack(head)
        # One damaged frame does not end the walk: what follows it is what counts.
        commits += rest[:2] == salts and pages_after > 0
        frame += 1
