"""How unit and parent come to an agreement on a series (DOMAIN 1.6, rules 2 and 7): pure steps on its accord.

No step touches an alert: a running deadline stays, and the next annunciation counts by the new terms.
Whoever answers names the proposal or the version that was read, and is refused where it has moved on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from opsroom.agreement import (
    ENDED_KEPT,
    VERSIONS_KEPT,
    Accord,
    Agreement,
    End,
    Ended,
    Proposal,
    Side,
    Signature,
    Terms,
    side_of,
    terms_of,
)
from opsroom.alert.desk import Desk, series_of
from opsroom.errors import AccessDenied, Conflict, Invalid
from opsroom.records import ConfirmTerms, DeclineTerms, ProposeTerms, TermsAct

if TYPE_CHECKING:
    from opsroom.model import Transition


def propose(act: ProposeTerms, desk: Desk) -> list[Transition]:
    """Lay terms before the other side; a later proposal takes the place of one that waits.

    At the top there is no other side, so they hold at once.

    Raises:
        AccessDenied: the seat's unit is no party.
        Conflict: another version holds, or another proposal waits, than the one that was read.
        Invalid: these terms hold already, or a plain series is to be essential.
    """
    side, accord = _side(act, desk), _accord(act, desk)
    waiting = accord.proposal
    if act.version != accord.version or act.answers != (waiting.number if waiting else 0):
        raise _stale(accord)
    terms = Terms(recovery_s=act.recovery_s, essential=act.essential)
    series = desk.book.agreed.as_agreed(series_of(desk, act.series_id))
    if terms.essential and series.indicator is None:
        raise Invalid(
            "Only an indicator can be essential.",
            remedy="Adopt the series as an indicator first.",
            code="essential_plain",
            field="essential",
            series=series.id,
        )
    if terms == terms_of(series):
        raise Invalid(
            "These terms hold already.",
            remedy="Propose others.",
            code="agreement_unchanged",
            field="recovery_s",
            series=series.id,
        )
    if waiting is not None:
        accord = _end(accord, waiting, "replaced", _signed(act, desk), act.note)
    signed = _signed(act, desk)
    proposal = Proposal(
        number=accord.number + 1, terms=terms, side=side, proposed=signed, note=act.note.strip()
    )
    accord = replace(accord, proposal=proposal, number=proposal.number)
    if desk.catalog.parent(series.unit_id) is None:
        accord = _agreed(accord, proposal, signed)
    desk.book.agreed.accords[series.id] = accord
    return []


def confirm(act: ConfirmTerms, desk: Desk) -> list[Transition]:
    """Bring the terms that wait into force, as the side that did not propose them.

    Raises:
        AccessDenied: the seat's unit is no party, or proposed them itself.
        Conflict: nothing waits, or another proposal than the one that was read.
    """
    side, accord = _side(act, desk), _accord(act, desk)
    proposal = _waiting(accord, act.proposal)
    if side == proposal.side:
        raise AccessDenied(
            "The other side confirms what one side proposed.",
            remedy="Wait for its council, or withdraw.",
            code="agreement_own",
            series=act.series_id,
        )
    desk.book.agreed.accords[act.series_id] = _agreed(accord, proposal, _signed(act, desk))
    return []


def decline(act: DeclineTerms, desk: Desk) -> list[Transition]:
    """Turn down what waits, with a reason; the side that proposed it withdraws it.

    Raises:
        AccessDenied: the seat's unit is no party.
        Conflict: nothing waits, or another proposal than the one that was read.
        Invalid: a side that declines gives no reason.
    """
    side, accord = _side(act, desk), _accord(act, desk)
    proposal = _waiting(accord, act.proposal)
    own = side == proposal.side
    if not own and not act.reason.strip():
        raise Invalid(
            "Who declines says why.",
            remedy="Give a reason.",
            code="note_required",
            field="reason",
            series=act.series_id,
        )
    how: End = "withdrawn" if own else "declined"
    ended = _end(accord, proposal, how, _signed(act, desk), act.reason)
    desk.book.agreed.accords[act.series_id] = ended
    return []


def _side(act: TermsAct, desk: Desk) -> Side:
    series = series_of(desk, act.series_id)
    above = desk.catalog.parent(series.unit_id)
    side = side_of(act.unit_id, series.unit_id, None if above is None else above.id)
    if side is None:
        raise AccessDenied(
            "This is agreed between the unit and the one above it.",
            remedy="Ask one of their councils.",
            code="agreement_not_yours",
            series=series.id,
        )
    return side


def _accord(act: TermsAct, desk: Desk) -> Accord:
    return desk.book.agreed.accords.get(act.series_id) or Accord()


def _waiting(accord: Accord, number: int) -> Proposal:
    if accord.proposal is None:
        raise Conflict(
            "Nothing waits for an answer here.", remedy="Read the agreement again.", code="nothing_proposed"
        )
    if accord.proposal.number != number:
        raise _stale(accord)
    return accord.proposal


def _stale(accord: Accord) -> Conflict:
    return Conflict(
        "The agreement has moved on since it was read.",
        remedy="Read it again.",
        code="agreement_stale",
        version=accord.version,
        proposal=accord.proposal.number if accord.proposal else 0,
    )


def _signed(act: TermsAct, desk: Desk) -> Signature:
    return Signature(person=act.person, seat_id=act.seat_id, unit_id=act.unit_id, at=desk.now)


def _agreed(accord: Accord, proposal: Proposal, confirmed: Signature) -> Accord:
    made = Agreement(
        version=accord.version + 1,
        terms=proposal.terms,
        proposed=proposal.proposed,
        confirmed=confirmed,
        note=proposal.note,
    )
    return replace(accord, versions=(*accord.versions, made)[-VERSIONS_KEPT:], proposal=None)


def _end(accord: Accord, proposal: Proposal, how: End, by: Signature, reason: str) -> Accord:
    ended = Ended(proposal=proposal, how=how, by=by, reason=reason.strip())
    return replace(accord, proposal=None, ended=(*accord.ended, ended)[-ENDED_KEPT:])
