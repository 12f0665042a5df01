"""Disks that are small, full or slow, as a room meets them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = 64 << 10


def why_not() -> str:
    """Say why no small disk can be had here; nothing where it can."""
    if os.geteuid() != 0:
        return "mounting a tmpfs needs root"
    if shutil.which("mount") is None:
        return "mount is not installed"
    try:
        with small_disk(1 << 20):
            pass
    except subprocess.CalledProcessError as error:
        return f"no tmpfs can be mounted here: {error}"
    return ""


@dataclass
class SmallDisk:
    """A tmpfs of a fixed size; `fill` leaves no block of it free."""

    folder: Path

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self) -> None:
        """Write until there is no space left."""
        size = BLOCK
        with self._ballast.open("ab", buffering=0) as file:
            while size:
                try:
                    size = size if file.write(bytes(size)) == size else size // 2
                except OSError:
                    size //= 2

    def free(self) -> None:
        """Give the space back."""
        self._ballast.unlink()


@contextlib.contextmanager
def small_disk(size: int) -> Iterator[SmallDisk]:
    """Mount a tmpfs of `size` bytes, and leave nothing of it behind."""
    with tempfile.TemporaryDirectory(prefix="opsroom-small-") as name:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", name]
        subprocess.run(command, check=True, capture_output=True)
        try:
            yield SmallDisk(Path(name))
        finally:
            subprocess.run(["umount", "-l", name], check=True)


def slow_flushes(delay_us: int) -> tuple[str, ...]:
    """Give the command under which every flush of what follows takes `delay_us` longer."""
    quiet = ("strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null")
    return (*quiet, "-e", "trace=fsync,fdatasync", "-e", f"inject=fsync,fdatasync:delay_exit={delay_us}")
