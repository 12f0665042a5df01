"""How far sources were read, in a small file beside the outbox: never ahead of what the room has stored."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Final

from opsroom.errors import StoreError

PENDING_MAX: Final = 256


class Marks:
    """Marks by key.

    `note` says where reading stands, `take`, `behind` and `reach` tie it to what is stored.
    """

    def __init__(self, file: Path | None) -> None:
        """Read `file` where it is there; None keeps nothing over restarts.

        Raises:
            StoreError: the file cannot be read.
        """
        self._file = file
        self._noted: dict[str, str] = {}
        self._pending: deque[tuple[int, dict[str, str]]] = deque()
        self._reached: dict[str, str] = {}
        self._is_new = False
        if file is not None and file.exists():
            try:
                self._reached = {
                    str(k): str(v) for k, v in json.loads(file.read_text(encoding="utf-8")).items()
                }
            except (OSError, ValueError, AttributeError) as error:
                raise StoreError(
                    f"{file}: {error}", remedy="Move the file away to read from the start."
                ) from error

    def recall(self, key: str) -> str:
        """Give the mark that was reached, "" where none was."""
        return self._reached.get(key, "")

    def note(self, key: str, value: str) -> None:
        """Say where reading stands; it counts once what was read so far is stored."""
        self._noted[key] = value

    def take(self) -> dict[str, str]:
        """Give what was noted, together with the readings that it speaks of, and let it go."""
        noted, self._noted = self._noted, {}
        return noted

    def put_back(self, noted: dict[str, str]) -> None:
        """Take back what could not be tied to a batch; what was noted since is newer."""
        self._noted = {**noted, **self._noted}

    def behind(self, number: int, noted: dict[str, str]) -> None:
        """Tie what was taken to batch `number`."""
        if not noted:
            return
        if len(self._pending) >= PENDING_MAX:
            noted = {**self._pending.pop()[1], **noted}
        self._pending.append((number, noted))

    def reach(self, number: int) -> None:
        """Count the marks that are tied to batches up to `number`."""
        while self._pending and self._pending[0][0] <= number:
            self._reached.update(self._pending.popleft()[1])
            self._is_new = True

    def write(self) -> None:
        """Put what is new on disk, whole or not at all.

        Raises:
            StoreError: the file cannot be written.
        """
        if self._file is None or not self._is_new:
            return
        self._is_new = False
        beside = self._file.with_name(self._file.name + ".new")
        try:
            beside.write_text(json.dumps(self._reached), encoding="utf-8")
            beside.replace(self._file)
        except OSError as error:
            raise StoreError(f"{self._file}: {error.strerror}.", remedy="Make space on the disk.") from error
