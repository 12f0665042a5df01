"""Every rule holds over the tree, and every rule bites on an example made to break it."""

import pytest

from tests.house import rules
from tests.house.tree import PRODUCT, Module, modules

LONG_FUNCTION = "def f() -> None:\n" + "    pass\n" * 70
EVERYWHERE = (rules.module_length, rules.function_length, rules.telling_names, rules.wide_nets_say_why)
IN_THE_PRODUCT = (
    rules.docstrings,
    rules.tasks_have_parents,
    rules.time_is_an_argument,
    rules.pure_stays_pure,
)


def name_of(rule: rules.Rule) -> str:
    return rule.__name__


@pytest.mark.parametrize("rule", EVERYWHERE, ids=name_of)
def test_rule_holds_everywhere(rule: rules.Rule) -> None:
    assert not [complaint for module in modules(*PRODUCT, "tests", "tools") for complaint in rule(module)]


@pytest.mark.parametrize("rule", IN_THE_PRODUCT, ids=name_of)
def test_rule_holds_in_the_product(rule: rules.Rule) -> None:
    assert not [complaint for module in modules(*PRODUCT) for complaint in rule(module)]


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rules.module_length, "opsroom/x.py", "x = 1\n" * 401),
        (rules.function_length, "opsroom/x.py", LONG_FUNCTION),
        (rules.telling_names, "opsroom/log_utils.py", ""),
        (rules.telling_names, "opsroom/service/__init__.py", ""),
        (rules.telling_names, "opsroom/x.py", "class AlertManager: ..."),
        (rules.telling_names, "opsroom/data.py", ""),
        (rules.docstrings, "opsroom/x.py", ""),
        (rules.docstrings, "opsroom/x.py", '"""X."""\ndef f() -> None: ...'),
        (rules.docstrings, "opsroom/x.py", '"""X."""\nclass C: ...'),
        (rules.tasks_have_parents, "opsroom/x.py", "asyncio.create_task(f())"),
        (rules.tasks_have_parents, "opsroom/x.py", "create_task(f())"),
        (rules.tasks_have_parents, "opsroom/x.py", "loop.create_task(f())"),
        (rules.tasks_have_parents, "opsroom/x.py", "asyncio.ensure_future(f())"),
        (rules.time_is_an_argument, "opsroom/x.py", "datetime.now(UTC)"),
        (rules.time_is_an_argument, "opsroom/x.py", "datetime.datetime.now()"),
        (rules.time_is_an_argument, "opsroom/x.py", "time.time_ns()"),
        (rules.wide_nets_say_why, "opsroom/x.py", "try:\n    f()\nexcept Exception:\n    pass"),
        (rules.wide_nets_say_why, "opsroom/x.py", "try:\n    f()\nexcept (OSError, Exception):\n    pass"),
        (
            rules.wide_nets_say_why,
            "opsroom/x.py",
            "try:\n    f()\nexcept Exception:  # noqa: BLE001\n    pass",
        ),
        (rules.pure_stays_pure, "opsroom/detect/x.py", "import asyncio"),
        (rules.pure_stays_pure, "ingest/wire.py", "from urllib.request import urlopen"),
        (rules.pure_stays_pure, "ingest/session.py", "async def f() -> None: ..."),
    ],
)
def test_rule_bites(rule: rules.Rule, path: str, text: str) -> None:
    assert list(rule(Module.of(path, text)))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rules.function_length, "opsroom/x.py", LONG_FUNCTION.removesuffix("    pass\n")),
        (rules.telling_names, "opsroom/x.py", "class DatabaseError: ..."),
        (rules.tasks_have_parents, "opsroom/x.py", "group.create_task(f())"),
        (rules.tasks_have_parents, "opsroom/x.py", "self._tasks.create_task(f())"),
        (rules.time_is_an_argument, "opsroom/clock.py", "time.time_ns()"),
        (rules.time_is_an_argument, "opsroom/x.py", "time.perf_counter()"),
        (rules.wide_nets_say_why, "opsroom/x.py", "try:\n    f()\nexcept Exception:\n    # Why.\n    pass"),
        (rules.wide_nets_say_why, "opsroom/x.py", "try:\n    f()\nexcept Exception:\n    g()\n    raise"),
        (rules.wide_nets_say_why, "opsroom/x.py", "try:\n    f()\nexcept ValueError:\n    pass"),
        (rules.pure_stays_pure, "ingest/link.py", "import asyncio"),
    ],
)
def test_rule_lets_good_code_pass(rule: rules.Rule, path: str, text: str) -> None:
    assert not list(rule(Module.of(path, text)))
