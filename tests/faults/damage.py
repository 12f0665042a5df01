"""Damage to a room's files: cut at every place, one bit flipped anywhere; and what is then told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from opsroom.errors import Corrupt, StoreError
from opsroom.log import open_log, readable
from opsroom.log.columns import encode_columns
from opsroom.log.inspection import inspect as inspect_log
from opsroom.model import Columns
from opsroom.records import Entry, RecordKind
from opsroom.store import open_store
from opsroom.store.inspection import inspect as inspect_store

BATCHES = 60
READINGS = 20
STEP = 512


@dataclass
class Tally:
    """What came of the trials; `silent` must stay empty."""

    trials: int = 0
    whole: int = 0  # nothing that was acknowledged is missing
    refused: int = 0  # the file was not opened, with a reason
    told: int = 0  # opened with less, and said so
    torn: int = 0  # without the last transaction, as if the kill had come before it was written
    silent: list[str] = field(default_factory=list)

    def figure(self) -> dict[str, int]:
        """Give the counts."""
        return {
            "trials": self.trials,
            "whole": self.whole,
            "refused": self.refused,
            "told": self.told,
            "torn": self.torn,
            "silent": len(self.silent),
        }


def columns(number: int) -> Columns:
    """Give the readings of batch `number`; its values tell which it is."""
    series = np.full(READINGS, 1, np.int32)
    t = np.arange(READINGS, dtype=np.int64) + number * 1_000_000
    return Columns(series, t, np.full(READINGS, number + 0.25), np.full(READINGS, 192, np.uint8))


def crashed_log(folder: Path) -> dict[int, bytes]:
    """Leave a log as a kill leaves it, half of it in the file and half in the write-ahead log."""
    acked: dict[int, bytes] = {}

    async def write() -> None:
        log = open_log(f"sqlite:///{folder}/live/log.db", group_commit_ms=0.0)
        for number in range(1, BATCHES + 1):
            payload = encode_columns(columns(number))
            entry = Entry(
                kind=RecordKind.READINGS, received=number, payload=payload, source="m", epoch=1, seq=number
            )
            acked[await log.append([entry])] = payload
            if number == BATCHES // 2:
                log._file.move_wal()  # type: ignore[attr-defined]
        for name in ("log.db", "log.db-wal"):
            shutil.copy2(folder / "live" / name, folder / name)
        log.close()

    asyncio.run(write())
    shutil.rmtree(folder / "live")
    return acked


def flushed_store(folder: Path) -> dict[int, float]:
    """Leave a closed store with some segments; give what it holds, value by time."""
    store = open_store(f"sqlite:///{folder}/store.db")
    for number in range(1, BATCHES + 1):
        store.readings.take(columns(number), number)
        if number % 20 == 0:
            store.readings.flush(0, force=True)
    held = store.readings.read(1, 0, 1 << 60)
    store.close()
    return dict(zip(held.t.tolist(), held.v.tolist(), strict=True))


def log_trial(folder: Path, acked: dict[int, bytes], what: str, tally: Tally) -> None:
    """Open the damaged log in `folder` and see that nothing wrong is given, and nothing missing untold."""
    tally.trials += 1
    try:
        log = open_log(f"sqlite:///{folder}/log.db")
    except StoreError:
        tally.refused += 1
        return
    try:
        found = {record.offset: record.payload for record in readable(log, 0)}
        damaged = log.damaged
    except Corrupt:
        tally.refused += 1
        return
    finally:
        log.close()
    wrong = [offset for offset, payload in found.items() if acked.get(offset) != payload]
    missing = [offset for offset in acked if offset not in found]
    if missing == [max(acked)] and not damaged and not wrong:
        # One damaged frame of the last transaction cannot be told from a kill while it was written.
        tally.torn += 1
    elif wrong or (missing and not damaged):
        tally.silent.append(f"{what}: wrong {wrong[:5]}, missing untold {missing[:5]} of {len(missing)}")
    elif missing:
        tally.told += 1
        _, said = inspect_log(folder / "log.db")
        if not said:
            tally.silent.append(f"{what}: the doctor says nothing of {missing[:5]}")
    else:
        tally.whole += 1


def store_trial(folder: Path, held: dict[int, float], what: str, tally: Tally) -> None:
    """Open the damaged store in `folder`; nothing wrong is given, and what is missing is told on read."""
    tally.trials += 1
    _, said = inspect_store(folder / "store.db")
    try:
        store = open_store(f"sqlite:///{folder}/store.db")
    except StoreError:
        tally.refused += 1
        if not said:
            tally.silent.append(f"{what}: not opened, and the doctor says nothing")
        return
    try:
        columns_ = store.readings.read(1, 0, 1 << 60)
        found = dict(zip(columns_.t.tolist(), columns_.v.tolist(), strict=True))
    except StoreError:
        tally.told += 1
        if not said:
            tally.silent.append(f"{what}: a read was refused, and the doctor says nothing")
        return
    finally:
        store.close()
    if found != held:
        tally.silent.append(f"{what}: other readings were given")
    else:
        tally.whole += 1


def copied(source: Path, target: Path) -> None:
    """Put fresh copies of the database files of `source` into `target`."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in source.iterdir():
        if file.is_file():
            shutil.copy2(file, target / file.name)


