"""What a unit and its parent agree on a series: recovery times by level, and whether it is essential.

Values only (DOMAIN 1.6, rules 2 and 7). One side proposes, the other confirms, and both are recorded. A
series without agreement has version 1: what its declaration says. Times are int microseconds UTC.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from opsroom.model import Micros, Series

DECLARED: Final = 1
"""The version that nobody signed: what the economy file or an adoption declares."""
VERSIONS_KEPT: Final = 32
ENDED_KEPT: Final = 16

Side = Literal["unit", "parent"]
End = Literal["declined", "withdrawn", "replaced"]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """One recovery time a level in seconds, own level first; missing levels repeat the last one."""

    recovery_s: tuple[float, ...] = ()
    essential: bool = False


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed, for which unit, when."""

    person: str
    seat_id: int
    unit_id: int
    at: Micros


def unsigned(at: Micros) -> Signature:
    """Give the signature of what no person did."""
    return Signature(person="", seat_id=0, unit_id=0, at=at)


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Terms in force from `confirmed.at` on, until the next version."""

    version: int
    terms: Terms
    proposed: Signature
    confirmed: Signature
    note: str = ""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Terms that wait for the other side; `number` counts the proposals on a series (1, 2, ...)."""

    number: int
    terms: Terms
    side: Side
    proposed: Signature
    note: str = ""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that came to nothing: how, by whom and why."""

    proposal: Proposal
    how: End
    by: Signature
    reason: str = ""


class Accord(msgspec.Struct, frozen=True, kw_only=True):
    """All that was said on one series: the versions agreed, oldest first, and what waits or came to nothing.

    The newest `VERSIONS_KEPT` and `ENDED_KEPT` are kept here; the log holds every one.
    """

    versions: tuple[Agreement, ...] = ()
    proposal: Proposal | None = None
    ended: tuple[Ended, ...] = ()
    number: int = 0

    @property
    def version(self) -> int:
        """The version in force."""
        return self.versions[-1].version if self.versions else DECLARED

    def terms(self, at: Micros | None = None) -> Terms | None:
        """Give the terms in force, or those of the instant `at`; None where the declaration held."""
        held = [one for one in self.versions if at is None or one.confirmed.at <= at]
        return held[-1].terms if held else None


def terms_of(series: Series) -> Terms:
    """Give the terms that a series carries."""
    essential = series.indicator is not None and series.indicator.essential
    return Terms(recovery_s=series.recovery_s, essential=essential)


def under(terms: Terms, series: Series) -> Series:
    """Give the series under `terms`; only an indicator can be essential."""
    indicator = series.indicator
    if indicator is not None and indicator.essential != terms.essential:
        indicator = msgspec.structs.replace(indicator, essential=terms.essential)
    return msgspec.structs.replace(series, recovery_s=terms.recovery_s, indicator=indicator)


def side_of(unit_id: int, own_id: int, parent_id: int | None) -> Side | None:
    """Give the side that a unit takes on a series of `own_id` below `parent_id`; None: it is no party."""
    if unit_id == own_id:
        return "unit"
    return "parent" if parent_id is not None and unit_id == parent_id else None


def levels(depth: int) -> int:
    """Give how many levels of a unit at `depth` have a recovery time: at the top nothing climbs."""
    return max(1, depth)
