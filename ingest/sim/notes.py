"""What simulated enterprises answer to their alerts: a note on the repair, as a shift would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

from ingest.sim.faults import FaultKind

if TYPE_CHECKING:
    from ingest.sim.faults import Fault

ANSWER_S: Final = (4.0, 14.0)
ANSWERING_SHARE: Final = 3

OWN: Final[dict[FaultKind, tuple[str, ...]]] = {
    FaultKind.OUTAGE: (
        "Governor tripped the set; fitters are at the machine.",
        "Bearing warning; inspection under way.",
        "Main drive stands still; a spare is on its way.",
    ),
    FaultKind.STRIKE: (
        "Drivers are out; talks with the depot committee have begun.",
        "Gates are picketed; the lorries of the cooperative still run.",
        "No lorry left the yard this morning; we count who is willing to drive.",
    ),
    FaultKind.WASTE: (
        "Lining is worn; we feed slower until the patch holds.",
        "Burner out of adjustment; technician called from the other works.",
    ),
    FaultKind.SILENCE: (
        "Telex was off the line; we read the meters by hand.",
        "Line was cut; the telephone crew is out.",
    ),
    FaultKind.ABSENCE: (
        "Flu in the early shift; the second shift is asked to come early.",
        "Buses did not run; we fetch people with our own lorries.",
    ),
    FaultKind.DROUGHT: (
        "Rivers are low; we save water for the evening peak.",
        "Inflow is a fraction of the usual; coal stations take what they can.",
    ),
    FaultKind.STUCK: ("The meter hangs; an instrument fitter is called.",),
    FaultKind.SMOOTH: ("Figures are as the office has them.",),
    FaultKind.HEAPED: ("We met the plan, as reported.",),
}
STARVED: Final = (
    "Raw material runs short; we hold the line at what arrives.",
    "Waiting for our supplier; stock goes to the urgent orders first.",
    "Down to the last pallets; asked the depot for a special run.",
)
FULL: Final = ("Store is full, nobody fetches it; we run slower.",)
OTHER: Final = (
    "We are looking into it.",
    "Shift leader is at the machine.",
    "Seen here; checking the instrument first.",
)
OFFICE: Final = (
    "Asked the enterprises below for the cause.",
    "Figures confirmed; we look who is behind them.",
    "Checked against yesterday's returns: it is real.",
)
ENTERPRISE_PARTS: Final = 3


class Answer(NamedTuple):
    """A note, and until when (seconds after the live start) the repair takes; None where nobody can say."""

    text: str
    until_s: float | None


def answers(unit: str) -> bool:
    """Tell whether a unit answers its alerts: two of three do, and all in transport."""
    return unit.startswith("transport") or crc32(unit.encode()) % ANSWERING_SHARE != 0


def answer(faults: tuple[Fault, ...], elapsed_s: float, series: str) -> Answer:
    """Give what the unit of `series` (a path) says at `elapsed_s`; equal cases get equal words.

    A unit knows its own repair and what it lacks, not the trouble of others; nobody knows when a strike ends.
    """
    unit, _, name = series.rpartition("/")
    mark = crc32(series.encode())
    for fault in faults:
        if fault.unit == unit and fault.start_s <= elapsed_s < fault.end_s:
            texts = OWN[fault.kind]
            known = fault.kind not in {FaultKind.STRIKE, FaultKind.DROUGHT}
            return Answer(texts[mark % len(texts)], fault.end_s if known else None)
    texts = OTHER
    if unit.count("/") + 1 < ENTERPRISE_PARTS:
        texts = OFFICE
    elif name in {"stock-cover", "output"}:
        texts = STARVED
    elif name == "goods":
        texts = FULL
    return Answer(texts[mark % len(texts)], None)


def delay_s(series: str) -> float:
    """Give how long the unit of `series` takes to answer, in seconds of the wall: every one its own."""
    low, high = ANSWER_S
    return low + crc32(series.rpartition("/")[0].encode()) % 1000 / 1000.0 * (high - low)
