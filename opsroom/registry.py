"""Plug-ins by file: a module in its package, not starting with `_`, is found here; so are entry points.

Detectors, connectors, simulated plants, panels, logs, stores: one new file each, no other edit. A name clash,
a missing docstring or an import error stops the start with the file named. A plug-in may declare libraries
it cannot do without, before it imports them:

    NEEDS = {"psycopg": "pip install 'cybersyn-opsroom[postgresql]'"}

When such a library is absent the plug-in is listed as missing, with that command, and the rest goes on.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from opsroom.errors import OpsroomError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

NEEDS = "NEEDS"


class PluginError(OpsroomError):
    """A plug-in that stops the start; `file` and `plugin` are in `params`."""

    code = "plugin_invalid"
    status = 500


class Missing(NamedTuple):
    """A plug-in that cannot be used until `library` is installed with `command`."""

    name: str
    library: str
    command: str


class Survey(NamedTuple):
    """What a package offers: usable modules by name, and the plug-ins whose optional library is absent."""

    modules: dict[str, ModuleType]
    missing: tuple[Missing, ...]


class _Candidate(NamedTuple):
    """Where a plug-in stands before it is imported."""

    name: str
    module: str
    file: str


def discover(package: str, *, having: str | None = None) -> dict[str, ModuleType]:
    """Give the usable plug-ins of `package` by name, in alphabetical order.

    `having` keeps the modules that offer that public name, where plug-ins stand beside other modules.

    Raises:
        PluginError: clash of names, no docstring, or an import error; the file is named.
    """
    return survey(package, having=having).modules


def survey(package: str, *, having: str | None = None, wanted: str | None = None) -> Survey:
    """Give the usable plug-ins of `package` and those that are missing a library.

    With `wanted` only the plug-in of that name is imported, where there is one: a start need not load what it
    does not use.

    The entry point group of other distributions is the name of the package, for example `ingest.connectors`.

    Raises:
        PluginError: clash of names, no docstring, or an import error; the file is named.
    """
    modules: dict[str, ModuleType] = {}
    missing: list[Missing] = []
    candidates = sorted(_without_clash([*_of_package(package), *_of_entry_points(package)]))
    for candidate in [one for one in candidates if one.name == wanted] or candidates:
        loaded = _load(candidate)
        if isinstance(loaded, Missing):
            missing.append(loaded)
        elif having is None or hasattr(loaded, having):
            modules[candidate.name] = loaded
    return Survey(modules, tuple(missing))


def _of_package(package: str) -> list[_Candidate]:
    """List the modules and subpackages in the folders of `package`."""
    home = importlib.import_module(package)
    found = []
    for info in pkgutil.iter_modules(home.__path__):
        if info.name.startswith("_"):
            continue
        module = f"{package}.{info.name}"
        found.append(_candidate(info.name, module))
    return found


def _of_entry_points(group: str) -> list[_Candidate]:
    """List what other distributions offer in `group`."""
    return [_of_entry_point(point) for point in entry_points(group=group)]


def _of_entry_point(point: EntryPoint) -> _Candidate:
    """Place one entry point without importing it."""
    return _candidate(point.name, point.module)


def _candidate(name: str, module: str) -> _Candidate:
    """Find the file of `module`, without running it."""
    try:
        spec = importlib.util.find_spec(module)
    except ImportError as error:
        raise _invalid(name, module, f"its package cannot be imported: {error}") from error
    if spec is None or spec.origin is None:
        raise _invalid(name, module, "its module is not there")
    return _Candidate(name, module, spec.origin)


def _without_clash(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """Pass the candidates on when every name stands for one module."""
    by_name: dict[str, _Candidate] = {}
    for candidate in candidates:
        other = by_name.setdefault(candidate.name, candidate)
        if other.module != candidate.module:
            raise _invalid(candidate.name, candidate.file, f"the name is taken by {other.file}")
    return list(by_name.values())


def _load(candidate: _Candidate) -> ModuleType | Missing:
    """Import one plug-in, or say which of its declared libraries is absent."""
    try:
        module = importlib.import_module(candidate.module)
    except ModuleNotFoundError as error:
        absent = (error.name or "").partition(".")[0]
        command = _needs(candidate).get(absent)
        if command is None:
            raise _invalid(candidate.name, candidate.file, f"it cannot be imported: {error}") from error
        return Missing(candidate.name, absent, command)
    except SyntaxError as error:
        place = f"{error.filename}:{error.lineno}"
        raise _invalid(candidate.name, place, f"it cannot be parsed: {error.msg}") from error
    except Exception as error:  # whatever a plug-in raises, its file must be named
        raise _invalid(
            candidate.name, candidate.file, f"it cannot be imported: {type(error).__name__}: {error}"
        ) from error
    if not (module.__doc__ or "").strip():
        raise _invalid(candidate.name, candidate.file, "it has no docstring")
    return module


def _needs(candidate: _Candidate) -> dict[str, str]:
    """Read the literal `NEEDS = {library: command}` of a module that cannot be imported."""
    if not candidate.file.endswith(".py"):
        return {}
    tree = ast.parse(Path(candidate.file).read_text(encoding="utf-8"), candidate.file)
    for statement in tree.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        if any(isinstance(target, ast.Name) and target.id == NEEDS for target in targets):
            return _literal(candidate, statement)
    return {}


def _literal(candidate: _Candidate, statement: ast.stmt) -> dict[str, str]:
    """Evaluate the right side of `NEEDS`, which must be a literal."""
    value = getattr(statement, "value", None)
    try:
        table = ast.literal_eval(value) if value is not None else {}
    except ValueError as error:
        reason = f"{NEEDS} is not a literal"
        raise _invalid(candidate.name, f"{candidate.file}:{statement.lineno}", reason) from error
    return {str(library): str(command) for library, command in dict(table).items()}


def _invalid(name: str, file: str, reason: str) -> PluginError:
    """Make the error that stops the start."""
    return PluginError(
        f"{file}: plug-in {name!r}: {reason}.",
        remedy="Mend or remove that file; a plug-in needs a docstring and a name of its own.",
        plugin=name,
        file=file,
    )
