"""`make accept`: run every row and write what was measured, one JSON object a line."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console

from tests.acceptance import (
    act_rows,
    agreement_rows,
    alarm_rows,
    analysis_rows,
    audit_rows,
    bench_rows,
    calibration_rows,
    client_rows,
    connector_rows,
    detect_rows,
    door_rows,
    economy_rows,
    endurance_rows,
    fault_rows,
    feedback_rows,
    figure_rows,
    first_rows,
    flood_rows,
    house_rows,
    input_rows,
    kind_rows,
    live_rows,
    notify_rows,
    overload_rows,
    place_rows,
    pleasure_rows,
    reliability_rows,
    retention_rows,
    rule_rows,
    scene_rows,
    screen_rows,
    setup_rows,
    sim_rows,
    simulation_rows,
    story_rows,
    tep_rows,
    unit_rows,
    wall_rows,
)
from tests.acceptance.rows import ROWS, Outcome, Row
from tests.interrupts import heard_again

MODULES = (
    house_rows,
    story_rows,
    client_rows,
    audit_rows,
    pleasure_rows,
    economy_rows,
    calibration_rows,
    detect_rows,
    tep_rows,
    unit_rows,
    wall_rows,
    analysis_rows,
    screen_rows,
    input_rows,
    feedback_rows,
    figure_rows,
    first_rows,
    act_rows,
    scene_rows,
    place_rows,
    endurance_rows,
    flood_rows,
    alarm_rows,
    kind_rows,
    agreement_rows,
    rule_rows,
    sim_rows,
    simulation_rows,
    fault_rows,
    overload_rows,
    reliability_rows,
    retention_rows,
    connector_rows,
    notify_rows,
    door_rows,
    bench_rows,
    live_rows,
    setup_rows,
)


def run(row: Row) -> Outcome:
    """Run one row; a row that fails to run is a row that does not hold."""
    try:
        return row.run()
    except Exception as error:  # noqa: BLE001
        # One broken row must not hide the others.
        return Outcome(None, held=False, note=f"{type(error).__name__}: {error}"[:2000])


def main() -> int:
    """Run all rows, or those whose name holds `--only`; exit 1 if one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/acceptance.jsonl"))
    parser.add_argument("--only", default="", help="run the rows whose name holds this text")
    parser.add_argument("--list", action="store_true", help="name the rows and leave")
    arguments = parser.parse_args()
    heard_again()
    rows = [row for row in ROWS.all if arguments.only in row.name]
    console = Console()
    if arguments.list:
        for row in rows:
            console.print(f"[bold]{row.name}[/]  {row.limit}\n    {row.command}", highlight=False)
        return 0
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    held = True
    with arguments.out.open("w", encoding="utf-8") as file:
        for number, row in enumerate(rows, 1):
            console.print(f"[dim]{number}/{len(rows)}[/] {row.name} ...", end="\r")
            start = time.monotonic()
            outcome = run(row)
            seconds = round(time.monotonic() - start, 1)
            line = {
                "name": row.name,
                "command": row.command,
                "figure": outcome.figure,
                "limit": row.limit,
                "held": outcome.held,
                "seconds": seconds,
            }
            if outcome.note:
                line["note"] = outcome.note
            file.write(json.dumps(line) + "\n")
            file.flush()
            held &= outcome.held is not False
            mark = {
                True: "[green]holds[/]",
                False: "[red]does not hold[/]",
                None: "[yellow]could not run[/]",
            }[outcome.held]
            console.print(
                f"{number}/{len(rows)} {row.name}: {mark} ({seconds} s)  {outcome.figure}", highlight=False
            )
            if outcome.note:
                console.print(f"    {outcome.note}", highlight=False, markup=False)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
