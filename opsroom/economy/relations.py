"""What the economy file says of series that belong together: claim, balance, orders, whole.

Tables and everything that can be wrong with them by themselves; whether a member exists is seen when the file
is laid beside a catalog.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec

from opsroom.model import Micros, RelationKind

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Count = Annotated[int, msgspec.Meta(ge=16, le=100_000)]
Fault = tuple[str, int, str, str, str]
FEWEST: Final = 2
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RelationTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every relation has: a name that is its own in the economy, and whether it is watched."""

    name: Name
    watched: bool = True

    @property
    def kind(self) -> RelationKind:
        """What the members have to do with one another."""
        raise NotImplementedError

    def paths(self) -> list[tuple[str, str]]:
        """Give (key, path) of the members, in the order their kind asks for."""
        raise NotImplementedError

    def weighed(self) -> tuple[float, ...]:
        """Give the weights, one a member, of a balance."""
        return ()

    def learns(self) -> int:
        """Give the complete instants from which the usual is learned."""
        return 0

    def period(self) -> tuple[Micros, Micros] | None:
        """Give the declared clean period, int microseconds UTC."""
        return None

    def lags(self) -> int:
        """Give by how many instants a receipt follows its claim."""
        return 0


class LearningTable(RelationTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relation whose usual is learned: from a declared clean period, else from the first instants."""

    clean_readings: Count | None = None
    clean: tuple[datetime, datetime] | None = None

    @property
    def learns_by_default(self) -> int:
        """How many instants are learned from where nothing is said."""
        return 100

    def learns(self) -> int:
        """Give the instants to learn from."""
        return self.clean_readings or self.learns_by_default

    def period(self) -> tuple[Micros, Micros] | None:
        """Give the declared clean period."""
        if self.clean is None:
            return None
        start, end = ((at - EPOCH) // timedelta(microseconds=1) for at in self.clean)
        return start, end


class ClaimTable(LearningTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[claim]]`: what a supplier says it sent and the consumer that it received."""

    supplier: Name
    consumer: Name
    lag: Literal[0, 1] = 0

    @property
    def kind(self) -> RelationKind:
        """A claim."""
        return RelationKind.CLAIM

    def paths(self) -> list[tuple[str, str]]:
        """Give the supplier's series, then the consumer's."""
        return [("supplier", self.supplier), ("consumer", self.consumer)]

    def lags(self) -> int:
        """Give the declared lag."""
        return self.lag


class BalanceTable(LearningTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[balance]]`: series whose weighted sum is nothing."""

    members: list[Name]
    weights: list[float]

    @property
    def kind(self) -> RelationKind:
        """A balance."""
        return RelationKind.BALANCE

    def paths(self) -> list[tuple[str, str]]:
        """Give the members; the first is the one that is asked."""
        return [("members", path) for path in self.members]

    def weighed(self) -> tuple[float, ...]:
        """Give the weights."""
        return tuple(self.weights)


class OrdersTable(RelationTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[orders]]`: the demand that a unit meets and the orders that it places."""

    demand: Name
    orders: Name

    @property
    def kind(self) -> RelationKind:
        """Orders."""
        return RelationKind.ORDERS

    def paths(self) -> list[tuple[str, str]]:
        """Give the demand, then the orders."""
        return [("demand", self.demand), ("orders", self.orders)]


class WholeTable(LearningTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[whole]]`: variables of one plant that move together."""

    members: list[Name]

    @property
    def kind(self) -> RelationKind:
        """A whole."""
        return RelationKind.WHOLE

    @property
    def learns_by_default(self) -> int:
        """A plant as a whole has more to be learned than a sum."""
        return 500

    def paths(self) -> list[tuple[str, str]]:
        """Give the members."""
        return [("members", path) for path in self.members]


AnyRelationTable = ClaimTable | BalanceTable | OrdersTable | WholeTable


def relation_tables(
    claims: Sequence[ClaimTable],
    balances: Sequence[BalanceTable],
    orders: Sequence[OrdersTable],
    wholes: Sequence[WholeTable],
) -> Iterator[tuple[str, int, AnyRelationTable]]:
    """Give (table, index from 0, what stands there) of all relations, kind by kind."""
    yield from (("claim", index, one) for index, one in enumerate(claims))
    yield from (("balance", index, one) for index, one in enumerate(balances))
    yield from (("orders", index, one) for index, one in enumerate(orders))
    yield from (("whole", index, one) for index, one in enumerate(wholes))


def relation_faults(tables: Iterator[tuple[str, int, AnyRelationTable]]) -> Iterator[Fault]:
    """Give (table, index, key, what is wrong, remedy) for everything wrong with the tables by themselves."""
    seen: set[str] = set()
    for table, index, one in tables:
        if one.name in seen:
            yield table, index, "name", f"{one.name!r} is declared twice", "Give each relation its own name."
        seen.add(one.name)
        yield from _member_faults(table, index, one)
        if isinstance(one, LearningTable) and one.clean is not None:
            start, end = one.clean
            if start.tzinfo is None or end.tzinfo is None:
                yield table, index, "clean", "an end has no time zone", "Write 2026-01-01T00:00:00Z."
            elif not start < end:
                yield table, index, "clean", "the period ends before it starts", "Write its start first."
        if isinstance(one, BalanceTable):
            if len(one.weights) != len(one.members):
                says = f"{len(one.weights)} weights for {len(one.members)} members"
                yield table, index, "weights", says, "Write one weight for each member."
            if not all(weight and math.isfinite(weight) for weight in one.weights):
                yield table, index, "weights", "a weight is 0 or no number", "Leave that member out."


def _member_faults(table: str, index: int, one: AnyRelationTable) -> Iterator[Fault]:
    paths = one.paths()
    if len(paths) < FEWEST:
        yield table, index, paths[0][0] if paths else "members", "needs two members", "Name at least two."
    for at, (key, path) in enumerate(paths):
        if not all(path.split("/")):
            yield table, index, key, f"{path!r} has an empty part", "Write unit/series."
        if path in [before for _, before in paths[:at]]:
            yield table, index, key, f"{path!r} is named twice", "Keep one of them."
