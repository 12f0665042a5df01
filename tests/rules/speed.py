"""What ten thousand limits cost a reading."""

import time

import numpy as np

from opsroom.catalog import Catalog
from opsroom.model import Columns, Series, Unit
from opsroom.records import SeriesSet, UnitSet
from opsroom.rules import RuleBook
from tests.rules.feed import S, limit

SERIES, INSTANTS = 10_000, 100


def us_a_reading() -> float:
    """Play a hundred readings of ten thousand series, each with a limit; microseconds a reading."""
    tree = Catalog()
    tree.apply(UnitSet(Unit(id=1, root_id=1, parent_id=None, path="", name="a", level_name="", depth=0)))
    for n in range(1, SERIES + 1):
        tree.apply(SeriesSet(Series(id=n, root_id=1, unit_id=1, name=f"s{n}")))
    book = RuleBook()
    book.compile()
    rule = limit(series="*", high=3.5, deadband=0.5, on_delay_s=2.0, off_delay_s=2.0)
    state, _ = book.configure(book.blank(), 0, tree, [rule])
    rng = np.random.default_rng(1)
    ids, good = np.arange(1, SERIES + 1, dtype=np.int32), np.full(SERIES, 192, np.uint8)
    batches = [
        Columns(ids, np.full(SERIES, k * S), rng.normal(size=SERIES), good) for k in range(1, INSTANTS + 1)
    ]
    begin = time.perf_counter()
    for k, batch in enumerate(batches, 1):
        book.next_due(state, k * S)
        state, _ = book.step(state, k * S, batch)
    return (time.perf_counter() - begin) / (SERIES * INSTANTS) * 1e6
