"""Many seeds at once, over as many processes as there are cores."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.world import SPAN_S, Verdict, simulate


def run_seeds(seeds: range, span_s: float = SPAN_S, processes: int | None = None) -> Iterator[Verdict]:
    """Give the verdicts of many seeds in order, over as many processes as there are cores.

    Raises:
        RuntimeError: a process died; it names the seeds that ran then.
    """
    count = min(processes or os.cpu_count() or 1, len(seeds))
    if count == 1:
        yield from (simulate(seed, span_s=span_s) for seed in seeds)
        return
    spawn = get_context("spawn")
    with (
        TemporaryDirectory() as running,
        ProcessPoolExecutor(count, mp_context=spawn, initializer=faulthandler.enable) as pool,
    ):
        try:
            yield from pool.map(partial(_noted, span_s=span_s, running=Path(running)), seeds, chunksize=4)
        except BrokenProcessPool as fault:
            left = sorted(int(one.name) for one in Path(running).iterdir())
            raise RuntimeError(f"a process died while it ran one of these seeds: {left}") from fault


def _noted(seed: int, *, span_s: float, running: Path) -> Verdict:
    """Run a seed; a file of its name stands as long as it runs, so that a process that dies can be asked."""
    note = running / str(seed)
    note.touch()
    verdict = simulate(seed, span_s=span_s)
    note.unlink()
    return verdict
