"""Rules as a seat gets them: what they say, the priority that follows, and what they raised here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opsroom.alert.priority import CONSEQUENCES, MATRIX, column_of, priority_for
from opsroom.model import MICROS_PER_S
from opsroom.rights import may_rule
from opsroom.rules.binding import home_of, series_of
from opsroom.rules.text import altered, table_of
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opsroom.api.ports import ApiRoom
    from opsroom.model import Unit
    from opsroom.rule import Rule, Ruling
    from opsroom.rulefolder import RuleFolder
    from opsroom.seats import Seat

DAYS_COUNTED: Final = 30
WEEKS_COUNTED: Final = DAYS_COUNTED / 7
COUNTED_US: Final = DAYS_COUNTED * 86_400 * MICROS_PER_S


class RuleViews:
    """Makes RuleViews for one seat, out of one reading of the catalog and of the counts."""

    def __init__(
        self,
        room: ApiRoom,
        folder: RuleFolder,
        seat: Seat,
        counts: Sequence[tuple[str, int, bool, int]] = (),
    ) -> None:
        """Take who asks, and how often each rule began to be met: (rule, unit, event, times)."""
        self._room, self._folder, self._seat = room, folder, seat
        self._catalog = room.catalog
        self._inside = {unit.id for unit in room.catalog.below(seat.unit_id)}
        self._way = {unit.id for unit in room.catalog.ancestors(seat.unit_id)}
        self._watched = folder.watched()
        self._plan = folder.plan()
        torn = {one.room.id for one in self._plan.conflicts}
        self._rules = [one for one in room.catalog.rules.values() if not one.retired or one.id in torn]
        self._ahead = {rule.id for rule in self._plan.ahead}
        self._raises: dict[str, int] = {}
        for rule_id, unit_id, _, times in counts:
            if unit_id in self._inside:
                self._raises[rule_id] = self._raises.get(rule_id, 0) + times

    def all(self) -> list[dict[str, Any]]:
        """Give every rule that concerns the seat's unit or one below: its own first, then by id.

        May run in a thread: what changes meanwhile was listed before.
        """
        seen = [rule for rule in self._rules if self.sees(rule)]
        own = self._seat.unit_id
        seen.sort(key=lambda rule: (home_of(self._catalog, rule).id != own, rule.id))
        return [self.view(rule) for rule in seen]

    def sees(self, rule: Rule) -> bool:
        """Say whether a rule is the affair of the unit or one below, or is watched there from above."""
        home = home_of(self._catalog, rule)
        if home.id in self._inside:
            return True
        return home.id in self._way and bool(self._here(self._watched.get(rule.id, ())))

    def view(self, rule: Rule) -> dict[str, Any]:
        """Give one RuleView."""
        home = home_of(self._catalog, rule)
        here = self._here(self._watched.get(rule.id, ()))
        return {
            **said(rule, home),
            "watches": len(here),
            "raises_30d": self._raises.get(rule.id, 0),
            "budget_30d": self._budget(here),
            "may_edit": may_rule(home.id, self._seat, self._catalog),
            "state": self._state(rule),
            "conflict": self._conflict(rule),
        }

    def watched_by(self, draft: Rule) -> list[int]:
        """Give the series that a draft would watch."""
        return series_of(self._catalog, draft)

    def _here(self, series_ids: Iterable[int]) -> list[int]:
        return [one for one in series_ids if self._catalog.series[one].unit_id in self._inside]

    def _budget(self, series_ids: Iterable[int]) -> float:
        """Give the raises that are allowed in 30 days: the sum over the series that are watched here."""
        budgets = (self._room.budget(self._catalog.series[one]).per_week for one in series_ids)
        return sum(budgets) * WEEKS_COUNTED

    def _state(self, rule: Rule) -> str:
        if any(one.room.id == rule.id for one in self._plan.conflicts):
            return "conflict"
        if rule.id in self._ahead:
            return "ahead" if rule.base else "screen"
        return "file" if rule.file else "screen"

    def _conflict(self, rule: Rule) -> dict[str, Any] | None:
        """Give what the file says otherwise, (room, file) by key; no keys: it says nothing any more."""
        found = next((one for one in self._plan.conflicts if one.room.id == rule.id), None)
        if found is None:
            return None
        file = found.file
        keys = None if file is None else differing(rule, file)
        return {"file": rule.file if file is None else file.file, "keys": keys}


def said(rule: Rule, home: Unit) -> dict[str, Any]:
    """Give what a rule says, where it stands, and the cell of the matrix that its priority comes from."""
    return {
        "id": rule.id,
        "title": rule.title or rule.id,
        "kind": str(rule.kind),
        "version": rule.version,
        "unit": home.path,
        "unit_name": home.name,
        "table": plain(table_of(rule)),
        "event": rule.event,
        "priority": None if rule.event else int(priority_for(rule.consequence, rule.response_s)),
        "cell": None if rule.event else cell_of(rule),
        "file": rule.file,
        "edited": rule.edited,
        "approved_by": rule.approved_by,
        "approved": ms(rule.approved),
        "retired": rule.retired,
    }


def cell_of(rule: Rule) -> dict[str, int] | None:
    """Give row and column of the matrix; None where no time to respond is declared."""
    if rule.response_s is None:
        return None
    return {"row": CONSEQUENCES.index(rule.consequence), "column": column_of(rule.response_s)}


def matrix() -> list[dict[str, Any]]:
    """Give the matrix of priorities, row by row."""
    return [{"consequence": name, "priorities": list(MATRIX[name])} for name in CONSEQUENCES]


def plain(table: Mapping[str, Any]) -> dict[str, Any]:
    """Give a rule's table without what the room says itself."""
    return {key: value for key, value in table.items() if key not in {"approved", "approved_by"}}


def differing(before: Rule, after: Rule) -> dict[str, list[Any]]:
    """Give the keys, as files name them, in which two rules differ: (before, after)."""
    keys = altered(before, after)
    one, other = plain(table_of(before)), plain(table_of(after))
    found = {
        key: [one.get(key), other.get(key)]
        for key in dict.fromkeys((*one, *other))
        if one.get(key) != other.get(key)
    }
    classes = {key for key in keys if key.startswith("class_") or key in CLASS_KEYS}
    return found | {key: list(keys[key]) for key in sorted(classes) if key not in found}


CLASS_KEYS: Final = frozenset({"needs_ack", "re_alarm", "note_required", "ack_timeout_s"})


def event_view(one: Ruling, room: ApiRoom) -> dict[str, Any]:
    """Give an event: which rule, on which series, when, whether it began or ceased, and the value."""
    rule, finding = room.catalog.rules.get(one.rule), one.finding
    series = room.catalog.series[finding.series_id]
    return {
        "at": ms(finding.at),
        "rule": one.rule,
        "title": one.rule if rule is None else rule.title or rule.id,
        "version": one.version,
        "series_id": series.id,
        "series": room.catalog.series_path(series.id),
        "series_name": series.name,
        "opened": one.opened,
        "onset": ms(finding.onset),
        "value": finding.value,
        "unit": series.unit,
        "low": finding.low,
        "high": finding.high,
    }
