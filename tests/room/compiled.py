"""`python -m tests.room.compiled`: what is still compiled once `compile_all` has run, a line each.

In a process of its own: in one that has run other tests everything may be compiled already.
"""

from __future__ import annotations

import numpy as np

from opsroom.detect.jit import kernels
from opsroom.kernels import compile_all


def known() -> set[tuple[str, str, str]]:
    """Give module, name and types of all that is compiled and that Python calls."""
    return {
        (one.py_func.__module__, one.py_func.__name__, str(types))
        for one in kernels
        for types in one.signatures
    }


def main() -> None:
    """Let a world with its restarts, relations that are judged and decided, and rules run."""
    compile_all()
    before = known()

    from tests.detect.streams import feed
    from tests.detect.test_assembly import STREAM, begun
    from tests.rules.speed import us_a_reading
    from tests.simulation.world import simulate

    engine, state = begun()
    for k in range(0, len(STREAM), 80):
        state, _ = feed(engine, state, STREAM.take(np.arange(k, min(k + 80, len(STREAM)))), [])
        for one in engine.open_series(state):
            state = engine.release(state, one)
        engine.bands(state, list(state.specs))
    us_a_reading()
    simulate(2)
    for module, name, types in sorted(known() - before):
        print(f"{module}.{name} {types}")


if __name__ == "__main__":
    main()
