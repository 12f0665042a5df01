"""What a room would refuse of a source, without asking one: the gate of its socket on a tree at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ingest.admission import Admission
from ingest.codes import remedy, says
from ingest.connectors._rows import Instant, Report
from ingest.places import Tree
from ingest.wire import Casual
from opsroom.model import QUALITY_BAD
from opsroom.settings import Limits

US_PER_MS: Final = 1_000


def judge(instants: Iterable[Instant], report: Report, tree: Tree, unit_id: int, now: int) -> Report:
    """Note in `report` what the gate of `unit_id` refuses of `instants` at `now` (int us UTC), by line.

    The gate is the room's own; series that `tree` does not know become plain ones, listed as `unknown`.
    """
    gate = Admission(tree, unit_id, Limits())
    seen: set[str] = set()
    for instant in instants:
        report.take(instant)
        readings = list(_casual(instant))
        for one in readings:
            if one.series not in seen:
                seen.add(one.series)
                if tree.resolve(unit_id, one.series.lstrip("/")) is None:
                    report.unknown.append(one.series)
        for refusal in gate.admit_casual(readings, now, now).refusals:
            at = instant.lines[refusal.index] if instant.lines else 0
            why = f"{says(refusal.code, refusal.params)} {remedy(refusal.code)}"
            report.refuse(at, refusal.code, f"{refusal.series}: {why}")
    return report


def _casual(instant: Instant) -> Iterator[Casual]:
    """Give an instant as the casual form says it."""
    for name, value, unit in zip(instant.names, instant.values, instant.units, strict=True):
        quality = QUALITY_BAD if value is None else None
        yield Casual(name, value, instant.t / US_PER_MS, unit or None, quality)
