"""Appends to the log at argv[1] until killed; a line for each acknowledged pair: source, seq, offset."""

import asyncio
import os
import sys

from opsroom.log import open_log
from opsroom.records import Entry, RecordKind


async def main(url: str, senders: int, pairs: int) -> None:
    log = open_log(url, group_commit_ms=0.5)

    async def sender(name: str) -> None:
        start = log.source(name).stored_seq
        for seq in range(start + 1, start + pairs + 1):
            body = f"{name} {seq} ".encode() * (seq % 400 + 1)
            batch = Entry(kind=RecordKind.READINGS, received=seq, payload=body, source=name, epoch=1, seq=seq)
            beside = Entry(kind=RecordKind.ACT, received=seq, payload=f"{name} {seq}".encode())
            offset = await log.append([beside, batch], urgent=seq % 7 == 0)
            os.write(1, f"{name} {seq} {offset}\n".encode())

    os.write(1, b"ready\n")
    async with asyncio.TaskGroup() as group:
        for number in range(senders):
            group.create_task(sender(f"s{number}"))
    log.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
