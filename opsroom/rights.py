"""Autonomy by authorisation (DOMAIN 1.6, rule 9) as pure functions.

What a seat may see and do, and nothing else.

Inside its own unit, that is at the series and alerts of the unit it belongs to, a seat sees all. Of the
units below it sees aggregates, and an alert only once that has climbed to its level, then with the history
of that one series. Of units beside and above it sees nothing but their names. A role widens what a seat may
do, never what it may see.

While its unit has a declared audit in force (System 3*) it reads what that opens, and acts on none of it:
`audits` are always those in force of the seat's unit.

It lies in the model layer because the view filters by it, the API refuses by it, and siblings do not import
one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from opsroom.agreement import Side, side_of
from opsroom.alarm import Hush
from opsroom.model import Alert, Role, Series, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsroom.audit import Audit
    from opsroom.pleasure import Pleasure
    from opsroom.seats import Seat

ROLE_RANK: Final = {Role.OBSERVER: 0, Role.OPERATOR: 1, Role.COUNCIL: 2, Role.ADMIN: 3}


class Tree(Protocol):
    """The two questions about the tree that rights ask; the catalog answers them."""

    def parent(self, unit_id: int) -> Unit | None:
        """Give the unit above, None at the root."""
        ...

    def contains(self, unit_id: int, other_id: int) -> bool:
        """Tell whether `other_id` is `unit_id` or below it."""
        ...


def at_least(seat: Seat, role: Role) -> bool:
    """Tell whether the seat's role includes `role`."""
    return ROLE_RANK[seat.role] >= ROLE_RANK[role]


def may_see_unit(unit_id: int, seat_unit: int, tree: Tree) -> bool:
    """Tell whether the aggregates of `unit_id` are open to a seat of `seat_unit`.

    Its own unit and all below.
    """
    return tree.contains(seat_unit, unit_id)


def concerns(alert: Alert, seat_unit: int) -> bool:
    """Tell whether the alert is an affair of `seat_unit`: its own, or it has stood at that unit's level."""
    return alert.unit_id == seat_unit or any(a.unit_id == seat_unit for a in alert.annunciations)


def may_see(alert: Alert, seat_unit: int, audits: Iterable[Audit] = ()) -> bool:
    """Tell whether a seat of `seat_unit` sees the alert.

    It concerns that unit, or an audit in force opens it.
    """
    return concerns(alert, seat_unit) or any(one.covers(alert.unit_id, alert.series_id) for one in audits)


def may_see_series(
    series: Series, seat_unit: int, open_alerts: Iterable[Alert], audits: Iterable[Audit] = ()
) -> bool:
    """Tell whether raw readings of `series` are open to a seat of `seat_unit`.

    They are when the series is the unit's own, while one of `open_alerts` on it has climbed to the unit, or
    while an audit in force opens it.
    """
    if series.unit_id == seat_unit:
        return True
    if any(alert.series_id == series.id and concerns(alert, seat_unit) for alert in open_alerts):
        return True
    return any(one.covers(series.unit_id, series.id) for one in audits)


def may_acknowledge(alert: Alert, seat: Seat) -> bool:
    """Tell whether the seat may acknowledge: an operator of the unit at whose level the alert stands now."""
    return at_least(seat, Role.OPERATOR) and alert.standing.unit_id == seat.unit_id


def may_judge(alert: Alert, seat: Seat) -> bool:
    """Tell whether the seat may say if the alert was useful.

    Who may acknowledge it, and the council of any unit that it concerns; an audit alone lets nobody judge.
    """
    return may_acknowledge(alert, seat) or (at_least(seat, Role.COUNCIL) and concerns(alert, seat.unit_id))


def may_note(alert: Alert, seat: Seat) -> bool:
    """Tell whether the seat may note "recovering until": an operator of the unit that the alert concerns."""
    return at_least(seat, Role.OPERATOR) and alert.unit_id == seat.unit_id


