"""A core with rules, fed as a log would feed it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from opsroom.catalog import Catalog
from opsroom.core import Core
from opsroom.log.columns import encode_columns
from opsroom.model import Columns, Series, Unit
from opsroom.records import AnyConfig, Record, RecordKind, RuleSet, SeriesSet, UnitSet, encode
from opsroom.rule import Rule, RuleKind
from opsroom.settings import RoomSection
from opsroom.step import Step

S = 1_000_000
Reading = tuple[int, float, float]


def unit(number: int, parent: int | None, path: str) -> UnitSet:
    depth = path.count("/") + 1 if path else 0
    return UnitSet(
        Unit(
            id=number, root_id=1, parent_id=parent, path=path, name=path or "all", level_name="", depth=depth
        )
    )


def tree(series: int = 2, period_s: float | None = 60.0) -> list[AnyConfig]:
    units = [unit(1, None, ""), unit(2, 1, "mill"), unit(3, 2, "mill/press")]
    names = ("heat", "flow", *(f"more{n}" for n in range(2, series)))
    return [
        *units,
        *(
            SeriesSet(Series(id=n, root_id=1, unit_id=3, name=name, period_s=period_s))
            for n, name in enumerate(names[:series], 1)
        ),
    ]


def limit(**changed: Any) -> Rule:
    body: dict[str, Any] = {
        "id": "hot", "root_id": 1, "kind": RuleKind.LIMIT, "series": "mill/press/heat", "high": 10.0
    }  # fmt: skip
    return Rule(**{**body, **changed})


class Feed:
    """A core on the stream's clock; `told` are all findings of rules as (id, verb, at in s, series)."""

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        clock: str = "stream",
        detection: bool = False,
        config: Sequence[AnyConfig] | None = None,
    ) -> None:
        self.core = Core(
            Catalog(), RoomSection(), clock="wall" if clock == "wall" else "stream", detection=detection
        )
        self.offset = 0
        self.told: list[tuple[str, str, float, int]] = []
        self.edges: list[tuple[str, float, int]] = []
        self.config([*(tree() if config is None else config), *(RuleSet(rule) for rule in rules)])

    def record(self, kind: RecordKind, payload: bytes = b"", received: float = 0) -> Step:
        self.offset += 1
        step = self.core.apply(
            Record(
                offset=self.offset, kind=kind, received=round(received * S), payload=payload, source="mill"
            )
        )
        self.told += [
            (one.detector.removeprefix("rule:"), str(one.verb), one.at / S, one.series_id)
            for one in (ruling.finding for ruling in step.ruled)
        ]
        self.edges += [(edge.verb, edge.at / S, edge.alert.series_id) for edge in step.transitions]
        return step

    def config(self, changes: Sequence[AnyConfig]) -> Step:
        return self.record(RecordKind.CONFIG, encode(list(changes)))

    def read(self, readings: Sequence[Reading], received: float = 0, quality: int = 192) -> Step:
        """Give (series id, seconds, value)."""
        ids, t, v = zip(*readings, strict=True)
        columns = Columns(
            np.array(ids, np.int32),
            np.array([round(at * S) for at in t], np.int64),
            np.array(v, float),
            np.full(len(t), quality, np.uint8),
        )
        return self.record(RecordKind.READINGS, encode_columns(columns), received)

    @property
    def verbs(self) -> list[tuple[str, float]]:
        return [(verb, at) for _, verb, at, _ in self.told]
