"""One nursery for all short forms: a start costs what the room needs, not its imports or its compiler."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.server import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    one = Nursery()
    yield one
    one.close()
