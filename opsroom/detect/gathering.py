"""Which series are judged together, laid out for the kernel: sibling groups first, then relations by id.

A gathering keeps its past while it stays what it was; a relation whose members, weights, kind or clean period
change learns anew, a sibling group keeps its past and waits for nothing when its members change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.detect import claims, orders, siblings, whole, whole_fit
from opsroom.detect import state as layout
from opsroom.errors import Invalid
from opsroom.model import Relation, RelationKind

Rows = NDArray[Any]
CODES: Final = {
    RelationKind.WHOLE: layout.WHOLE,
    RelationKind.CLAIM: layout.CLAIMS,
    RelationKind.BALANCE: layout.BALANCES,
    RelationKind.ORDERS: layout.SWINGS,
}
PAIRED: Final = 2
_ENDLESS: Final = 1 << 40


@dataclass(slots=True)
class Bonds:
    """All gatherings: `keys` name them, `made` says of what each was made; the kernel walks the arrays."""

    keys: list[str] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)
    gathers: Rows = field(default_factory=lambda: layout.blank_gathers(0))
    seats: Rows = field(default_factory=lambda: layout.blank_seats(0))
    groups: Rows = field(default_factory=lambda: layout.blank_groups(0))
    accounts: Rows = field(default_factory=lambda: claims.blank(0))
    flows: Rows = field(default_factory=lambda: orders.blank(0))
    models: Rows = field(default_factory=lambda: np.empty(0))
    seat_from: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    seat_list: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def arrays(self) -> tuple[Rows, ...]:
        """Give what the kernel of a step takes."""
        return self.gathers, self.seats, self.groups

    @property
    def widest(self) -> int:
        """Give the most findings that one reading may bring."""
        per_seat = 2 * (layout.PENDING + 1) * self.gathers["size"]
        most_shared = int(np.diff(self.seat_from).max(initial=0))
        return int(most_shared * per_seat.max(initial=0))

    def model(self, place: int) -> Rows:
        """View what gathering `place` remembers, beside the instants it waits for."""
        a = self.gathers[place]
        store = self.store(int(a["kind"]))
        return store[int(a["model"]) : int(a["model"]) + int(a["length"])]

    def store(self, kind: int) -> Rows:
        """Give the array in which gatherings of a kind remember."""
        return {
            layout.SIBLINGS: self.groups,
            layout.WHOLE: self.models,
            layout.SWINGS: self.flows,
        }.get(kind, self.accounts)


def checked(relation: Relation, known: Mapping[int, Any]) -> Relation:
    """Give the relation back.

    Raises:
        Invalid: a member is unknown or twice there, or their number, or that of the weights, does not fit
            the kind (`params`: field).
    """
    members = relation.members
    strange = [one for one in members if one not in known]
    paired = relation.kind in (RelationKind.CLAIM, RelationKind.ORDERS)
    most = PAIRED if paired else whole_fit.MOST_MEMBERS
    if strange or len(set(members)) != len(members) or not PAIRED <= len(members) <= most:
        raise Invalid(f"The members of relation {relation.name} do not fit its kind.", field="members")
    if relation.kind is RelationKind.BALANCE and len(relation.weights) != len(members):
        raise Invalid(f"Relation {relation.name} needs one weight a member.", field="weights")
    return relation


def sibling_groups(keyed: Iterable[tuple[int, int, str | None]]) -> dict[str, list[int]]:
    """Give the rows of each group that is large enough, in order of series id, from (series id, row, key)."""
    by_key: dict[str, list[tuple[int, int]]] = {}
    for series_id, row, key in keyed:
        if key is not None:
            by_key.setdefault(key, []).append((series_id, row))
    least = siblings.LEAST_OTHERS
    return {
        key: [row for _, row in sorted(by_key[key])] for key in sorted(by_key) if len(by_key[key]) > least
    }


def arrange(
    old: Bonds, groups: dict[str, list[int]], relations: Iterable[tuple[Relation, list[int]]], count: int
) -> Bonds:
    """Lay out all gatherings of `count` series anew, taking over from `old` what stayed the same."""
    wanted: list[tuple[str, Any, list[int], Relation | None]] = [
        (f"s:{key}", rows, rows, None) for key, rows in groups.items()
    ]
    for relation, rows in sorted(relations, key=lambda pair: pair[0].id):
        what = (relation.kind, rows, relation.weights, relation.clean_readings, relation.clean, relation.lag)
        wanted.append((f"r:{relation.id}", what, rows, relation))
    new = Bonds(
        [key for key, *_ in wanted], [what for _, what, *_ in wanted], layout.blank_gathers(len(wanted))
    )
    places = {key: place for place, key in enumerate(old.keys)}
    seats: list[Rows] = []
    models: dict[int, list[Rows]] = {}
    start = 0
    for place, (key, what, rows, about) in enumerate(wanted):
        kind = layout.SIBLINGS if about is None else CODES[about.kind]
        before = places.get(key)
        same = before is not None and bool(old.made[before] == what)
        keep = same or (before is not None and about is None)
        new.gathers[place] = old.gathers[before] if keep else _blank_gather(about, kind)
        row = new.gathers[place : place + 1]
        if same and before is not None:
            at = int(old.gathers["start"][before])
            part = old.seats[at : at + len(rows)].copy()
        else:
            part = layout.blank_seats(len(rows))
            row["pending_n"] = row["live"] = 0
        part["row"], part["gather"] = rows, place
        part["weight"] = about.weights if about is not None and about.weights else 1.0
        seats.append(part)
        row["start"], row["size"] = start, len(rows)
        start += len(rows)
        model = old.model(before) if keep and before is not None else _blank_model(about, len(rows))
        store = models.setdefault(_family(kind), [])
        row["model"], row["length"] = sum(len(one) for one in store), len(model)
        store.append(model)
    _join(new, seats, models, count)
    return new


def _family(kind: int) -> int:
    return layout.CLAIMS if kind == layout.BALANCES else kind


def _join(new: Bonds, seats: list[Rows], models: dict[int, list[Rows]], count: int) -> None:
    if seats:
        new.seats = np.concatenate(seats)
    for kind, name in (
        (layout.SIBLINGS, "groups"),
        (layout.CLAIMS, "accounts"),
        (layout.SWINGS, "flows"),
        (layout.WHOLE, "models"),
    ):
        if kind in models:
            setattr(new, name, np.concatenate(models[kind]))
    new.seat_list = np.lexsort((new.seats["gather"], new.seats["row"])).astype(np.int64)
    new.seat_from = np.searchsorted(new.seats["row"][new.seat_list], np.arange(count + 1)).astype(np.int64)


def _blank_gather(relation: Relation | None, kind: int) -> Rows:
    gather = layout.blank_gathers(1)
    gather["kind"] = kind
    if relation is not None:
        gather["id"] = relation.id
        if relation.clean is not None:
            gather["clean_from"], gather["clean_to"] = relation.clean
    return gather[0]  # type: ignore[no-any-return]


def _blank_model(relation: Relation | None, size: int) -> Rows:
    if relation is None:
        return layout.blank_groups(1)
    if relation.kind is RelationKind.ORDERS:
        return orders.blank(1)
    if relation.kind is RelationKind.WHOLE:
        by_time = relation.clean is not None
        return whole.blank(size, *((_ENDLESS, _ENDLESS) if by_time else whole.split(relation.clean_readings)))
    return claims.declared(relation)
