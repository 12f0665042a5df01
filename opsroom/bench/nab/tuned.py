"""What was tuned on labels, and the values tried: the list that cross-validation goes through."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any, Final

import opsroom.detect
from opsroom.bench.nab.validate import THRESHOLD

TUNED: Final[dict[str, tuple[float, ...]]] = {
    THRESHOLD: (3.0, 3.4, 3.8, 4.0, 4.2, 4.4, 4.6, 5.0, 5.5, 6.0),
}
"""`module.NAME`, or `module.NAME[index]` of an array that kernels are given, below `opsroom.detect`."""


def shipped(names: Iterable[str] = TUNED) -> dict[str, float]:
    """Give the values that the code ships."""
    return {name: _value(name) for name in names}


def override(name: str, value: float) -> None:
    """Set a constant wherever detection holds it: an array's in place, a plain one in every module.

    Only for a process that has compiled no kernels yet and ends with its scores: kernels take plain constants
    at compilation, and what was computed from one on import stays.
    """
    owner, constant, index = _parts(name)
    before = getattr(owner, constant)
    if index is not None:
        before[index] = value
        return
    after = type(before)(value)
    for module in pkgutil.iter_modules(opsroom.detect.__path__):
        members = vars(importlib.import_module(f"opsroom.detect.{module.name}"))
        if members.get(constant) is before:
            members[constant] = after


def compiled_in(name: str) -> bool:
    """Tell whether kernels take this constant at compilation, so that cached ones do not hold."""
    return not name.endswith("]")


def _parts(name: str) -> tuple[Any, str, int | None]:
    """Give module, name of the constant and index of a dotted name."""
    module, _, constant = name.partition(".")
    constant, _, index = constant.rstrip("]").partition("[")
    return importlib.import_module(f"opsroom.detect.{module}"), constant, int(index) if index else None


def _value(name: str) -> float:
    owner, constant, index = _parts(name)
    value = getattr(owner, constant)
    return float(value if index is None else value[index])