def flip(file: Path, chance: random.Random) -> str:
    """Flip one bit of `file`; say which."""
    at, bit = chance.randrange(file.stat().st_size), chance.randrange(8)
    with file.open("r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)[0]
        stream.seek(at)
        stream.write(bytes([byte ^ (1 << bit)]))
    return f"bit {bit} of byte {at} of {file.name}"


def log_damage(folder: Path, *, flips: int, seed: int, step: int = STEP) -> Tally:
    """Cut the write-ahead log at every `step` bytes, then flip bits all over file and write-ahead log."""
    chance, tally = random.Random(seed), Tally()
    acked = crashed_log(folder)
    trial = folder / "trial"
    wal = folder / "log.db-wal"
    for size in range(0, wal.stat().st_size, step):
        copied(folder, trial)
        os.truncate(trial / "log.db-wal", size)
        cut_trial(trial, acked, size, tally)
    for _ in range(flips):
        copied(folder, trial)
        what = flip(trial / chance.choice(["log.db", "log.db-wal"]), chance)
        log_trial(trial, acked, what, tally)
    return tally


def cut_trial(folder: Path, acked: dict[int, bytes], size: int, tally: Tally) -> None:
    """Open a log whose write-ahead log ends early: exactly a prefix of what was acknowledged is there.

    A file that is only shorter carries no trace of what is gone; senders' outboxes and welcomes tell.
    """
    tally.trials += 1
    try:
        log = open_log(f"sqlite:///{folder}/log.db")
    except StoreError:
        tally.refused += 1
        return
    found = {record.offset: record.payload for record in readable(log, 0)}
    log.close()
    prefix = dict(list(acked.items())[: len(found)])
    if found != prefix:
        tally.silent.append(f"cut at {size}: not a prefix, {len(found)} records")
    elif len(found) == len(acked):
        tally.whole += 1
    else:
        tally.told += 1


def store_damage(folder: Path, *, flips: int, seed: int, step: int = STEP) -> Tally:
    """Cut the store at every `step` bytes, then flip bits all over it."""
    chance, tally = random.Random(seed), Tally()
    held = flushed_store(folder)
    trial = folder / "trial"
    # An empty file is a new store: that it does not fit the log is found by the room, see test_corruption.
    for size in range(step, (folder / "store.db").stat().st_size, step):
        copied(folder, trial)
        os.truncate(trial / "store.db", size)
        store_trial(trial, held, f"cut at {size}", tally)
    for _ in range(flips):
        copied(folder, trial)
        store_trial(trial, held, flip(trial / "store.db", chance), tally)
    return tally


def sqlite_alter(file: Path, statement: str) -> None:
    """Alter a database behind the room's back."""
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)
