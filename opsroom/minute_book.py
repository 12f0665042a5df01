"""The book of minutes: decisions until the council has said what came of them, and what a snapshot holds.

Pure and in the order of the log, so that a replay gives the same. Decisions on alerts come as edges of the
alert book, free ones as acts; a free one on a series is followed up by the book's own clock. All of them
stand in the store; the book holds those without a verdict, the newest `KEPT_MAX` of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from opsroom.acts import Assess, Resolve
from opsroom.decision import FollowUp, Measured
from opsroom.errors import AccessDenied, Conflict, Invalid, NotFound
from opsroom.minutes import Minute, Verdict, minute_of

if TYPE_CHECKING:
    from opsroom.catalog import Catalog
    from opsroom.model import Alert, Micros, Series, Transition

KEPT_MAX: Final = 10_000
STANDS: Final = "open"
QUIET: Final = "quiet"
_rows = msgspec.msgpack.Decoder(list[Minute])


class MinuteBook:
    """Decisions by id. `measured` and `stands` tell of a series what it reads and whether it is in alarm."""

    def __init__(self, measured: Callable[[Series], Measured], stands: Callable[[int], bool]) -> None:
        """Start empty."""
        self.rows: dict[str, Minute] = {}
        self._measured = measured
        self._stands = stands

    def take(self, catalog: Catalog, now: Micros, offset: int, act: Resolve | Assess) -> list[Minute]:
        """Take one act at room time `now`; gives the decision that it made or altered.

        Raises:
            NotFound: no such decision, addressee or series.
            AccessDenied: another unit's decision.
            Invalid: no text, or a follow-up that has passed.
            Conflict: the follow-up time is still to come, or the verdict stands.
        """
        if isinstance(act, Resolve):
            return [self._put(self._resolved(catalog, now, offset, act))]
        return [self._put(self._assessed(now, act))]

    def hear(self, edges: Iterable[Transition]) -> list[Minute]:
        """Take what was decided on alerts and what was found of it; gives the minutes it altered."""
        altered = []
        for edge in edges:
            fresh = minute_of(edge.alert) if edge.verb in {"decided", "followed_up", "annunciated"} else None
            if fresh is None:
                continue
            known = self.rows.get(fresh.id)
            if known is not None:
                fresh = replace(known, found=fresh.found)
            elif edge.verb != "decided":
                continue  # its verdict was given before the time came: the alert's journal has the rest
            if fresh != known:
                altered.append(self._put(fresh))
        return altered

    def next_due(self) -> Micros | None:
        """Give the earliest follow-up of a free decision that is still to come, None where there is none."""
        return min((due for one in self.rows.values() if (due := one.due) is not None), default=None)

    def on_time(self, catalog: Catalog, due: Micros) -> list[Minute]:
        """Record what the series of free decisions read at their follow-up time."""
        come = [one for one in self.rows.values() if one.due is not None and one.due <= due]
        return [self._put(self._followed(catalog, one)) for one in come]

    def pending(self) -> int:
        """Count the free decisions that are still to be followed up."""
        return sum(one.due is not None for one in self.rows.values())

    def dump(self) -> bytes:
        """Give the state as MessagePack."""
        return msgspec.msgpack.encode(list(self.rows.values()))

    def load(self, blob: bytes | None, alerts: Iterable[Alert]) -> None:
        """Read what `dump` gave; a snapshot of before there were minutes has them in its alerts."""
        if blob is not None:
            rows = _rows.decode(blob)
        else:
            rows = [minute for alert in alerts if (minute := minute_of(alert)) is not None]
        self.rows = {one.id: one for one in rows}

    def _put(self, minute: Minute) -> Minute:
        self.rows.pop(minute.id, None)
        if minute.verdict is None:
            self.rows[minute.id] = minute
            while len(self.rows) > KEPT_MAX:
                del self.rows[next(iter(self.rows))]
        return minute

    def _followed(self, catalog: Catalog, minute: Minute) -> Minute:
        series = catalog.series.get(minute.series_id)
        found = FollowUp(
            at=minute.followup,
            outcome=STANDS if self._stands(minute.series_id) else QUIET,
            measured=Measured() if series is None else self._measured(series),
        )
        return replace(minute, found=found)

    def _resolved(self, catalog: Catalog, now: Micros, offset: int, act: Resolve) -> Minute:
        text = act.text.strip()
        if not text:
            raise Invalid("A decision needs a text.", remedy="Say what shall be done.", field="text")
        if not catalog.contains(act.unit_id, act.addressee_id):
            raise NotFound("The addressee is no unit below.", remedy="Choose a unit.", code="unit_unknown")
        if act.followup <= now:
            raise Invalid(
                "The follow-up has passed.",
                remedy="Choose a later time.",
                code="followup_past",
                field="followup",
            )
        series = catalog.series.get(act.series_id)
        if act.series_id and (series is None or not catalog.contains(act.unit_id, series.unit_id)):
            raise NotFound(
                "No such series.", remedy="List them.", code="series_unknown", series=act.series_id
            )
        if self.pending() >= KEPT_MAX:
            raise Conflict(
                "Too many decisions wait for their follow-up.",
                remedy="Wait until one has come.",
                code="followups_full",
                most=KEPT_MAX,
            )
        return Minute(
            id=f"d{offset:x}",
            unit_id=act.unit_id,
            seat_id=act.seat_id,
            person=act.person,
            at=now,
            text=text,
            addressee_id=act.addressee_id,
            followup=act.followup,
            series_id=act.series_id,
            measured=None if series is None else self._measured(series),
        )

    def _assessed(self, now: Micros, act: Assess) -> Minute:
        minute = self.rows.get(act.minute_id)
        if minute is None:
            raise NotFound(
                "No decision of that name waits for a verdict.", remedy="List them.", code="decision_unknown"
            )
        if minute.unit_id != act.unit_id:
            raise AccessDenied(
                "The council that decided says what came of it.", remedy="Ask it.", code="verdict_refused"
            )
        if now < minute.followup:
            raise Conflict(
                "The follow-up time is still to come.",
                remedy="Wait for it.",
                code="followup_awaited",
                at=minute.followup,
            )
        said = Verdict(
            at=now, person=act.person, seat_id=act.seat_id, effect=act.effect, note=act.note.strip()
        )
        return replace(minute, verdict=said)
