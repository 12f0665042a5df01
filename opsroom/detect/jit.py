"""How kernels are compiled: cached on disk, without the interpreter's lock.

Inner ones go without the wrapper that Python would need.

Leaving the wrappers out takes about a third off the first start, when nothing is cached yet.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

LINE_BYTES: Final = 64
"""Of a cache."""
F = TypeVar("F", bound=Callable[..., Any])
kernels: Final[list[Any]] = []
"""What Python calls. Each lists the types it has been compiled for."""


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
    kernels.append(compiled)
    return compiled


_BARE: Final = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def inner(function: F) -> F:
    """Compile a function that only kernels call."""
    compiled: F = njit(cache=True, nogil=True, **_BARE)(function)
    return compiled


def woven(function: F) -> F:
    """Compile a function into each kernel that calls it: a call costs as much as what a hot one does."""
    compiled: F = njit(cache=True, nogil=True, forceinline=True, **_BARE)(function)
    return compiled


@intrinsic
def fetch(_context: Any, rows: Any, place: Any, offset: Any) -> Any:
    """Ask for the cache line at byte `offset` of `rows[place]` before it is needed.

    Only a hint: nothing depends on it but time. An array far larger than the cache is otherwise waited for
    line by line.
    """

    def generated(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, given[0])
        stride = builder.extract_value(array.strides, 0)
        word = ir.IntType(64)
        place, offset = (
            context.cast(builder, value, kind, types.int64)
            for value, kind in zip(given[1:], signature.args[1:], strict=True)
        )
        base = builder.ptrtoint(array.data, word)
        address = builder.add(builder.add(base, builder.mul(place, stride)), offset)
        pointer = ir.IntType(8).as_pointer()
        flag = ir.IntType(32)
        hint = builder.module.declare_intrinsic(
            "llvm.prefetch", [pointer], ir.FunctionType(ir.VoidType(), [pointer, flag, flag, flag])
        )
        to_write, keep, of_memory = (ir.Constant(flag, value) for value in (1, 3, 1))
        builder.call(hint, [builder.inttoptr(address, pointer), to_write, keep, of_memory])
        return context.get_dummy_value()

    return types.void(rows, place, offset), generated


@woven
def fetch_row(rows: Any, place: int, size: int) -> None:
    """Ask for the first `size` bytes of `rows[place]`."""
    for line in range(0, size, LINE_BYTES):
        fetch(rows, place, line)
    fetch(rows, place, size - 1)
