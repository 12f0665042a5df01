"""For all tests: properties are properties, time taken says nothing of the code, none sets up another."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from tests.interrupts import heard_again

heard_again()
settings.register_profile("room", deadline=None)
settings.load_profile("room")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer `--slack`."""
    parser.addoption(
        "--slack", type=float, default=1.0, help="allow this many times a promised time (shared machines)"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module's tests in one worker: its room and its browser are then begun once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture
def slack(request: pytest.FixtureRequest) -> float:
    """Give how many times a promised time a test allows: 1 where it is measured, more in `make test`."""
    allowed: float = request.config.getoption("--slack")
    return allowed


@pytest.fixture(autouse=True)
def logging_of_its_own() -> Iterator[None]:
    """Whoever runs next logs as if nobody had set up logging."""
    yield
    structlog.reset_defaults()
