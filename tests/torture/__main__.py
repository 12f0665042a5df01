"""`make torture`: runs the long parts and adds a dated line for each to docs/torture.md."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.acceptance.rows import PROJECT
from tests.interrupts import heard_again
from tests.torture import kills, page, plants, power, seeds

PAGE = PROJECT / "docs" / "torture.md"
PARTS: dict[str, tuple[Callable[..., dict[str, Any]], int]] = {
    "kills": (kills.run, 1_000),
    "plants": (plants.run, 500),
    "power": (power.run, 50),
    "seeds": (seeds.run, 10_000),
    "page": (page.run, 60),
}


def main() -> int:
    """Run the parts that are named, all where none is; exit 1 where one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help="which parts; all where none is named")
    parser.add_argument(
        "--times", type=int, help="how many kills, cuts, seeds or minutes instead of the usual number"
    )
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--dry", action="store_true", help="print only; leave docs/torture.md alone")
    arguments = parser.parse_args()
    heard_again()
    held = True
    for name in arguments.part or PARTS:
        run, usual = PARTS[name]
        begun = time.monotonic()
        figure = run(arguments.times or usual, seed=arguments.seed)
        held = held and figure["held"] is not False
        line = json.dumps({"part": name, **figure, "seconds": round(time.monotonic() - begun)})
        print(line, flush=True)
        if not arguments.dry:
            today = dt.datetime.now(tz=dt.UTC).date()
            with PAGE.open("a", encoding="utf-8") as book:
                book.write(f"| {today} | {name} | `{line}` |\n")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
