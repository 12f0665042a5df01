"""`python -m tests.simulation`: one line a seed; the seed that fails, and how to see it again."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.many import run_seeds
from tests.simulation.mutations import MUTATIONS, Whole
from tests.simulation.world import SPAN_S, simulate

BY_NAME = {kind.__name__: kind for kind in MUTATIONS}


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
