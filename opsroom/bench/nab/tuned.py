"""What was tuned on labels, and the values tried: the list that cross-validation goes through."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Iterable
from typing import Any, Final

import opsroom.detect
from opsroom.bench.nab.validate import THRESHOLD
from opsroom.detect import discord, evidence

TUNED: Final[dict[str, tuple[float, ...]]] = {
    THRESHOLD: (2.8, 3.0, 3.2, 3.3, 3.4, 3.6, 4.0),
    "evidence.PRIOR_SHAPE": (3.0, 8.0),
    "evidence.PRIOR_EXCESS": (0.05, 0.2),
    "evidence.INDEPENDENT_LEAST": (0.05, 0.2),
    "evidence.TOP": (0.01, 0.05),
    "evidence.REFERENCE": (1e-4, 1e-3),
    "evidence.PRIOR_MOMENTS": (1.0, 6.0),
    "evidence.APART": (50, 200),
    "tail.SMOOTH": (0.05, 0.12),
    "tail.SLOT_GAIN": (0.01, 0.04),
    "tail.WEEK_USED": (0.5, 0.7),
    "discord.WINDOW": (36, 64),
}
"""`module.NAME`, or `module.NAME[index]` of an array that kernels are given, below `opsroom.detect`, and what
is tried beside the value shipped.

`evidence.LINES` is not among them: it is fitted to simulated series (`opsroom bench calibration --fit`) and
has seen no file of the benchmark.
"""


def _own_most(prior: float, expected: float) -> float:
    return math.ceil(100.0 * math.log10((prior + expected) / prior)) / 100.0


FOLLOWS: Final[dict[str, Callable[[], Any]]] = {
    "discord.REACH": lambda: discord.HISTORY + discord.WINDOW,
    "evidence.OWN_MOST": lambda: _own_most(
        evidence.PRIOR_MOMENTS, evidence.REFERENCE * evidence.MOMENT_MEMORY
    ),
    "evidence.MOMENT_AT": lambda: (
        (evidence.LINES[:, 0] - math.log10(evidence.REFERENCE)) / evidence.LINES[:, 1]
    ),
}
"""What detection computes on import from constants that are tried; computed anew after each change."""


def shipped(names: Iterable[str] = TUNED) -> dict[str, float]:
    """Give the values that the code ships."""
    return {name: _value(name) for name in names}


def override(name: str, value: float) -> None:
    """Set a constant wherever detection holds it: an array's in place, a plain one in every module.

    Only for a process that has compiled no kernels yet and ends with its scores: kernels take plain constants
    at compilation, and what was computed from one on import stays but for FOLLOWS.
    """
    owner, constant, index = _parts(name)
    before = getattr(owner, constant)
    if index is not None:
        before[index] = value
        return
    _spread(constant, before, type(before)(value))
    for follower, computed in FOLLOWS.items():
        module, constant, _ = _parts(follower)
        _spread(constant, getattr(module, constant), computed())


def _spread(constant: str, before: Any, after: Any) -> None:
    """Put `after` in place of `before` in every module that holds the constant."""
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
