"""What is shipped: one hash over every constant that decides what detection says.

Whatever quotes a figure of detection prints it, so that accuracy, cost and the running room can be seen to
speak of the same settings.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import pkgutil
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

import msgspec
import numpy as np

import opsroom.detect

NAB_THRESHOLD: Final = 3.3
"""Score from which a reading counts as reported on the Numenta benchmark.

-log10 of the expected share of false reports: one reading in 2,000.

Declared here, before scoring, and part of the hash: it is never taken from labels of the files it is
scored on.
"""


def settings_hash(**given: float | str) -> str:
    """Give the sha256 (hex) of all constants of `opsroom.detect` and of the engine's defaults.

    `given` are settings of the running room that stand in for defaults of the same name, for instance
    `recovery_readings=2, budget_per_week=0.1`: values equal to the defaults give the default hash.

    Raises:
        TypeError: a name that is no default of detection.
    """
    values = defaults()
    strange = sorted(set(given) - set(values))
    if strange:
        raise TypeError(f"no default of detection: {', '.join(strange)}")
    values |= {name: type(values[name])(value) for name, value in given.items()}  # 2 and 2.0 are one setting
    plain = {name: _written(value) for name, value in values.items()}
    written = json.dumps({"constants": constants(), "defaults": plain}, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def constants() -> dict[str, Any]:
    """Give every module-level constant by dotted name: numbers, texts, arrays and tables of these.

    A leading underscore hides no constant. Types, functions and record layouts are not constants.
    """
    found = {}
    for module in pkgutil.iter_modules(opsroom.detect.__path__):
        members = vars(importlib.import_module(f"opsroom.detect.{module.name}"))
        for name, value in members.items():
            if name.isupper() and (written := _written(value)) is not None:
                found[f"{module.name}.{name}"] = written
    return found


def defaults() -> dict[str, Any]:
    """Give the engine's default arguments and the defaults of what is said of a series."""
    from opsroom.detect import Engine, SeriesSpec

    found = {
        parameter.name: parameter.default
        for parameter in inspect.signature(Engine).parameters.values()
        if parameter.default is not inspect.Parameter.empty
    }
    found |= {
        field.name: field.default
        for field in msgspec.structs.fields(SeriesSpec)
        if field.default is not msgspec.NODEFAULT
    }
    return {name: value for name, value in found.items() if _written(value) is not None}


def _written(value: Any) -> Any:
    """Give a constant as JSON without loss; None for what is none."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, float | np.floating):
        return float(value).hex()
    if isinstance(value, bool | int | str | np.integer):
        return value.item() if isinstance(value, np.integer) else value
    if isinstance(value, np.ndarray):
        return [str(value.dtype), list(value.shape), value.tobytes().hex()]
    if isinstance(value, Mapping):
        pairs = [(_written(key), _written(one)) for key, one in value.items()]
        return sorted(([k, v] for k, v in pairs if v is not None), key=str) or None
    if isinstance(value, set | frozenset):
        return sorted((_written(one) for one in value), key=str)
    if isinstance(value, tuple | list):
        return [_written(one) for one in value]
    return None
