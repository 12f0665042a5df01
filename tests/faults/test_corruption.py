"""Damaged files: nothing wrong is ever given, nothing is missing without a word, and the doctor names it."""

from __future__ import annotations

import asyncio
import importlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine
from typer.testing import CliRunner

from opsroom.cli import app
from opsroom.errors import StoreError
from opsroom.log import open_log, readable
from opsroom.log.inspection import inspect
from opsroom.main import build
from opsroom.settings import load_settings
from opsroom.store import open_store
from opsroom.store.inspection import inspect as inspect_store
from tests.assembled.town import Town, person, town, works
from tests.faults import damage
from tests.faults.oracle import left_by
from tests.faults.server import Nursery

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(240)]


def verb(*words: str) -> tuple[int, Any]:
    """Run the command; give its exit code and the JSON it printed."""
    ran = CliRunner().invoke(app, [*words, "--json"])
    return ran.exit_code, json.loads(ran.stdout.splitlines()[-1]) if ran.stdout.strip() else ran.stderr


def test_a_log_cut_or_flipped_anywhere_gives_a_prefix_or_says_what_is_missing(tmp_path: Path) -> None:
    seed = time.time_ns() % 1_000_000
    tally = damage.log_damage(tmp_path, flips=20, seed=seed, step=128 * damage.STEP)
    print(seed, tally.figure())
    assert not tally.silent, (seed, tally.silent)
    assert tally.told


def test_a_store_cut_or_flipped_anywhere_gives_what_it_had_or_refuses(tmp_path: Path) -> None:
    seed = time.time_ns() % 1_000_000
    tally = damage.store_damage(tmp_path, flips=20, seed=seed, step=32 * damage.STEP)
    print(seed, tally.figure())
    assert not tally.silent, (seed, tally.silent)
    assert tally.refused + tally.told


def test_records_on_a_damaged_page_are_named_and_those_around_it_are_read(tmp_path: Path) -> None:
    acked = damage.crashed_log(tmp_path)
    asyncio.run(closed_log(tmp_path))
    file = tmp_path / "log.db"
    page = [at for at in range(8192, file.stat().st_size, 8192) if is_leaf(file, at)][-2]
    with file.open("r+b") as stream:
        stream.seek(page)
        stream.write(b"\xff" * 64)
    log = open_log(f"sqlite:///{file}")
    found = {record.offset: record.payload for record in readable(log, 0)}
    missing = sorted(acked.keys() - found.keys())
    assert missing
    assert found
    assert all(acked[offset] == payload for offset, payload in found.items())
    for _ in range(2):
        assert log.damaged == len(missing)
        assert len(list(readable(log, 0))) == len(found), "and counts once, however often it is read over"
    log.close()
    _, said = inspect(file)
    named = [number for one in said for number in range(one.params["first"], one.params["last"] + 1)]
    assert named == missing


async def closed_log(folder: Path) -> None:
    """Open and close a log: all of it is in the file then."""
    open_log(f"sqlite:///{folder}/log.db").close()


def is_leaf(file: Path, at: int) -> bool:
    """Tell whether the page at `at` is a leaf of a table (its first byte is 13)."""
    with file.open("rb") as stream:
        stream.seek(at)
        return stream.read(1) == b"\x0d"


@pytest.fixture(scope="module")
def fed(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> tuple[Town, Path]:
    """A room that ran and stopped, and a backup made while it was loaded."""
    folder = tmp_path_factory.mktemp("fed")

    async def story(server: Town) -> None:
        async with works(server) as dam, person(server.home, "shift") as shift:
            await dam.breaks("gate")
            await shift.alert("gate")
            async with asyncio.TaskGroup() as group:
                copy = group.create_task(
                    asyncio.to_thread(verb, "backup", str(folder / "copy"), "--settings", settings)
                )
                while not copy.done():
                    await dam.measure("output", 50.0)
            assert copy.result()[0] == 0, copy.result()

    with town(folder / "room", nursery, store={"flush_readings": 20}) as server:
        settings = str(server.settings_file)
        asyncio.run(story(server))
        server.stop()
    return server, folder / "copy"


def test_a_backup_of_a_loaded_room_is_restored_elsewhere_with_equal_hashes(
    fed: tuple[Town, Path], tmp_path: Path
) -> None:
    _, copy = fed
    there = Town(tmp_path / "there")
    for name in ("store.db", "log.db", "log.db-lock"):
        (there.folder / name).unlink(missing_ok=True)
    settings = str(there.settings_file)
    code, told = verb("restore", str(copy), "--settings", settings)
    assert code == 0, told
    sums = dict(line.split("  ")[::-1] for line in (copy / "SHA256SUMS").read_text().splitlines())
    assert {Path(name).name: digest for name, digest in told["sha256"].items()}.items() <= sums.items()
    assert verb("doctor", "--settings", settings)[1]["good"]
    assert verb("restore", str(copy), "--settings", settings)[0] == 1, "nothing is overwritten"
    there.start()
    there.stop()
    left = left_by(there)
    assert [alert["series"] for alert in left.alerts] == ["energy/dam/gate"]
    assert len(left.readings["energy/dam/gate"]) == 3
    with (copy / "log.db").open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"\x00\x01\x02")
    code, told = verb("restore", str(copy), "--settings", str(tmp_path / "none.toml"))
    assert (code, "backup_damaged" in told) == (1, True)


