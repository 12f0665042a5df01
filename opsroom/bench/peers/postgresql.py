"""PostgreSQL as a store of readings: one row each under a primary key, written by COPY or by INSERT."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opsroom.bench.peers.port import START_S, children, cpu_s_of_tree, ended, free_port, said
from opsroom.errors import StoreError

if TYPE_CHECKING:
    import psycopg

    from opsroom.bench.peers.port import Readings

BINARIES: Final = Path("/usr/lib/postgresql")
OWNER: Final = "postgres"
TABLE: Final = "CREATE TABLE IF NOT EXISTS bench (series int, t bigint, v float8, PRIMARY KEY (series, t))"
COPY: Final = "COPY bench FROM STDIN"
INSERT: Final = "INSERT INTO bench VALUES (%s, %s, %s)"


@dataclass
class Database:
    """A running server; programs of PostgreSQL do not run as root, so it has an owner of its own."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    @property
    def conninfo(self) -> str:
        """Give where it listens: a socket in its own folder."""
        return f"host={self.folder} port={self.port} user={OWNER} dbname=postgres"

    def cpu_s(self) -> float:
        """Give the CPU seconds that it has used, sessions and all."""
        return cpu_s_of_tree(self.process.pid)

    def held(self) -> int:
        """Give how many readings it holds."""
        return int(self._one("SELECT count(*) FROM bench"))

    def bytes_held(self) -> int:
        """Give what table and key take, after a checkpoint."""
        self._one("CHECKPOINT; SELECT 1")
        return int(self._one("SELECT pg_total_relation_size('bench')"))

    def _one(self, query: str) -> int:
        with self.opened() as connection:
            cursor = connection.execute(query.encode())
            while cursor.nextset():
                pass
            row = cursor.fetchone()
        assert row is not None
        return int(row[0])

    def opened(self) -> psycopg.Connection:
        """Open a session that commits each statement."""
        import psycopg

        return psycopg.connect(self.conninfo, autocommit=True)

    def stop(self) -> None:
        """End it as a person would, whatever sessions are open."""
        ended(self.process, signal.SIGINT)

    def kill(self) -> None:
        """End it and its sessions, which else outlive it and hold its memory, with SIGKILL."""
        for pid in children(self.process.pid) if self.process.poll() is None else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        ended(self.process, signal.SIGKILL)


class PostgreSQL:
    """PostgreSQL with its defaults: it flushes its log before it answers."""

    name = "postgresql"

    def version(self) -> str | None:
        """Give the installed version; None where it, its driver or the right to be its owner is missing."""
        found = sorted(BINARIES.glob("*/bin/postgres"))
        try:
            import psycopg  # noqa: F401 - asks whether it is there
        except ImportError:
            return None
        if not found or os.geteuid() != 0:
            return None
        told = re.search(r"(\d+\.\d+)", said([str(found[-1]), "--version"]) or "")
        return told[1] if told else None

    def started(self, folder: Path) -> Database:
        """Start it on a folder that is made over to its owner."""
        binaries = max(BINARIES.glob("*/bin/postgres")).parent
        shutil.chown(folder, OWNER, OWNER)
        data, port = folder / "data", free_port()
        if not data.exists():
            subprocess.run(  # noqa: S603 - named
                [f"{binaries}/initdb", "-D", str(data), "-A", "trust", "--no-instructions"],
                check=True,
                capture_output=True,
                cwd=folder,
                user=OWNER,
                group=OWNER,
                extra_groups=[],
            )
        command = [f"{binaries}/postgres", "-D", str(data), "-p", str(port)]
        command += ["-k", str(folder), "-c", "listen_addresses="]
        with (folder.parent / f"{folder.name}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - named
                command, stdout=log, stderr=log, cwd=folder, user=OWNER, group=OWNER, extra_groups=[]
            )
        server = Database(process, port, folder)
        self._wait(server)
        return server

    def _wait(self, server: Database) -> None:
        import psycopg

        end = time.monotonic() + START_S
        while time.monotonic() < end:
            try:
                with server.opened() as connection:
                    connection.execute(TABLE)
                    return
            except psycopg.OperationalError:
                time.sleep(0.1)
        words = (server.folder.parent / f"{server.folder.name}.log").read_text(encoding="utf-8")
        raise StoreError(
            f"PostgreSQL did not start: {words[-1000:]}", remedy="Start it by hand.", code="bench_no_peer"
        )


def copy_all(server: Database, readings: Readings, per_request: int) -> float:
    """Write by COPY, one statement and commit for `per_request` readings; gives the seconds."""
    rows = [
        f"{series}\t{t}\t{value!r}"
        for t, row in zip(readings.times_ms.tolist(), readings.values.tolist(), strict=True)
        for series, value in enumerate(row)
    ]
    parts = [("\n".join(rows[k : k + per_request]) + "\n").encode() for k in range(0, len(rows), per_request)]
    with server.opened() as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        for part in parts:
            with cursor.copy(COPY) as copy:
                copy.write(part)
        return time.perf_counter() - started


def insert_all(server: Database, readings: Readings, connections: int) -> float:
    """Write by INSERT, one statement and commit a reading, over that many sessions; gives the seconds."""
    return asyncio.run(_insert_all(server, readings, connections))


async def _insert_all(server: Database, readings: Readings, connections: int) -> float:
    import psycopg

    rows = [
        (series, t, value)
        for t, row in zip(readings.times_ms.tolist(), readings.values.tolist(), strict=True)
        for series, value in enumerate(row)
    ]
    made = [
        await psycopg.AsyncConnection.connect(server.conninfo, autocommit=True) for _ in range(connections)
    ]

    async def some(connection: psycopg.AsyncConnection, mine: list[tuple[int, int, float]]) -> None:
        for row in mine:
            await connection.execute(INSERT, row, prepare=True)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for k, connection in enumerate(made):
            group.create_task(some(connection, rows[k::connections]))
    seconds = time.perf_counter() - started
    for connection in made:
        await connection.close()
    return seconds
