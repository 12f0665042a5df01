"""How kernels are compiled: cached on disk, without the interpreter's lock.

Inner ones go without the wrapper that Python would need.

Leaving the wrappers out takes about a third off the first start, when nothing is cached yet.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def forget_stale(folder: Path) -> None:
    """Drop cached kernels made from other sources.

    Numba looks only at the file of the function itself; a kernel that calls another file's would keep its
    old callee. Where the folder cannot be written nothing is cached in it either.
    """
    digest = hashlib.sha256()
    for source in sorted(folder.glob("*.py")):
        digest.update(source.read_bytes())
    mark = folder / "__pycache__" / "kernels.sha256"
    with contextlib.suppress(OSError):
        if mark.exists() and mark.read_text(encoding="ascii") == digest.hexdigest():
            return
        mark.parent.mkdir(exist_ok=True)
        for cached in (*mark.parent.glob("*.nbi"), *mark.parent.glob("*.nbc")):
            cached.unlink(missing_ok=True)
        mark.write_text(digest.hexdigest(), encoding="ascii")


forget_stale(Path(__file__).parent)


def kernel(function: F) -> F:
    """Compile a function that Python calls too."""
    compiled: F = njit(cache=True, nogil=True)(function)
    return compiled


def inner(function: F) -> F:
    """Compile a function that only kernels call."""
    compiled: F = njit(cache=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    return compiled