def may_decide(alert: Alert, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may decide.

    A council seat at the top, where the alert stands (DOMAIN 1.6, rule 3).
    """
    at_top = tree.parent(seat.unit_id) is None and alert.standing.unit_id == seat.unit_id
    return at_least(seat, Role.COUNCIL) and at_top


def may_resolve(seat: Seat) -> bool:
    """Tell whether the seat may take a decision of its own unit that answers no alert, and judge it later."""
    return at_least(seat, Role.COUNCIL)


def may_sit(seat: Seat) -> bool:
    """Tell whether the seat's armrest works and it may take the floor: who only observes does neither."""
    return at_least(seat, Role.OPERATOR)


def may_press(series: Series, seat: Seat) -> bool:
    """Tell whether the seat may press the series.

    An operator of its unit, and the indicator agreed as essential (rule 7).
    """
    essential = series.indicator is not None and series.indicator.essential
    return essential and at_least(seat, Role.OPERATOR) and series.unit_id == seat.unit_id


def may_adopt(series: Series, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may make the series an agreed one.

    The unit's own council seat, or an admin at or above it.
    """
    own = at_least(seat, Role.COUNCIL) and series.unit_id == seat.unit_id
    return own or (at_least(seat, Role.ADMIN) and tree.contains(seat.unit_id, series.unit_id))


def may_rename(unit_id: int, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may name the unit: its own council, or an admin at or above it."""
    own = at_least(seat, Role.COUNCIL) and unit_id == seat.unit_id
    return own or (at_least(seat, Role.ADMIN) and tree.contains(seat.unit_id, unit_id))


def may_found(parent_id: int, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may make, retire and bring back units below: who may name the unit above them."""
    return may_rename(parent_id, seat, tree)


def may_entrust(unit_id: int, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may give plants tokens for the unit, and take them away: who may name it."""
    return may_rename(unit_id, seat, tree)


def may_seat(unit_id: int, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may give people seats at the unit: an admin at or above it."""
    return at_least(seat, Role.ADMIN) and tree.contains(seat.unit_id, unit_id)


def may_rebase(series: Series, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may confirm a new capability.

    A council seat of the parent unit, at the root of the root (rule 4).
    """
    parent = tree.parent(series.unit_id)
    confirming = series.unit_id if parent is None else parent.id
    return at_least(seat, Role.COUNCIL) and seat.unit_id == confirming


def on_wall(alert: Alert) -> bool:
    """Tell whether the alert stands on a wall.

    Its condition holds, nobody has seen that it came and went, or it is held there: latched or silenced.
    """
    return alert.on_wall


def may_silence(alert: Alert, seat: Seat) -> bool:
    """Tell whether the seat may shelve the alert: who may acknowledge it."""
    return may_acknowledge(alert, seat)


def may_silence_series(series: Series, seat: Seat) -> bool:
    """Tell whether the seat may shelve a series of which no alert stands: an operator of its unit."""
    return at_least(seat, Role.OPERATOR) and series.unit_id == seat.unit_id


def may_remove(unit_id: int, seat: Seat) -> bool:
    """Tell whether the seat may take out of service what stands with `unit_id`, and return it.

    The authorised role is the unit's council: it answers for work on the plant.
    """
    return at_least(seat, Role.COUNCIL) and unit_id == seat.unit_id


def may_agree(unit_id: int, seat: Seat) -> bool:
    """Tell whether the seat may say whom the unit has called: its own council."""
    return at_least(seat, Role.COUNCIL) and unit_id == seat.unit_id


def may_stand_in(unit_id: int, instead: int, seat: Seat) -> bool:
    """Tell whether the seat may let `instead` be called for another: its council, or who takes over."""
    own = at_least(seat, Role.OPERATOR) and unit_id == seat.unit_id and instead == seat.id
    return own or may_agree(unit_id, seat)


def party(series: Series, unit_id: int, tree: Tree) -> Side | None:
    """Give the side that `unit_id` takes in what is agreed on the series; None: it is another's affair."""
    above = tree.parent(series.unit_id)
    return side_of(unit_id, series.unit_id, None if above is None else above.id)


def may_bargain(series: Series, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may propose, confirm and decline terms of the series.

    A council of its unit or of the one directly above (rule 2).
    """
    return at_least(seat, Role.COUNCIL) and party(series, seat.unit_id, tree) is not None


def may_rule(unit_id: int, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may agree to rules of a unit: a council at it or above it.

    A rule says when people are called, which is agreed by a unit and those it answers to.
    """
    return at_least(seat, Role.COUNCIL) and tree.contains(seat.unit_id, unit_id)


def may_link(unit_id: int, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may declare flows between parts of a unit: a council at it or above it."""
    return at_least(seat, Role.COUNCIL) and tree.contains(seat.unit_id, unit_id)


def may_release(alert: Alert, seat: Seat) -> bool:
    """Tell whether the seat may end what silences the alert: a seat of the unit that did, with its role.

    What is suppressed by design ends with its cause and not by hand.
    """
    held = alert.silenced
    if held is None or held.kind is Hush.SUPPRESSED:
        return False
    if held.kind is Hush.OUT_OF_SERVICE:
        return may_remove(held.unit_id, seat)
    return at_least(seat, Role.OPERATOR) and held.unit_id == seat.unit_id


def may_hang(unit_id: int, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may make and revoke wall screens of a unit: its council, or an admin above it."""
    own = at_least(seat, Role.COUNCIL) and unit_id == seat.unit_id
    return own or (at_least(seat, Role.ADMIN) and tree.contains(seat.unit_id, unit_id))


def may_audit(unit_id: int, seat: Seat, tree: Tree) -> bool:
    """Tell whether the seat may declare an audit of the unit: a council seat, of a unit below its own."""
    below = unit_id != seat.unit_id and tree.contains(seat.unit_id, unit_id)
    return at_least(seat, Role.COUNCIL) and below


def may_end_audit(audit: Audit, seat: Seat) -> bool:
    """Tell whether the seat may end the audit before its time: the council that declared it."""
    return at_least(seat, Role.COUNCIL) and seat.unit_id == audit.by_unit


def knows_audit(audit: Audit, seat_unit: int) -> bool:
    """Tell whether a unit is told of the audit: who looks and who is looked at, and nobody else."""
    return seat_unit in {audit.by_unit, audit.unit_id}


def knows_pleasure(news: Pleasure, seat_unit: int) -> bool:
    """Tell whether a unit is told of good news: its own, and what a unit just below offered to it."""
    return seat_unit == news.unit_id or (news.offered is not None and seat_unit == news.offered_to)


def may_offer(news: Pleasure, seat: Seat) -> bool:
    """Tell whether the seat may offer good news upward: an operator or the council of its own unit."""
    return at_least(seat, Role.OPERATOR) and seat.unit_id == news.unit_id
