"""A text file that grows, is replaced or cut: its whole lines from where reading stands."""

from __future__ import annotations

import codecs
import zlib
from pathlib import Path
from typing import BinaryIO, Final

CHUNK_BYTES: Final = 1 << 16
TAIL_BYTES: Final = 64


class GrowingFile:
    """Reads whole lines; the last one waits until its end is there. `mark` says where reading stands.

    It is the same file as long as what stands before that place is the same: numbers of files are used again.
    """

    def __init__(self, path: Path, mark: str = "") -> None:
        """Go on at `mark` of an earlier run, where the file still is what it was there."""
        self.path = path
        self.head = ""
        self.mark = mark

    def lines(self, *, to_the_end: bool) -> tuple[list[str], bool]:
        """Give the next whole lines, and whether reading begins with them: `head` is the file's first line.

        `to_the_end` gives a last line without its end too: nothing more is expected.

        Raises:
            OSError: the file cannot be read.
        """
        with self.path.open("rb") as file:
            is_known = bool(self.head)
            at = self._place(file)
            anew = not is_known or at == 0
            if anew:
                file.seek(0)
                head = file.readline(CHUNK_BYTES)
                if not head.endswith(b"\n") and not to_the_end:
                    self.head = ""
                    return [], False
                self.head = _text(head.removeprefix(codecs.BOM_UTF8))
                at = max(at, len(head))
            file.seek(at)
            chunk = file.read(CHUNK_BYTES)
            end = chunk.rfind(b"\n") + 1
            if to_the_end and len(chunk) < CHUNK_BYTES:
                end = len(chunk)
            self.mark = _mark(file, at + end)
        return _text(chunk[:end]).splitlines(keepends=True), anew

    def _place(self, file: BinaryIO) -> int:
        """Give the place of the mark, 0 where the file is another one by now."""
        place = self.mark.partition(":")[0]
        return int(place) if place.isdecimal() and _mark(file, int(place)) == self.mark else 0


def _mark(file: BinaryIO, place: int) -> str:
    size = min(place, TAIL_BYTES)
    file.seek(place - size)
    return f"{place}:{zlib.crc32(file.read(size))}"


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
