"""JSON lines of the casual form: `{"series": "output", "value": 3.2, "ts": "...", "unit".

"t/h"}`, or an array of them, a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ingest import wire
from ingest.codes import WireError
from ingest.connectors._rows import Instant, Report, Times, time_zone
from ingest.times import micros


def samples(
    lines: Iterable[str], now: Callable[[], int], *, tz: str = "UTC", report: Report | None = None
) -> Iterator[Instant]:
    """Give the readings of each line, one instant each time; `now` (int us UTC) dates those without `ts`.

    A time without offset is read in `tz`. What cannot be read is passed over and noted in `report`.

    Raises:
        Invalid: no such time zone.
    """
    found = report or Report()
    times = Times(time_zone(tz))
    for number, line in enumerate(lines, 1):
        text = line.lstrip("\ufeff") if number == 1 else line
        if not text.strip():
            found.note(number, "row_empty")
            continue
        found.rows += 1
        for item in wire.decode(text.strip().replace("\n", " ")):
            if isinstance(item, list):
                yield from _instants(item, number, now, times, found)
            else:
                found.note(number, item.code if isinstance(item, WireError) else "type_unknown", text)


def _instants(
    readings: list[wire.Casual], line: int, now: Callable[[], int], times: Times, report: Report
) -> Iterator[Instant]:
    held: dict[int, list[wire.Casual]] = {}
    for one in readings:
        if isinstance(one, wire.CasualFault):
            report.note(line, one.code, one.series)
            continue
        t = _time(one.ts, now, times)
        if t is None:
            report.note(line, "time_invalid", str(one.ts))
        else:
            held.setdefault(t, []).append(one)
    for t, some in held.items():
        yield Instant(
            t,
            [one.series for one in some],
            [one.value for one in some],
            [one.unit or "" for one in some],
            [None] * len(some),
            lines=[line] * len(some),
        )


def _time(ts: str | float | None, now: Callable[[], int], times: Times) -> int | None:
    if ts is None:
        return now()
    if isinstance(ts, str):
        try:
            return times.read(ts)
        except ValueError:
            return None
    return micros(ts)
