"""What every connector of the registry must do, against a peer that nobody here wrote where there is one."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest import sourcefile
from ingest.bridge import Bridge, Told
from ingest.connectors._rows import Instant
from opsroom.errors import SettingsError
from opsroom.model import QUALITY_BAD, QUALITY_GOOD
from opsroom.registry import survey

CONNECTORS = survey(sourcefile.PACKAGE, having=sourcefile.VERB).modules
WAIT_S = 15.0


class Kept:
    def __init__(self) -> None:
        self.rows: list[tuple[str, float | None, str, int]] = []
        self.newest: dict[str, int] = {}

    async def take(self, instants: Sequence[Instant]) -> int:
        return self.keep(instants)

    def keep(self, instants: Sequence[Instant]) -> int:
        for i in instants:
            for name, value, unit, q in zip(i.names, i.values, i.units, i.quality or [], strict=True):
                assert i.t > self.newest.get(name, 0) or value is not None, "a stale mark is the newest word"
                self.newest[name] = max(self.newest.get(name, 0), i.t)
                self.rows.append((name, value, unit, q))
        return len(self.rows)

    def stored(self) -> int:
        return len(self.rows)

    def has(self, name: str, value: float | None, quality: int) -> bool:
        return any(row[0] == name and row[1] == value and row[3] == quality for row in self.rows)


async def _until(holds: Callable[[], bool], what: str, told: list[Told]) -> None:
    try:
        async with asyncio.timeout(WAIT_S):
            while not holds():  # noqa: ASYNC110 - another program's words
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"never: {what}; told {[(one.code, one.text) for one in told]}")


async def _quick(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.1))


def _of_the_peer(task: asyncio.Task[Any]) -> bool:
    """Tell whether a server that runs in this loop left the task behind, not the connector."""
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and "/server/" in code.co_filename


def peer_of(name: str, folder: Path) -> tuple[Any, Any]:
    module = importlib.import_module(f"tests.conformance.peers.{name}")
    if module.Peer.why_not():
        pytest.skip(module.Peer.why_not())
    return module, module.Peer(folder)


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_it_starts_gives_readings_survives_its_source_and_stops(name: str, tmp_path: Path) -> None:
    module, peer = peer_of(name, tmp_path)
    file = tmp_path / "settings.toml"
    file.write_text(peer.table, encoding="utf-8")
    kept = Kept()
    told: list[Told] = []

    async def play() -> None:
        before = asyncio.all_tasks()
        await peer.start()
        found = sourcefile.read_source_file(file)
        bridge = Bridge(kept, told=told.append, sleep=_quick, seed=1)
        async with asyncio.TaskGroup() as group:
            run = group.create_task(bridge.run(found.sources))
            if module.FORGETS:
                await _until(lambda: bridge.counts["connected"] > 0, "connected", told)
            await peer.put(1.5)
            await _until(lambda: kept.has(module.SERIES, 1.5, QUALITY_GOOD), "the first value", told)
            await peer.stop()
            if module.FORGETS:
                await _until(lambda: kept.has(module.SERIES, None, QUALITY_BAD), "the stale mark", told)
            await peer.start()
            if module.FORGETS:
                connected = bridge.counts["connected"]
                await _until(lambda: bridge.counts["connected"] > connected, "connected again", told)
            await peer.put(2.5)
            await _until(
                lambda: kept.has(module.SERIES, 2.5, QUALITY_GOOD), "a value after the restart", told
            )
            run.cancel()
            async with asyncio.timeout(5.0):
                await asyncio.wait([run])
        await peer.stop()
        await asyncio.sleep(0.05)
        left = {task for task in asyncio.all_tasks() - before if not _of_the_peer(task)}
        assert not left, "a connector leaves no task behind"

    asyncio.run(play())
    assert {unit for series, _, unit, _ in kept.rows if series == module.SERIES} == {module.UNIT}


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_it_says_what_it_would_ask_for_without_a_peer(name: str, tmp_path: Path) -> None:
    _, peer = peer_of(name, tmp_path)
    file = tmp_path / "settings.toml"
    file.write_text(peer.table, encoding="utf-8")
    for source in sourcefile.read_source_file(file).sources:
        assert source.label
        assert all(one.what and one.series for one in source.asked())
        assert source.asked()


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_a_key_that_is_not_there_is_named_with_its_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"[{name}]\nno_such_key = 1\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        sourcefile.read_source_file(file)
    assert caught.value.params["file"] == str(file)
    assert str(caught.value.params["key"]).startswith(f"{name}.")
    assert caught.value.message.startswith(f"{file}: {name}.")


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_a_library_is_declared_with_the_extra_that_brings_it(name: str) -> None:
    for command in getattr(CONNECTORS[name], "NEEDS", {}).values():
        assert command == f"pip install 'cybersyn-opsroom[{name}]'"
