"""State of detection: one structured row a series, one for each gathering of series.

Small enough to snapshot every few seconds.

No method here, only layout. All rows live in NumPy structured arrays so that numba kernels walk them
without Python, and a snapshot is a copy of bytes. What a series' tail remembers stays below 2 KB,
all rows of a series together below 4 KB.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from opsroom.model import ChangeKind, FindingVerb

STATE_VERSION = 4
SLOTS = 48
"""Slots of the local day: half an hour each, the finest that eight plants of 5 to 30 minutes can fill in a
few days."""
HOURS = 168
BINS = 101
"""Bins of a channel's histogram (see `evidence`)."""
LANES = 4
"""Counts of 16 bits in a word: a word of them is added, masked and summed by one instruction each."""
BLOCK = 2 * LANES
"""Neighbouring bins that are summed: what lies above a bin is read off one block and the sums above it."""
BLOCKS = -(-BINS // BLOCK)
RING = 28
"""Past blocks whose largest score is remembered; when blocks are days, four weeks."""
PENDING = 4
"""Instants that series judged together wait for a slower member before they go on without it."""
STUCK_RING = 12
"""Past blocks whose longest run of equal readings is remembered."""
KINDS = 4
CONTRIBUTORS = 8

SPEC = np.dtype(
    [
        ("series", "i4"),
        ("unit", "i4"),
        ("group", "i4"),
        ("far", "i4"),  # place among the series with a discord, -1 where it has none
        ("kin", "u1"),  # 1 in a sibling group: an alarm then waits for what the others show
        ("zone", "i4"),
        ("period", "i8"),
        ("turn", "f8"),  # full turn of a circular series, 0 otherwise
        ("low", "f8"),
        ("high", "f8"),  # declared band, NaN where an end is open
        ("orientation", "i1"),  # 0 plain, 1 more is better, -1 less is better
        ("capability", "f8"),
        ("budget", "f8"),
        ("conduct", "i8"),  # place of what is remembered of its honesty, -1 where it has no target
    ],
    align=True,
)

CHANNEL = np.dtype(
    [
        ("scale", "f8"),  # usual size of the statistic
        ("upper", "u8", (-(-(BLOCKS + 1) // LANES),)),  # counts in a block and in all above it, four a word
        ("above", "u2"),  # counts in the fitted tail
        ("fitted", "u1"),  # bins of it, from the highest down
        ("sized", "u1"),  # readings the usual size was taken from
        ("count", "u8", (BLOCKS * BLOCK // LANES,)),  # counts in a bin, four a word; beyond BINS nought
    ],
    align=True,
)

TAIL = np.dtype(
    [
        ("n", "i8"),
        ("last", "i8"),
        ("zone_from", "i8"),
        ("zone_until", "i8"),
        ("zone_offset", "i8"),
        ("outside_since", "i8"),
        ("value", "f8"),  # last scored value
        ("gap", "f8"),  # usual distance of readings, microseconds
        ("level", "f8"),
        ("plain", "f8"),  # mean absolute residual without the week, with it
        ("weekday", "f8"),
        ("smooth", "f8"),  # residual smoothed over a dozen readings
        ("spread", "f8"),  # mean absolute residual
        ("variance", "f8"),
        ("covariance", "f8"),
        ("before", "f8"),
        ("moments", "f8"),  # how often evidence was rare, how often it should have been
        ("expected_moments", "f8"),
        ("reported", "f8"),
        ("stir", "f8"),  # evidence of the last readings, fading
        ("score", "f8"),  # anomaly score of the last reading, 0 where it was not scored
        ("drift", "f8"),  # residual smoothed over half a day
        ("drift_max", "f8"),
        ("drift_span", "f8"),  # time in the running day
        ("drift_threshold", "f8"),
        ("week_n", "u2"),  # counts stop where nothing depends on them any more
        ("week_hour", "i2"),  # of the last reading that taught the week
        ("agree_n", "u2"),
        ("moment_age", "u1"),
        ("report_age", "u1"),
        ("alarm_age", "u1"),  # readings since the last alarm
        ("inside_run", "u1"),
        ("drift_n", "u1"),
        ("weekly", "u1"),
        ("now", CHANNEL),
        ("lasting", CHANNEL),
        ("visits", "u1", (SLOTS,)),
        ("week_visits", "u1", (HOURS // 2,)),  # two hours a byte
        ("profile", "f8", (SLOTS,)),
        ("week", "f4", (HOURS,)),  # what the hour of the week adds to the half hour of the day
        ("drift_ring", "f4", (RING,)),
    ],
    align=True,
)

SIBLING = np.dtype(
    [
        ("bias", "f8"),
        ("bias_n", "i8"),
        ("score", "f8"),
        ("block_max", "f8"),
        ("block_n", "i8"),
        ("ring_n", "i2"),
        ("ring", "f4", (RING,)),
        ("block", "i8"),
        ("outside_since", "i8"),
        ("at", "i8"),
    ],
    align=True,
)

FILTER = np.dtype(
    [
        ("n", "i8"),
        ("degrees", "i8"),
        ("p", "f8", (KINDS,)),
        ("m", "f8", (KINDS, 2)),
        ("c", "f8", (KINDS, 3)),
        ("s", "f8", (KINDS,)),
        ("w", "f8", (KINDS, 2)),  # share of (step, transient) before each state, of the last collapse
        ("t", "i8", (3,)),  # times of the last readings, newest first
        ("y", "f8"),
        ("gap", "f8"),  # usual distance of readings, microseconds
        ("before", "f8"),  # level before the last change
        ("recent", "f8", (2,)),  # last readings, newest first
        ("ahead_mean", "f8"),
        ("ahead_sd", "f8"),  # what was forecast for some readings on, to be compared with what comes
        ("widen", "f8"),
        ("quiet", "i2"),  # readings for which the slope test is held back after a step
        ("kind", "i1"),
        ("kind_dir", "i1"),
        ("fresh", "i1"),
        ("kind_p", "f8"),
        ("kind_t", "i8"),
        ("slope_seen", "i8"),
        # the last confirmed step, which later changes within its alert do not explain away
        ("step_t", "i8"),
        ("step_from", "f8"),  # level before it
        ("step_size", "f8"),
        ("step_p", "f8"),
    ],
    align=True,
)

STUCK = np.dtype(
    [
        ("n", "i4"),  # readings
        ("first", "i8"),  # time of the first one
        ("value", "f8"),  # of the present run
        ("since", "i8"),  # time of its first reading
        ("run", "i4"),  # its length in readings, 1 where the value has just moved
        ("told", "i1"),
        ("low", "f8"),
        ("high", "f8"),  # least and largest value seen
        ("equal", "f8"),
        ("pairs", "f8"),  # neighbours, and equal ones of them, both forgetting
        ("limit", "f8", (2,)),  # longest run by chance: [0] usual values, [1] rests
        ("longest", "f8", (2,)),  # run of the present block
        ("ring_n", "i2", (2,)),
        ("ring", "f4", (2, STUCK_RING)),  # longest runs of past blocks
        ("block", "i4"),
        ("block_n", "i4"),
        ("block_from", "i8"),
        ("block_us", "f8"),
        ("blocks", "i4"),
    ],
    align=True,
)

HOLD = np.dtype(
    [
        ("open", "i1"),  # detector code of the open alert, 0 = none
        ("inside", "i2"),
        ("outside", "i2"),
        ("was_outside", "i1"),
        ("centre", "f8"),
        ("half", "f8"),
        ("seasonal", "i1"),
        ("onset", "i8"),
        ("opened", "i8"),
        ("named", "i1"),
        ("evidence", "u4"),  # bits of the detector codes that have been heard
        ("direction", "i1"),
        ("relation", "i4"),  # id of the relation that opened, 0 otherwise
        ("failed", "i1"),  # a detector raised on this series: off until it is configured anew
        # an alarm that waits for what the siblings show at its instant
        ("waiting", "u1"),  # detector
        ("waiting_dir", "i1"),
        ("waiting_t", "i8"),
        ("waiting_centre", "f8"),
        ("waiting_half", "f8"),
        ("waiting_rate", "f8"),
    ],
    align=True,
)

GATHER = np.dtype(
    [
        ("id", "i4"),  # of the relation, 0 for siblings
        ("kind", "i1"),
        ("failed", "i1"),
        ("standing", "i1"),
        ("said", "i4"),  # member (0 first) that what stands is said of
        ("start", "i8"),  # its seats, in the order of its members
        ("size", "i8"),
        ("live", "i8"),
        ("pending_n", "i8"),
        ("pending_t", "i8", (PENDING,)),
        ("pending_count", "i8", (PENDING,)),
        ("passed", "i8"),  # newest instant judged
        ("gap", "f8"),  # usual distance of judged instants, microseconds
        ("turns", "i8"),
        ("model", "i8"),  # place of what its kind remembers
        ("length", "i8"),
        ("clean_from", "i8"),
        ("clean_to", "i8"),  # both 0: the first instants
    ],
    align=True,
)

SEAT = np.dtype(
    [
        ("row", "i8"),
        ("gather", "i8"),
        ("weight", "f8"),
        ("pending", "f8", (PENDING,)),
        ("accounted", "u1", (PENDING,)),  # 0 awaited, 1 given, 2 passed over
        ("dead", "u1"),
        ("back_at", "i8"),
    ],
    align=True,
)

GROUP = np.dtype(
    [
        ("turns", "i8"),  # instants evaluated
        ("dispersion", "f8"),
        ("usual", "f8"),
        ("threshold", "f8"),
        ("dirty", "u1"),
    ],
    align=True,
)

EVENT = np.dtype(
    [
        ("row", "i4"),
        ("verb", "i1"),
        ("detector", "i1"),
        ("kind", "i1"),
        ("direction", "i1"),
        ("at", "i8"),
        ("onset", "i8"),
        ("value", "f8"),
        ("expected", "f8"),
        ("low", "f8"),
        ("high", "f8"),
        ("p", "f8"),
        ("rate", "f8"),
        ("others_n", "i1"),
        ("others", "i4", (CONTRIBUTORS,)),
        ("others_z", "f4", (CONTRIBUTORS,)),
    ],
    align=True,
)

TAIL_ALARM, DRIFT, SIBLINGS, LIMIT, SILENCE, FILTERED, FROZEN = 1, 2, 3, 4, 5, 6, 7
WHOLE, CLAIMS, BALANCES, SWINGS, BROKEN, SMOOTH, HEAPED, DISCORD = 8, 9, 10, 11, 12, 13, 14, 15
DETECTORS = {
    TAIL_ALARM: "tail",
    DRIFT: "drift",
    SIBLINGS: "siblings",
    LIMIT: "limit",
    SILENCE: "silence",
    FILTERED: "filter",
    FROZEN: "stuck",
    WHOLE: "whole",
    CLAIMS: "claim",
    BALANCES: "balance",
    SWINGS: "orders",
    BROKEN: "failed",
    SMOOTH: "smooth",
    HEAPED: "heaped",
    DISCORD: "discord",
}
OPEN, EVIDENCE, NAME, BACK = 1, 2, 3, 4
VERBS = {
    OPEN: FindingVerb.OPEN,
    EVIDENCE: FindingVerb.EVIDENCE,
    NAME: FindingVerb.NAME,
    BACK: FindingVerb.BACK,
}
ABNORMAL, STEP, SLOPE, TRANSIENT, APART, BEYOND, MISSING, UNMOVED = 0, 1, 2, 3, 4, 5, 6, 7
TOGETHER, CLAIMED, UNBALANCED, OSCILLATING, FAILED, SMOOTHED, HEAPED_UP = 8, 9, 10, 11, 12, 13, 14
CHANGE_KINDS = {
    ABNORMAL: ChangeKind.ABNORMAL,
    STEP: ChangeKind.STEP,
    SLOPE: ChangeKind.SLOPE,
    TRANSIENT: ChangeKind.TRANSIENT,
    APART: ChangeKind.SIBLINGS,
    BEYOND: ChangeKind.LIMIT,
    MISSING: ChangeKind.MISSING_REPORT,
    UNMOVED: ChangeKind.STUCK,
    TOGETHER: ChangeKind.TOGETHER,
    CLAIMED: ChangeKind.CLAIM,
    UNBALANCED: ChangeKind.BALANCE,
    OSCILLATING: ChangeKind.OSCILLATION,
    FAILED: ChangeKind.DETECTOR_FAILED,
    SMOOTHED: ChangeKind.SMOOTHED,
    HEAPED_UP: ChangeKind.HEAPED,
}
NEVER = np.iinfo(np.int64).min


PARTS = {"spec": SPEC, "tail": TAIL, "sib": SIBLING, "filter": FILTER, "stuck": STUCK, "hold": HOLD}


def offset(dtype: np.dtype[Any], name: str) -> int:
    """Give where in a row a field begins, bytes."""
    fields = dtype.fields
    assert fields is not None
    return int(fields[name][1])


def blank_rows(count: int) -> dict[str, np.ndarray]:
    """Give `count` rows of series that have not been heard: one array for each of PARTS."""
    rows = {name: np.zeros(count, dtype) for name, dtype in PARTS.items()}
    rows["spec"]["conduct"] = -1
    tail, sib = rows["tail"], rows["sib"]
    tail["drift_threshold"] = np.inf
    rows["spec"]["far"] = -1
    tail["outside_since"] = sib["outside_since"] = tail["last"] = NEVER
    rows["filter"]["kind_t"] = rows["filter"]["step_t"] = NEVER
    return rows


def blank_groups(count: int) -> np.ndarray:
    """Give `count` sibling groups without a past."""
    groups = np.zeros(count, GROUP)
    groups["threshold"] = np.inf
    return groups


def blank_gathers(count: int) -> np.ndarray:
    """Give `count` gatherings of series that wait for nothing."""
    gathers = np.zeros(count, GATHER)
    gathers["passed"] = NEVER
    return gathers


def blank_seats(count: int) -> np.ndarray:
    """Give `count` seats whose series have not been heard there."""
    seats = np.zeros(count, SEAT)
    seats["pending"] = np.nan
    seats["dead"] = 1
    seats["back_at"] = NEVER
    return seats
