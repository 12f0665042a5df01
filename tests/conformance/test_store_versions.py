"""What every store engine keeps of units and series: each version, with who agreed it."""

from __future__ import annotations

from msgspec.structs import replace

from opsroom.agreement import Signature
from opsroom.model import Series, Unit
from opsroom.records import SeriesSet, UnitSet
from tests.conformance.shelf import Shelf, each_engine

ADA = Signature(person="ada", seat_id=3, unit_id=1, at=50)
ROOT = Unit(id=1, root_id=1, parent_id=None, path="", name="E", level_name="", depth=0)
POWER = Series(id=1, root_id=1, unit_id=1, name="power", unit="kW", adopted=False)


@each_engine
def test_every_version_of_units_and_series_is_kept(shelf: Shelf) -> None:
    store = shelf.open(shelf.fresh())
    brought = SeriesSet(POWER, via="plant")
    adopted = SeriesSet(replace(POWER, unit="MW", kept="kW", adopted=True), via="seat", signed=ADA)
    renamed = SeriesSet(replace(adopted.series, name="busbar", formerly=("power",)), via="seat", signed=ADA)
    moved = UnitSet(replace(ROOT, name="Economy"), via="moved")
    store.journal.commit(3, [], [UnitSet(ROOT, via="file"), brought], [])
    store.journal.commit(7, [], [adopted, renamed, moved], [])
    store.journal.commit(7, [], [brought], [])
    assert store.catalog.versions("series", 1) == [renamed, adopted, brought]
    assert store.catalog.versions("series", 1, limit=2) == [renamed, adopted]
    assert store.catalog.versions("series", 2) == []
    assert store.catalog.versions("unit", 1) == [UnitSet(ROOT, via="file")]
    assert store.catalog.units() == [moved.unit], "what moved along is stored and no version"
    assert store.catalog.series() == [renamed.series]