def test_the_doctor_names_block_readings_and_remedy(fed: tuple[Town, Path], tmp_path: Path) -> None:
    server, _ = fed
    here = moved(server, tmp_path)
    damage.sqlite_alter(
        here.folder / "store.db", "UPDATE block SET body = substr(body, 1, 30) || x'00ff' || substr(body, 33)"
    )
    code, told = verb("doctor", "--settings", str(here.settings_file))
    assert (code, told["good"]) == (1, False)
    blocks = [row for row in told["damage"] if row["block"] is not None]
    assert blocks
    for row in blocks:
        assert row["file"] == str(here.folder / "store.db")
        assert row["readings"] > 0
        assert row["series"]
        assert "restore" in row["remedy"]


@pytest.mark.parametrize("gone", ["store.db", "log.db"])
def test_a_store_and_a_log_that_do_not_belong_together_are_refused(
    fed: tuple[Town, Path], tmp_path: Path, gone: str
) -> None:
    here = moved(fed[0], tmp_path)
    # Once the log has let go what is in chunks, the store cannot be made again from it.
    damage.sqlite_alter(here.folder / "log.db", "UPDATE trimmed SET upto = 5")
    (here.folder / gone).unlink()
    with pytest.raises(StoreError) as told:
        build(load_settings(here.settings_file), screens=False)
    assert told.value.code == "log_store_mismatch"


def test_a_backup_of_a_later_release_is_refused(fed: tuple[Town, Path], tmp_path: Path) -> None:
    here = moved(fed[0], tmp_path)
    damage.sqlite_alter(here.folder / "store.db", "UPDATE alembic_version SET version_num = '9999'")
    code, told = verb("doctor", "--settings", str(here.settings_file))
    assert (code, [row["code"] for row in told["damage"]]) == (1, ["store_newer"])


def moved(server: Town, folder: Path) -> Town:
    """Give a room of its own with copies of the files of `server`."""
    here = Town(folder / "room")
    for name in ("store.db", "log.db"):
        shutil.copy2(server.folder / name, here.folder / name)
    return here


@pytest.mark.parametrize("opened", [open_log, open_store])
def test_a_damaged_name_that_sqlite_quotes_is_damage(tmp_path: Path, opened: Callable[[str], Any]) -> None:
    """SQLite's own words about it are no text then."""
    file = tmp_path / "room.db"
    asyncio.run(closed(opened, file))
    content = bytearray(file.read_bytes())
    content[content.find(b"CREATE TABLE") + len("CREATE ")] ^= 0x80
    file.write_bytes(content)
    with pytest.raises(StoreError) as refused:
        asyncio.run(closed(opened, file))
    assert refused.value.code == "corrupt"


async def closed(opened: Callable[[str], Any], file: Path) -> None:
    """Open and close a log or a store."""
    opened(f"sqlite:///{file}").close()


def altered(folder: Path, statement: str) -> damage.Tally:
    """Alter a closed store behind the room's back; give what came of reading it."""
    held = damage.flushed_store(folder)
    damage.sqlite_alter(folder / "store.db", statement)
    tally = damage.Tally()
    damage.store_trial(folder, held, statement, tally)
    return tally


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE segment SET width_s = 60",
        "UPDATE segment SET t_min = 60, t_max = 60",
        "UPDATE segment SET readings = 60",
    ],
)
def test_a_damaged_row_of_a_segment_hides_no_reading(tmp_path: Path, statement: str) -> None:
    tally = altered(tmp_path, statement)
    assert tally.whole == 1
    _, said = inspect_store(tmp_path / "store.db")
    assert all("is not as it was listed" in one.message for one in said)
    assert said


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE snapshot SET body = body || x'00' WHERE name = 'readings.segments'",
        "DELETE FROM snapshot WHERE name = 'readings.segments'",
        "UPDATE position SET log_offset = log_offset + 1 WHERE name = 'readings'",
        "DELETE FROM position WHERE name = 'readings'",
    ],
)
def test_a_store_whose_list_of_segments_does_not_fit_is_refused(tmp_path: Path, statement: str) -> None:
    tally = altered(tmp_path, statement)
    assert (tally.refused, tally.silent) == (1, [])


def test_a_store_of_before_the_list_is_listed_when_its_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    held = damage.flushed_store(tmp_path)
    damage.sqlite_alter(tmp_path / "store.db", "DELETE FROM snapshot WHERE name = 'readings.segments'")
    step = importlib.import_module("opsroom.store.migrations.versions.0009_listing")
    engine = create_engine(f"sqlite:///{tmp_path}/store.db")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        step.upgrade()
    engine.dispose()
    tally = damage.Tally()
    damage.store_trial(tmp_path, held, "upgraded", tally)
    assert (tally.whole, inspect_store(tmp_path / "store.db")[1]) == (1, [])
