"""Power cuts: the room's files on an ext4 of its own that is shut down under the running server.

`FS_IOC_SHUTDOWN` without flushing is what xfstests cuts the power with: from that instant nothing reaches the
device any more, not what the page cache holds, not what a journal has not committed. What the device has is
mounted again, the file system's journal is replayed, and the room starts on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import random
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.kills import BUSY_ROOM, BUSY_STORE, Senders, reached
from tests.faults.oracle import Left, doubled_batches, left_by
from tests.faults.server import NotStartedError, Nursery, Server

FS_IOC_SHUTDOWN = 0x8004587D
NO_FLUSH = 2
DISK_BYTES = 256 << 20
# Every flush is answered with success and not done: what a disk that lies, or `synchronous=OFF`, comes to.
NO_FSYNC = (
    "strace",
    "-f",
    "-qq",
    "--seccomp-bpf",
    "-o",
    "/dev/null",
    "-e",
    "trace=fsync,fdatasync",
    "-e",
    "inject=fsync,fdatasync:retval=0",
)


@dataclass
class Disk:
    """A file that is a disk with one ext4 on it."""

    image: Path
    mount: Path

    def plug_in(self) -> None:
        """Mount it; ext4 replays its journal."""
        subprocess.run(["mount", "-o", "loop", str(self.image), str(self.mount)], check=True)

    def sync(self) -> None:
        """Write everything out."""
        subprocess.run(["sync", "-f", str(self.mount)], check=True)

    def cut(self) -> None:
        """Cut the power: nothing reaches the device from now on."""
        folder = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, FS_IOC_SHUTDOWN, struct.pack("I", NO_FLUSH))
        finally:
            os.close(folder)

    def pull_out(self) -> None:
        """Unmount it; what was not written stays unwritten after a cut."""
        subprocess.run(["umount", str(self.mount)], check=True)


def why_not() -> str:
    """Say why power cannot be cut here; nothing where it can."""
    if os.geteuid() != 0:
        return "mounting a loop image needs root"
    missing = [tool for tool in ("mkfs.ext4", "mount", "umount") if shutil.which(tool) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    try:
        with disk() as one:
            one.cut()
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no loop image with ext4 can be mounted and shut down here: {error}"
    return ""


@contextlib.contextmanager
def disk() -> Iterator[Disk]:
    """Make a disk, mounted, and leave nothing of it behind."""
    with tempfile.TemporaryDirectory(prefix="opsroom-disk-") as name:
        one = Disk(Path(name) / "image", Path(name) / "mount")
        one.mount.mkdir()
        with one.image.open("wb") as file:
            file.truncate(DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(one.image)], check=True)
        one.plug_in()
        try:
            yield one
        finally:
            if one.mount.is_mount():
                one.pull_out()


async def cut_under_load(
    one: Disk, *, cuts: int, seed: int, nursery: Nursery | None, prefix: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Cut the power `cuts` times while casual and full-form senders run, then judge; give the figures."""
    chance = random.Random(seed)
    server = Server(
        one.mount / "room",
        room=dict(BUSY_ROOM),
        store=dict(BUSY_STORE),
        nursery=nursery,
        prefix=prefix,
        said_in=one.image.parent,
    )
    token = server.make_token()
    # Token and settings were there before the first reading: only readings are at stake.
    await asyncio.to_thread(one.sync)
    await asyncio.to_thread(server.start)
    senders = Senders(server, token)
    lost_start = ""
    acked_at_cuts = []
    try:
        async with asyncio.TaskGroup() as group:
            senders.start(group)
            for number in range(cuts):
                await reached(lambda: senders.acked, senders.acked + 50)
                await asyncio.sleep(chance.uniform(0.1, 1.2))
                acked_at_cuts.append(senders.acked)
                await asyncio.to_thread(power_cut, one, server)
                if number == cuts - 1:
                    senders.give_up()
                else:
                    await asyncio.to_thread(server.start)
        doubled = await asyncio.to_thread(doubled_batches, server)
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(server.stop)
        left = await asyncio.to_thread(left_by, server)
    except NotStartedError as error:
        lost_start, doubled, left = str(error)[-500:], 0, Left({}, 0, 0, [])
    finally:
        server.close()
    verdict = senders.verdict(left, doubled=doubled)
    return {
        "seed": seed,
        "cuts": cuts,
        "acked_at_cuts": acked_at_cuts,
        **verdict.figure(),
        "full_taken_back": senders.full.ledger.taken_back,
        "not_started": lost_start,
        "held": verdict.held and not senders.full.ledger.taken_back and not lost_start,
    }


def power_cut(one: Disk, server: Server) -> None:
    """Cut the power, end what still runs, and put the disk in again."""
    one.cut()
    server.kill()
    one.pull_out()
    one.plug_in()


def power_cuts(
    *, cuts: int, seed: int, nursery: Nursery | None = None, prefix: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Run `cut_under_load` on a disk of its own."""
    with disk() as one:
        return asyncio.run(cut_under_load(one, cuts=cuts, seed=seed, nursery=nursery, prefix=prefix))
