"""What simulated plants answer to their alerts: a note on the repair, as a shift would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from ingest.sim.faults import FaultKind

if TYPE_CHECKING:
    from ingest.sim.faults import Fault

ANSWER_S = (4.0, 14.0)

OWN: dict[FaultKind, tuple[str, ...]] = {
    FaultKind.OUTAGE: (
        "Governor tripped the set; fitters are at the turbine.",
        "Guide vanes stuck; oil pump is being changed.",
        "Set off the grid after a bearing warning; inspection under way.",
    ),
    FaultKind.DRIFT: (
        "Lining is worn; we feed slower until the patch holds.",
        "Burner out of adjustment; technician called from the other kiln.",
    ),
    FaultKind.TRANSPORT: (
        "Bridge closed; lorries take the valley road.",
        "No diesel since the morning; tanker is on its way.",
        "Drivers are out; talks with the depot committee have begun.",
    ),
    FaultKind.SILENCE: (
        "Gateway was off the line; we read the meters by hand.",
        "Line to the gateway was cut; telephone crew is out.",
    ),
    FaultKind.ABSENCE: (
        "Flu in the early shift; second shift is asked to come early.",
        "Buses did not run; we fetch people with our own lorries.",
    ),
}
STARVED = (
    "Raw material runs short; we hold the line at what arrives.",
    "Waiting for our supplier; stock goes to the urgent orders first.",
    "Down to the last pallets; asked the depot for a special run.",
)
SHED = (
    "Dispatcher took load off us; furnaces are kept warm.",
    "Short of power; we run one line of two.",
)
OFFICE = (
    "Asked the plants below for the cause.",
    "Figures confirmed; we look which plant is behind them.",
    "Checked against yesterday's returns: it is real.",
)
OFFICES_BELOW = 3
OTHER = (
    "We are looking into it.",
    "Shift leader is at the machine.",
    "Seen here; checking the instrument first.",
)


class Answer(NamedTuple):
    """A note, and until when (seconds after the live start) the repair takes; None where nobody can say."""

    text: str
    until_s: float | None


def answer(faults: tuple[Fault, ...], elapsed_s: float, series: str) -> Answer:
    """Give what the plant of `series` (a path) says at `elapsed_s`; equal cases get equal words.

    A plant knows its own repair and what it lacks, not the repair of others.
    """
    plant, _, name = series.rpartition("/")
    mark = crc32(series.encode())
    running = [fault for fault in faults if fault.start_s <= elapsed_s < fault.end_s + ANSWER_S[1]]
    for fault in running:
        if plant in fault.plants:
            texts = OWN[fault.kind]
            left = fault.end_s if elapsed_s < fault.end_s else None
            return Answer(texts[(mark + int(fault.start_s)) % len(texts)], left)
    texts = OTHER if plant.count("/") + 1 >= OFFICES_BELOW else OFFICE
    if texts is OFFICE:
        return Answer(texts[mark % len(texts)], None)
    if name == "stock-cover" or any(fault.kind is FaultKind.TRANSPORT for fault in running):
        texts = STARVED
    elif name == "output" and any(fault.kind is FaultKind.OUTAGE for fault in running):
        texts = SHED
    return Answer(texts[mark % len(texts)], None)


def delay_s(series: str) -> float:
    """Give how long the plant of `series` takes to answer, in seconds: every plant its own."""
    low, high = ANSWER_S
    return low + crc32(series.rpartition("/")[0].encode()) % 1000 / 1000.0 * (high - low)
