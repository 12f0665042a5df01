"""The life of an alarm in words: states, classes, what silences one, and who is called.

Terms follow ISA-18.2 / IEC 62682. Pure rows and small pure questions; times are int microseconds UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Micros = int
_MICROS_PER_S: Final = 1_000_000
_US: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
STEP_S: Final = 300.0
LOCAL_TURN_S: Final = 3_600.0
"""Turns of at least so long go by local time; shorter ones would be left out where clocks go forward."""


class AlarmState(StrEnum):
    """Where an alarm is in its life, at the position where it stands; derived, never kept."""

    NORMAL = "normal"
    UNACKED = "unacked"
    ACKED = "acked"
    RTN_UNACKED = "rtn_unacked"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"
    LATCHED_UNACKED = "latched_unacked"
    LATCHED_ACKED = "latched_acked"


SILENCED: Final = (AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE)


class Hush(StrEnum):
    """How an alarm's annunciation is stopped: by a person for a time, by design, or for work on the plant."""

    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"


class Silencing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Who stopped the annunciation of an alert at one level, until when and why.

    It holds at `level` (0 = the unit's own) and nowhere else: where the alert climbs to, it is heard.
    `until` None: until somebody ends it (or, `one_shot`, until the condition ends). `reference` names the
    work order, `cause` the alert that stands for this one.
    """

    kind: Hush
    by: str
    seat_id: int
    unit_id: int
    level: int
    at: Micros
    until: Micros | None = None
    one_shot: bool = False
    reason: str = ""
    reference: str = ""
    cause: str = ""


def derived(here: Silencing | None, *, active: bool, unacked: bool, latched: bool) -> AlarmState:
    """Give the state out of the two memories; `here` silences at the level where the alert stands."""
    if here is not None:
        return AlarmState(here.kind)
    if active:
        return AlarmState.UNACKED if unacked else AlarmState.ACKED
    if latched:
        return AlarmState.LATCHED_UNACKED if unacked else AlarmState.LATCHED_ACKED
    return AlarmState.RTN_UNACKED if unacked else AlarmState.NORMAL


class AlarmClass(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How alerts of a class behave.

    Without `needs_ack` one that recovers unseen leaves the wall. A `latching` one stays until it is reset.
    `ack_timeout_s`: an acknowledgement holds so long (None: the setting `room.ack_timeout_s`). With
    `re_alarm` a rise in priority voids the acknowledgement. The delays belong to the rule that finds the
    condition and are told here for its reader.
    """

    name: str
    needs_ack: bool = True
    latching: bool = False
    ack_timeout_s: float | None = None
    re_alarm: bool = True
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    note_required: bool = False
    priority: int | None = None


ANOMALY: Final = AlarmClass(name="anomaly")
"""The class of what no rule declares: the unit investigates."""


class Call(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody was called to an alert: which step of the rota, when. Seat 0: every operator of the unit."""

    seat_id: int
    at: Micros
    step: int


class Override(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """From `start` up to, not including, `end` the seat `instead` is called for `seat_id`; 0: nobody is."""

    seat_id: int
    instead: int
    start: Micros
    end: Micros


class Rota(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Whom a unit has called to alerts that stand with it.

    `steps` are seat ids, first step first: it is called at once, each further one `step_s` after the one
    before, until somebody acknowledges. With `turn_s` the first place goes round: after every turn since
    `since`, by local time, the next step comes first, for what is called from then on. A rota without steps
    calls nobody (there is none).
    """

    unit_id: int
    steps: tuple[tuple[int, ...], ...] = ()
    step_s: float = STEP_S
    turn_s: float | None = None
    since: Micros = 0
    overrides: tuple[Override, ...] = ()
    version: int = 0
    person: str = ""
    at: Micros = 0

    def seats(self, step: int, at: Micros, first: Micros | None = None, zone: str = "UTC") -> tuple[int, ...]:
        """Give the seats to call at `step` (0, 1, ...) `at`; empty where the rota has a hole.

        `first` is when step 0 was called (None: `at`). Turns count as of then: a handover between two steps
        leaves nobody out and calls nobody twice. `zone` is the unit's (IANA name).
        """
        if not self.steps:
            return ()
        turns = 0
        if self.turn_s is not None:
            turns = turns_of(self.since, at if first is None else first, self.turn_s, zone)
        named = self.steps[(step + turns) % len(self.steps)]
        found = [self._instead(seat_id, at) for seat_id in named]
        return tuple(dict.fromkeys(seat_id for seat_id in found if seat_id))

    def next_at(self, step: int, at: Micros) -> Micros | None:
        """Give when the step after `step`, called `at`, is due; None after the last."""
        return None if step + 1 >= len(self.steps) else at + max(1, round(self.step_s * _MICROS_PER_S))

    def _instead(self, seat_id: int, at: Micros) -> int:
        for one in self.overrides:
            if one.seat_id == seat_id and one.start <= at < one.end:
                return one.instead
        return seat_id


def turns_of(since: Micros, at: Micros, turn_s: float, zone: str) -> int:
    """Give how many turns from `since` are over `at`: a shift that ends at six ends at six all the year.

    The one in which clocks are put back is longer, and what they show twice is handed over once. A zone that
    is not known counts as UTC.
    """
    turn = max(1, round(turn_s * _MICROS_PER_S))
    if turn_s < LOCAL_TURN_S:
        return (at - since) // turn
    try:
        there = ZoneInfo(zone)
        begun = since + _offset(_EPOCH + since * _US, there)
        count = (at + _offset(_EPOCH + at * _US, there) - begun) // turn
        while (wall := begun + (count + 1) * turn) - _offset_shown(wall, there) <= at:
            count += 1
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        return (at - since) // turn
    return count


def _offset(at: datetime, zone: ZoneInfo) -> Micros:
    return (at.astimezone(zone).utcoffset() or timedelta(0)) // _US


def _offset_shown(wall: Micros, zone: ZoneInfo) -> Micros:
    """Give the offset at which clocks of the zone show a local time, the first time that they do."""
    return ((_EPOCH + wall * _US).replace(tzinfo=zone).utcoffset() or timedelta(0)) // _US


class Cause(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """By design: while a series of `causes` has an alert, those of `series_id` are not annunciated.

    Without `causes` the design is withdrawn.
    """

    series_id: int
    causes: tuple[int, ...] = ()
    reason: str = ""
