"""What was acknowledged survives a killed process, whole; and every acknowledgement waited for the disk."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from opsroom.log import open_log
from opsroom.records import Record, RecordKind

APPENDER = Path(__file__).with_name("appender.py")
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def test_ten_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("OPSROOM_SEED", random.randrange(2**32)))
    print("seed", seed)
    chance = random.Random(seed)
    total = 0
    for number, kills in enumerate((1, 3, 2, 4)):
        url = f"sqlite:///{tmp_path}/{number}/log.db"
        acked: dict[tuple[str, int], int] = {}
        for _ in range(kills):
            acked.update(run_and_kill(url, chance.uniform(0.0, 0.1)))
        check(url, acked)
        total += len(acked)
    assert total > 100


def run_and_kill(url: str, after_s: float) -> dict[tuple[str, int], int]:
    """Start an appender, kill it `after_s` after it began; give what it saw acknowledged."""
    command = [sys.executable, str(APPENDER), url, "8", "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(after_s)
        child.send_signal(signal.SIGKILL)
        lines = child.stdout.read().decode().splitlines()
    assert first == b"ready\n"
    parts = (line.split() for line in lines if line.count(" ") == 2)
    return {(name, int(seq)): int(offset) for name, seq, offset in parts}


def check(url: str, acked: dict[tuple[str, int], int]) -> None:
    """Every acknowledged pair stands at its offset; every batch is whole and has its act beside it, once."""
    log = open_log(url)
    try:
        records: list[Record] = []
        while found := log.read(records[-1].offset if records else 0):
            records += found
    finally:
        log.close()
    by_offset = {record.offset: record for record in records}
    assert len(by_offset) == len(records) == (records[-1].offset if records else 0)
    for (name, seq), offset in acked.items():
        assert (by_offset[offset].source, by_offset[offset].seq) == (name, seq)
    batches = [record for record in records if record.kind is RecordKind.READINGS]
    assert len({(record.source, record.seq) for record in batches}) == len(batches)
    for record in batches:
        text = f"{record.source} {record.seq} ".encode()
        assert record.payload == text * (record.seq % 400 + 1)
        assert by_offset[record.offset - 1].payload + b" " == text
    assert len(batches) * 2 == len(records)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace (apt-get install strace)")
def test_every_acknowledgement_comes_after_a_sync_of_what_was_written(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-e", "trace=write,pwrite64,fsync,fdatasync", "-o", str(trace)]
    command += [sys.executable, str(APPENDER), f"sqlite:///{tmp_path}/log.db", "1", "25"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=50, check=False)
    if "ptrace" in done.stderr.lower() and done.returncode != 0:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()[:100]}")
    acks = synced = 0
    dirty = False
    for line in trace.read_text(errors="replace").splitlines():
        if re.search(r"pwrite64\(\d+<[^>]*log\.db-wal>", line):
            dirty = True
        elif re.search(r"(fsync|fdatasync)(\(\d+<[^>]*log\.db-wal>| resumed>)\)\s+= 0", line):
            dirty, synced = False, synced + 1
        elif re.search(r'write\(1<[^>]*>, "s0 \d+', line):
            acks += 1
            assert not dirty, "acknowledged before the write-ahead log was on the disk"
            assert synced >= acks
    assert acks == 25
