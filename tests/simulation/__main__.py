"""`python -m tests.simulation`: one line a seed; the seed that fails, and how to see it again."""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.mutations import MUTATIONS, Whole
from tests.simulation.world import SPAN_S, Verdict, simulate

BY_NAME = {kind.__name__: kind for kind in MUTATIONS}


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


def main() -> int:
    """Run what was asked for; 1 if an invariant is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, help="one seed")
    which.add_argument("--seeds", help="many, as A..B, both included")
    parser.add_argument("--span-s", type=float, default=SPAN_S, help="seconds of its own time until it heals")
    parser.add_argument("--told", action="store_true", help="print everything that happens")
    parser.add_argument("--broken", choices=sorted(BY_NAME), help="break the room on purpose")
    arguments = parser.parse_args()
    began = time.monotonic()
    if arguments.seed is not None:
        broken: Whole | None = BY_NAME[arguments.broken]() if arguments.broken else None
        verdict = simulate(arguments.seed, span_s=arguments.span_s, broken=broken, told=arguments.told)
        print(verdict.line())
        return 1 if verdict.broken else 0
    first, _, last = arguments.seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    failed = 0
    for verdict in run_seeds(seeds, arguments.span_s):
        print(verdict.line(), flush=True)
        if verdict.broken:
            failed += 1
            print(f"    again: {verdict.again()}", flush=True)
    print(f"{len(seeds)} seeds, {failed} broken, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
