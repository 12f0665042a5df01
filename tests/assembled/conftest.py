"""One nursery for all rooms of these tests: a start costs what the room needs, not what its imports need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.assembled.town import Town, town
from tests.faults.server import Nursery


@pytest.fixture(scope="package")
def nursery() -> Iterator[Nursery]:
    """Start it once."""
    forks = Nursery()
    yield forks
    forks.close()


@pytest.fixture(scope="module")
def running(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Run one room for the tests of a module; each breaks a series of its own."""
    with town(tmp_path_factory.mktemp("town"), nursery) as server:
        yield server
