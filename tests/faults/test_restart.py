"""A restart moves nothing on the stream's clock: there the room's own absence takes no time."""

from __future__ import annotations

import numpy as np

from opsroom.catalog import Catalog
from opsroom.core import START, Core
from opsroom.log.columns import encode_columns
from opsroom.model import MICROS_PER_S, Columns, Transition, Unit
from opsroom.records import AnyConfig, Record, RecordKind, UnitSet, encode
from opsroom.settings import RoomSection

PERIOD_S = 600
T0 = 1_500_000_000 * MICROS_PER_S
SPEAKS, FALLS_SILENT = "speaks", "falls-silent"


def tree() -> tuple[Catalog, dict[str, int], list[bytes]]:
    catalog = Catalog()
    root = Unit(id=1, root_id=1, parent_id=None, path="", name="mill", level_name="plant", depth=0)
    changes: list[AnyConfig] = [UnitSet(root)]
    catalog.apply(changes[0])
    names = (SPEAKS, FALLS_SILENT)
    payloads = [encode(changes), *(encode(catalog.propose_series(1, name, "m", PERIOD_S)) for name in names)]
    return catalog, {one.name: one.id for one in catalog.series.values()}, payloads


def raised(restarts: frozenset[int]) -> list[tuple[str, int, int]]:
    """Give (kind, series, raised) of what a stream raises in which one of two series falls silent."""
    catalog, ids, payloads = tree()
    core = Core(catalog, RoomSection(), clock="stream")
    records = [(RecordKind.CONFIG, payload, "") for payload in payloads]
    for step in range(80):
        names = [SPEAKS, FALLS_SILENT] if step < 40 else [SPEAKS]
        t = np.full(len(names), T0 + step * PERIOD_S * MICROS_PER_S, np.int64)
        series = np.array([ids[name] for name in names], np.int32)
        columns = Columns(series, t, np.full(len(names), 1.0), np.full(len(names), 192, np.uint8))
        records.append((RecordKind.READINGS, encode_columns(columns, False), "mill"))
        if step in restarts:
            records.append((RecordKind.TICK, START, ""))
    edges: list[Transition] = []
    for offset, (kind, payload, source) in enumerate(records, 1):
        record = Record(offset=offset, kind=kind, received=T0, payload=payload, source=source)
        edges += core.apply(record).transitions
    return [(edge.alert.kind.value, edge.alert.series_id, edge.at) for edge in edges if edge.verb == "raised"]


def test_a_silence_is_found_at_the_same_instant_with_and_without_a_restart() -> None:
    quiet = raised(frozenset())
    assert [kind for kind, _, _ in quiet] == ["missing_report"]
    assert raised(frozenset({40})) == quiet
    assert raised(frozenset(range(10, 80))) == quiet
