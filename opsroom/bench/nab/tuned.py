"""What was tuned on labels, and the values tried: the list that cross-validation goes through."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any, Final

from opsroom.bench.nab.validate import THRESHOLD

TUNED: Final[dict[str, tuple[float, ...]]] = {
    THRESHOLD: (3.0, 3.4, 3.8, 4.0, 4.2, 4.4, 4.6, 5.0, 5.5, 6.0),
}
"""`module.NAME` or, of a constant that is an array, `module.NAME[index]`, below `opsroom.detect`."""


def shipped(names: Iterable[str] = TUNED) -> dict[str, float]:
    """Give the values that the code ships."""
    return {name: _value(name) for name in names}


def override(name: str, value: float) -> None:
    """Set a constant in every module of detection that holds it.

    Only for a process that has not compiled its kernels yet and ends with its scores: kernels take constants
    at compilation, and what was computed from one on import stays.
    """
    owner, constant, index = _parts(name)
    before = getattr(owner, constant)
    after: Any = type(before)(value) if index is None else before.copy()
    if index is not None:
        after[index] = value
    import opsroom.detect as package

    modules = [importlib.import_module(f"opsroom.detect.{one}") for one in _modules(package.__path__)]
    for module in modules:
        if getattr(module, constant, None) is before:
            setattr(module, constant, after)


def _modules(path: Iterable[str]) -> list[str]:
    import pkgutil

    return [module.name for module in pkgutil.iter_modules(list(path))]


def _parts(name: str) -> tuple[Any, str, int | None]:
    """Give module, name of the constant and index of a dotted name."""
    module, _, constant = name.partition(".")
    constant, _, index = constant.rstrip("]").partition("[")
    return importlib.import_module(f"opsroom.detect.{module}"), constant, int(index) if index else None


def _value(name: str) -> float:
    owner, constant, index = _parts(name)
    value = getattr(owner, constant)
    return float(value if index is None else value[index])
