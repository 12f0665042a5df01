"""For all tests: properties are properties, time taken says nothing of the code, none sets up another."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("room", deadline=None)
settings.load_profile("room")


@pytest.fixture(autouse=True)
def logging_of_its_own() -> Iterator[None]:
    """Whoever runs next logs as if nobody had set up logging."""
    yield
    structlog.reset_defaults()
