"""The rules of style that a machine can hold: each takes a module and yields complaints."""

import ast
import re
from collections.abc import Callable, Iterator

from tests.house.tree import Module

Rule = Callable[[Module], Iterator[str]]

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

STANDARD_NAMES = frozenset({"OutOfService", "ReturnToService"})
"""Compounds of ISA-18.2, in which the word stands for what it says."""
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "service", "services"}
WALL_CLOCK = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
}
# File: why it may ask the machine for the time. Everyone else takes `now` as an argument.
READS_THE_CLOCK = {
    "opsroom/clock.py": "it is the clock",
}
# What a pure module never imports: it decides, others move bytes.
EFFECTS = {
    "asyncio",
    "anyio",
    "socket",
    "ssl",
    "sqlite3",
    "threading",
    "subprocess",
    "http",
    "urllib",
    "httpx",
}
PURE = (
    "opsroom/model.py",
    "opsroom/units.py",
    "opsroom/ucum.py",
    "opsroom/measuring.py",
    "opsroom/tree.py",
    "opsroom/renaming.py",
    "opsroom/errors.py",
    "opsroom/records.py",
    "opsroom/seats.py",
    "opsroom/catalog.py",
    "opsroom/core.py",
    "opsroom/sources.py",
    "opsroom/stated/",
    "opsroom/step.py",
    "opsroom/detect/",
    "opsroom/alert/",
    "ingest/session.py",
    "ingest/wire.py",
    "ingest/admission.py",
    "ingest/places.py",
    "dashboards/figures.py",
    "dashboards/panels/",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def module_length(module: Module) -> Iterator[str]:
    """A module is at most 400 lines."""
    lines = module.text.count("\n")
    if lines > MODULE_LINES_MAX:
        yield f"{module.path}: {lines} lines, at most {MODULE_LINES_MAX}"


def function_length(module: Module) -> Iterator[str]:
    """A function is at most 70 lines, its docstring and decorators included."""
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{module.path}:{node.lineno}: {node.name}: {lines} lines, at most {FUNCTION_LINES_MAX}"


def _words(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_"))


def telling_names(module: Module) -> Iterator[str]:
    """No module or class is called a helper, a manager, a service or utils, and none just data."""
    stem = module.path.removesuffix("/__init__.py").removesuffix(".py").rsplit("/", 1)[-1]
    classes = [(node.lineno, node.name) for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    for line, name in [(1, stem), *classes]:
        if name in STANDARD_NAMES:
            continue
        if _words(name) & EMPTY_NAMES or _words(name) == {"data"}:
            yield f"{module.path}:{line}: the name {name} tells nothing"


def docstrings(module: Module) -> Iterator[str]:
    """Every module, public class and public function says what it is for."""
    named = [node for node in module.tree.body if isinstance(node, Function | ast.ClassDef)]
    if not ast.get_docstring(module.tree):
        yield f"{module.path}:1: the module has no docstring"
    for node in named:
        if not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{module.path}:{node.lineno}: {node.name} has no docstring"


def tasks_have_parents(module: Module) -> Iterator[str]:
    """A task is made in a TaskGroup (a name ending in `group` or `tasks`), never on its own."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        receiver, _, verb = called.rpartition(".")
        orphan = verb == "create_task" and not receiver.lower().endswith(("group", "tasks"))
        if orphan or verb in {"ensure_future", "run_coroutine_threadsafe"}:
            yield f"{module.path}:{node.lineno}: {called} makes a task without a parent"


def time_is_an_argument(module: Module) -> Iterator[str]:
    """Only the clock reads the clock."""
    if module.path in READS_THE_CLOCK:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if ".".join(called.split(".")[-2:]) in WALL_CLOCK:
                yield f"{module.path}:{node.lineno}: {called} reads the wall clock; take `now` as an argument"


def _is_wide(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(one) in {"Exception", "BaseException"} for one in caught)


def wide_nets_say_why(module: Module) -> Iterator[str]:
    """`except Exception` raises again or has a comment, on its line or before its first statement."""
    lines = module.text.splitlines()
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler) or not _is_wide(node):
            continue
        raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        head = lines[node.lineno - 1 : node.body[0].lineno]
        comments = [line.partition("#")[2].strip() for line in head]
        if not raises and not any(text and not text.startswith("noqa") for text in comments):
            yield f"{module.path}:{node.lineno}: catches everything without a reason"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def pure_stays_pure(module: Module) -> Iterator[str]:
    """What decides does no I/O: no sockets, threads or event loop, nothing awaited."""
    if not module.path.startswith(PURE):
        return
    for node in ast.walk(module.tree):
        effects = {name.split(".")[0] for name in _imported(node)} & EFFECTS
        if isinstance(node, ast.Import | ast.ImportFrom) and effects:
            yield f"{module.path}:{node.lineno}: a pure module imports {', '.join(sorted(effects))}"
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f"{module.path}:{node.lineno}: a pure module awaits"
