"""A text file that grows, is replaced or cut: its whole lines from where reading stands."""

from __future__ import annotations

import codecs
import os
import zlib
from io import FileIO
from pathlib import Path
from typing import Final

from opsroom.errors import Invalid

CHUNK_BYTES: Final = 1 << 16
ROW_BYTES_MAX: Final = 1 << 20
"""A row of a hundred thousand columns is shorter; what has no line end for longer is no table."""
TAIL_BYTES: Final = 64
"""What is compared before a mark, or all of the last row: rows may differ in their times alone."""


class GrowingFile:
    """Reads whole lines; the last one waits until its end is there. `mark` says where reading stands.

    The file stays open: one that was renamed or deleted is read to its end before the one in its place. That
    one goes on where what stands before the mark is the same: numbers of files are used again.

    `notes` are codes and texts of what is not read, for whoever reads to tell.
    """

    def __init__(self, path: Path, mark: str = "") -> None:
        """Go on at `mark` of an earlier run, where the file still is what it was there."""
        self.path = path
        self.head = ""
        self.mark = mark
        self.notes: list[tuple[str, str]] = []
        self._file: FileIO | None = None
        self._is_left = False
        self._sought = 0

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def lines(self, *, to_the_end: bool) -> tuple[list[str], bool]:
        """Give the next whole lines, and whether reading begins with them: `head` is the file's first line.

        `to_the_end` gives a last line without its end too: nothing more is expected.

        Raises:
            OSError: the file cannot be read.
            Invalid: its first line has no end.
        """
        if self._file is None:
            self._file = self._opened()
        lines, anew = self._read(self._file, to_the_end=to_the_end)
        if lines or anew or to_the_end:
            self._is_left = False
            return lines, anew
        if os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
            return [], False
        if not self._is_left:
            # Who writes it may have it open still: it is looked at once more.
            self._is_left = True
            return [], False
        return self._next_file(self._file)

    def _next_file(self, left: FileIO) -> tuple[list[str], bool]:
        """Go over to the file in the place of one that is read, from its start unless it goes on there."""
        self._file = self._opened()
        self._is_left = False
        with left:
            if not self._place(self._file):
                lines, _ = self._read(left, to_the_end=True)
                self.mark = ""
                if lines:
                    return lines, False
        return self._read(self._file, to_the_end=False)

    def _opened(self) -> FileIO:
        # Without a buffer: one would go on showing what stood in a file before it was cut.
        return self.path.open("rb", buffering=0)

    def _read(self, file: FileIO, *, to_the_end: bool) -> tuple[list[str], bool]:
        at = self._place(file)
        stood = _parts(self.mark)[0]
        if stood and not at:
            told = f"{self.path} is not what was read to byte {stood}: what followed there is not read"
            self.notes.append(("replaced", told))
            self.mark = ""
        anew = not self.head or at == 0
        if anew:
            self._sought = 0
            begin = _row(file, 0)
            length = begin.find(b"\n") + 1 or len(begin)
            if length == ROW_BYTES_MAX:
                raise head_too_long(self.path)
            if not begin.endswith(b"\n", 0, length) and not to_the_end:
                self.head = ""
                return [], False
            self.head = _text(begin[:length].removeprefix(codecs.BOM_UTF8))
            at = max(at, length)
        at, rows = self._rows(file, at, to_the_end=to_the_end)
        end = at + len(rows)
        if end != _parts(self.mark)[0]:
            tail = max(TAIL_BYTES, len(rows) - rows.rfind(b"\n", 0, -1) - 1)
            self.mark = f"{end}:{_crc(file, end, tail)}:{tail}"
        return _text(rows).splitlines(keepends=True), anew

    def _rows(self, file: FileIO, at: int, *, to_the_end: bool) -> tuple[int, bytes]:
        """Give the whole lines that stand next, and where: at `at`, or behind a row without end."""
        while True:
            chunk = _row(file, at)
            end = chunk.rfind(b"\n") + 1
            if end or len(chunk) < ROW_BYTES_MAX:
                return at, chunk[:end] if end or not to_the_end else chunk
            if self._sought <= at:
                told = f"{self.path}: a row from byte {at} on is longer than {ROW_BYTES_MAX} bytes"
                self.notes.append(("row_unreadable", told))
            self._sought = max(self._sought, at + len(chunk))
            file.seek(self._sought)
            while (more := file.read(CHUNK_BYTES)) and b"\n" not in more:
                self._sought += len(more)
            if not more:
                # Reading stands before it until its end is there: a later run passes over all of it too.
                return (self._sought if to_the_end else at), b""
            at = self._sought + more.find(b"\n") + 1

    def _place(self, file: FileIO) -> int:
        """Give the place of the mark, 0 where the file is another one by now."""
        place, crc, tail = _parts(self.mark)
        return place if _crc(file, place, tail) == crc else 0


def head_too_long(path: Path) -> Invalid:
    """Say that the first line of a file holds no names of columns."""
    return Invalid(
        f"{path}: its first line is longer than {ROW_BYTES_MAX} bytes.",
        remedy="Name a file whose first line names its columns.",
        field="file",
    )


def _row(file: FileIO, at: int) -> bytes:
    """Give a chunk from `at` on, or more up to `ROW_BYTES_MAX` where no line ends in it."""
    file.seek(at)
    chunk = file.read(CHUNK_BYTES)
    while b"\n" not in chunk and len(chunk) < ROW_BYTES_MAX and (more := file.read(CHUNK_BYTES)):
        chunk += more
    return chunk[:ROW_BYTES_MAX]


def _parts(mark: str) -> tuple[int, int, int]:
    """Give place, checksum and how much it is of: earlier releases did not say. No place for no mark."""
    place, _, more = mark.partition(":")
    crc, _, tail = more.partition(":")
    if not (place.isdecimal() and crc.isdecimal()):
        return 0, 0, 0
    return int(place), int(crc), int(tail) if tail.isdecimal() else TAIL_BYTES


def _crc(file: FileIO, place: int, tail: int) -> int:
    size = min(place, tail)
    file.seek(place - size)
    return zlib.crc32(file.read(size))


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
