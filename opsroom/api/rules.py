"""Alarm rules from the screen: read, tried on history, put in force, taken back; and what was filed as event.

A rule is written as the table of a rule file and refused by what refuses files (docs/rules.md). It reaches
the room as a record of configuration in the log, with its next version and who agreed to it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec.structs import replace
from pydantic import Field

from opsroom.api.acts import MICROS_PER_MS, Desk, DeskOf
from opsroom.api.answers import answer
from opsroom.api.ports import CallerOf, RoomOf
from opsroom.api.queries import DAY_MS, Ms
from opsroom.api.rule_views import COUNTED_US, DAYS_COUNTED, RuleViews, differing, event_view, matrix, said
from opsroom.api.session import Body
from opsroom.backtest import Tried, try_out
from opsroom.errors import AccessDenied, Conflict, Invalid, NotFound
from opsroom.model import Unit
from opsroom.rights import may_rule
from opsroom.rule import Rule
from opsroom.rulefolder import RuleFolder
from opsroom.rules.binding import home_of
from opsroom.rules.draft import read_draft, read_text, refusal
from opsroom.rules.text import as_toml
from opsroom.store import Store

rule_router = APIRouter(prefix="/api/v1", tags=["rules"])

TOML_TYPE: Final = "application/toml"
TEXT_CHARS_MAX: Final = 1_000_000
DAYS_MAX: Final = 366.0


class DraftBody(Body):
    """A rule as the table of a file says it."""

    rule: dict[str, Any]


class TryBody(DraftBody):
    """A draft, and how many days of stored history it is tried on."""

    days: Annotated[float, Field(gt=0, le=DAYS_MAX, allow_inf_nan=False)] = float(DAYS_COUNTED)


class PutBody(DraftBody):
    """A draft to put in force, and the version that it was made from (0: a new rule)."""

    version: Annotated[int, Field(ge=0)] = 0


class VersionBody(Body):
    """The version of a rule that is meant."""

    version: Annotated[int, Field(ge=1)]


class FileBody(Body):
    """A file of rules; without `force` only what it would change is told."""

    text: Annotated[str, Field(max_length=TEXT_CHARS_MAX)]
    force: bool = False


class SettleBody(Body):
    """Whether the file's version is put in force, or the screen's stands."""

    take_file: bool


def folder_of(request: Request) -> RuleFolder:
    """Give what keeps rules and files together."""
    return cast("RuleFolder", request.app.state.folder)


FolderOf = Annotated[RuleFolder, Depends(folder_of)]


# -- reading ---------------------------------------------------------------------------------------


@rule_router.get("/rules", summary="Rules of the seat's unit and those below, with raises against the budget")
async def rules(room: RoomOf, caller: CallerOf, folder: FolderOf) -> Response:
    """Give RuleViews, the matrix of priorities, and why files that were changed are not in force."""
    now = room.view.at
    counts = await room.read(room.store.rulings.raises, now - COUNTED_US, now + 1)
    views = RuleViews(room, folder, caller.seat, counts)
    units = [
        unit
        for unit in room.catalog.below(caller.seat.unit_id)
        if may_rule(unit.id, caller.seat, room.catalog)
    ]
    return answer(
        {
            "rules": await room.read(views.all),
            "days": DAYS_COUNTED,
            "matrix": matrix(),
            "faults": [{"message": one.message, "remedy": one.remedy, **one.params} for one in folder.faults],
            "owners": [{"path": unit.path, "name": unit.name} for unit in units],
        }
    )


@rule_router.get("/rules/export", summary="The rules that the seat sees, as one file of rules")
async def export(room: RoomOf, caller: CallerOf, folder: FolderOf) -> Response:
    """Give TOML that reads back to the same rules."""
    views = RuleViews(room, folder, caller.seat)
    found = [rule for _, rule in sorted(room.catalog.rules.items()) if not rule.retired and views.sees(rule)]
    head = {"content-disposition": 'attachment; filename="rules.toml"'}
    return Response(as_toml(found), 200, head, media_type=TOML_TYPE)


@rule_router.get(
    "/rules/{rule_id}/versions", summary="Every version of a rule, who agreed to it, what changed"
)
async def versions(rule_id: str, room: RoomOf, caller: CallerOf, folder: FolderOf) -> Response:
    """Give versions newest first, each with what it changed of the one before."""
    _seen(rule_id, RuleViews(room, folder, caller.seat), room.catalog.rules)
    kept = await room.read(room.store.rulings.versions, rule_id)
    rows = []
    for one, before in zip(kept, [*kept[1:], None], strict=True):
        keys = {} if before is None else differing(before, one)
        rows.append({**said(one, home_of(room.catalog, one)), "keys": keys})
    return answer({"versions": rows})


@rule_router.get("/events", summary="What rules filed as events on the unit's own series, newest first")
async def events(
    room: RoomOf,
    caller: CallerOf,
    since: Annotated[Ms | None, Query(alias="from")] = None,
    until: Annotated[Ms | None, Query(alias="to")] = None,
) -> Response:
    """Give events from `from` up to, not including, `to` (ms); by default of the last day."""
    end = until if until is not None else room.view.at // MICROS_PER_MS + 1
    start = since if since is not None else max(0, end - DAY_MS)
    if start >= end:
        raise Invalid("The range is empty.", remedy="Give from before to.", code="range_empty", field="from")
    page = room.settings.limits.journal_page
    span = (start * MICROS_PER_MS, end * MICROS_PER_MS)
    found = await room.read(room.store.rulings.events, [caller.seat.unit_id], *span, page + 1)
    return answer(
        {
            "from": start,
            "to": end,
            "events": [event_view(one, room) for one in found[:page]],
            "more": len(found) > page,
        }
    )


# -- trying ----------------------------------------------------------------------------------------


@rule_router.post("/rules/preview", summary="Check a draft; its priority, and what it changes")
async def preview(body: DraftBody, desk: DeskOf, folder: FolderOf) -> Response:
    """Say what the draft would be, or refuse it with the field named; nothing is put in force."""
    draft = await _draft(body.rule, desk)
    views = RuleViews(desk.room, folder, desk.caller.seat)
    before = _present(desk, draft.id)
    return answer(
        {
            "rule": said(draft, home_of(desk.room.catalog, draft)),
            "watches": len(views.watched_by(draft)),
            "version": 0 if before is None else before.version,
            "keys": {} if before is None else differing(before, draft),
            "new": before is None,
        }
    )


@rule_router.post("/rules/backtest", summary="Play stored history through a draft and the rule in force")
async def backtest(body: TryBody, desk: DeskOf, folder: FolderOf) -> Response:
    """Count what the draft would have raised, and the present version over the same readings."""
    draft, room = await _draft(body.rule, desk), desk.room
    before = _present(desk, draft.id)
    if folder.trying.locked():
        raise Conflict(
            "A rule is being tried already.", remedy="Try again in a moment.", code="backtest_busy"
        )
    async with folder.trying:
        found: Tried | None = await room.read(
            try_out,
            cast("Store", room.store),
            room.catalog.copy(),
            room.settings.room,
            (before, draft),
            days=body.days,
            most=room.settings.limits.backtest_readings,
        )
    if found is None:
        return answer({"days": 0.0, "readings": 0, "present": None, "draft": 0, "longest_s": 0.0})
    return answer(
        {
            "days": found.days,
            "readings": found.readings,
            "present": None if before is None else found.raises[0],
            "draft": found.raises[-1],
            "longest_s": found.longest_s,
        }
    )


# -- putting in force ------------------------------------------------------------------------------


@rule_router.post(
    "/rules", summary="Put a rule in force: new, or in the place of the version it was made from"
)
async def put(body: PutBody, desk: DeskOf, folder: FolderOf) -> Response:
    """Agree to a rule; refused where another version was put in force meanwhile."""
    if (again := desk.replayed) is not None:
        return again
    async with folder.lock:
        draft = await _draft(body.rule, desk)
        before = _present(desk, draft.id)
        _unmoved(draft.id, body.version, 0 if before is None else before.version)
        (made,) = await folder.put([draft], desk.caller.seat.person, desk.room.view.at)
    return desk.done({"rule": said(made, home_of(desk.room.catalog, made))})


@rule_router.post("/rules/{rule_id}/retire", summary="Watch a rule no more; what stands by it ends")
async def retire(rule_id: str, body: VersionBody, desk: DeskOf, folder: FolderOf) -> Response:
    """Retire; its versions stay."""
    if (again := desk.replayed) is not None:
        return again
    async with folder.lock:
        rule = _own(rule_id, desk, folder)
        _unmoved(rule_id, body.version, rule.version)
        gone = replace(rule, retired=True)
        (made,) = await folder.put([gone], desk.caller.seat.person, desk.room.view.at)
    return desk.done({"rule": said(made, home_of(desk.room.catalog, made))})


@rule_router.post("/rules/import", summary="Read a file of rules: what it would change, or put it in force")
async def take_in(body: FileBody, desk: DeskOf, folder: FolderOf) -> Response:
    """Take all rules of a file or none; rules that it does not name stay as they are."""
    if (again := desk.replayed) is not None:
        return again
    async with folder.lock:
        known = list(desk.room.catalog.rules.values())
        rows, altered = [], []
        for rule in await desk.room.read(read_text, body.text, known, _root_id(desk)):
            mine = _allowed(rule, desk)
            before = _present(desk, rule.id)
            keys = {} if before is None else differing(before, mine)
            if before is None or keys:
                altered.append(mine)
                rows.append({"rule": rule.id, "change": "altered" if before else "new", "keys": keys})
        if body.force:
            await folder.put(altered, desk.caller.seat.person, desk.room.view.at)
    return desk.done({"changes": rows, "in_force": body.force})


@rule_router.post("/rules/{rule_id}/settle", summary="End a conflict between the file and the screen")
async def settle(rule_id: str, body: SettleBody, desk: DeskOf, folder: FolderOf) -> Response:
    """Put the file's version in force, or let the screen's stand."""
    if (again := desk.replayed) is not None:
        return again
    async with folder.lock:
        rule = _seen(rule_id, RuleViews(desk.room, folder, desk.caller.seat), desk.room.catalog.rules)
        _may(home_of(desk.room.catalog, rule), desk)
        made = await folder.settle(rule_id, take_file=body.take_file)
    return desk.done({"rule": said(made, home_of(desk.room.catalog, made))})


# -- inside ----------------------------------------------------------------------------------------


def _root_id(desk: Desk) -> int:
    root = desk.room.catalog.root()
    return 1 if root is None else root.id


def _present(desk: Desk, rule_id: str) -> Rule | None:
    rule = desk.room.catalog.rules.get(rule_id)
    return None if rule is None or rule.retired else rule


async def _draft(table: dict[str, Any], desk: Desk) -> Rule:
    """Read a draft of somebody who may put it in force.

    Raises:
        Invalid: it cannot be a rule; `params` name the first field and all faults.
        AccessDenied: its unit, or that of the rule it replaces, is not the seat's affair.
    """
    known = list(desk.room.catalog.rules.values())
    draft, faults = await desk.room.read(read_draft, table, known, _root_id(desk))
    if draft is None:
        raise refusal(faults)
    return _allowed(draft, desk)


def _allowed(draft: Rule, desk: Desk) -> Rule:
    """Give the draft with an owner within the seat's subtree.

    Raises:
        Invalid: there is no such unit.
        AccessDenied: the rule is another unit's affair.
    """
    catalog, seat = desk.room.catalog, desk.caller.seat
    before = _present(desk, draft.id)
    if before is not None:
        _may(home_of(catalog, before), desk)
    if draft.owner and catalog.unit_at(draft.owner) is None:
        raise Invalid(
            f"There is no unit {draft.owner!r}.", remedy="Give its path.", code="unit_unknown", field="owner"
        )
    home = home_of(catalog, draft)
    if not draft.owner and home.id != seat.unit_id and catalog.contains(home.id, seat.unit_id):
        # A pattern could mean other units' series: it is agreed for one's own alone.
        draft = replace(draft, owner=catalog.units[seat.unit_id].path)
        home = home_of(catalog, draft)
    _may(home, desk)
    return draft


def _may(home: Unit, desk: Desk) -> None:
    if not may_rule(home.id, desk.caller.seat, desk.room.catalog):
        raise AccessDenied(
            "Rules are agreed by the council of their unit, or of one above it.",
            remedy="Ask its seat.",
            code="rule_not_yours",
            unit=home.path,
        )


def _seen(rule_id: str, views: RuleViews, known: dict[str, Rule]) -> Rule:
    rule = known.get(rule_id)
    if rule is None or not views.sees(rule):
        raise NotFound("No such rule.", remedy="Read the rules again.", code="rule_unknown", rule=rule_id)
    return rule


def _own(rule_id: str, desk: Desk, folder: RuleFolder) -> Rule:
    rule = _seen(rule_id, RuleViews(desk.room, folder, desk.caller.seat), desk.room.catalog.rules)
    if rule.retired:
        raise NotFound("No such rule.", remedy="Read the rules again.", code="rule_unknown", rule=rule_id)
    _may(home_of(desk.room.catalog, rule), desk)
    return rule


def _unmoved(rule_id: str, asked: int, present: int) -> None:
    """Refuse to write over a version that the reader has not seen.

    Raises:
        Conflict: another version is in force.
    """
    if asked != present:
        raise Conflict(
            f"{rule_id} is at version {present}, not {asked}.",
            remedy="Look at what changed, then try again.",
            code="rule_moved",
            rule=rule_id,
            version=present,
        )
