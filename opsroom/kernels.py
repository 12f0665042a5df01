"""Which compiled kernels somebody will need, called before the loop does.

On a machine where nothing is in the cache yet a kernel takes seconds to compile, and the loop would stand
still as long. So what every room needs is compiled before the room is ready, and what a change of
configuration needs beyond that, in the thread of whoever waits for the change.

A kernel is compiled when it is first called, or read from its cache on disk: the larger ones take seconds, a
folder that is kept a few hundredths of one. What is called here, on series that nobody knows, is what the
engines call, with the same types; a test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

import numpy as np

from opsroom.catalog import Catalog
from opsroom.detect import Engine, SeriesSpec, State, tail
from opsroom.detect import state as layout
from opsroom.model import MICROS_PER_S, Columns, Indicator, Orientation, Relation, RelationKind
from opsroom.records import AnyConfig, RelationSet, RuleSet
from opsroom.rules import RuleBook
from opsroom.stated import StatedBook

_PAIR: Final = (1, 2)
_AIMED: Final = Indicator(orientation=Orientation.MORE_IS_BETTER, capability=1.0)
_INSTANTS: Final = 4
_OPEN: Final = (layout.TAIL_ALARM, layout.SMOOTH)


def _begun(engine: Engine) -> State:
    specs = [SeriesSpec(id=one, unit_id=1, period_us=MICROS_PER_S, indicator=_AIMED) for one in _PAIR]
    return engine.configure(engine.blank(), specs)


def _stepped(engine: Engine, state: State) -> State:
    """Hear both series at a few instants, which is enough for what relates them to be judged."""
    count = _INSTANTS * len(_PAIR)
    t = np.repeat(np.arange(1, _INSTANTS + 1, dtype=np.int64) * MICROS_PER_S, len(_PAIR))
    series = np.tile(np.array(_PAIR, np.int32), _INSTANTS)
    columns = Columns(series, t, np.ones(count), np.full(count, 192, np.uint8))
    return engine.step(state, _INSTANTS * MICROS_PER_S, columns)[0]


@cache
def _alone() -> None:
    """Compile what judges, shows and releases a series, and what takes it up again."""
    engine = Engine()
    state = _stepped(engine, _begun(engine))
    state.rows["tail"]["n"] = tail.SETTLE + 1
    for why in _OPEN:
        state.rows["hold"]["open"][0] = why
        engine.bands(state, _PAIR)
        engine.release(state, 1)
    engine.forecast(state, 1, 1)
    engine.restore(engine.snapshot(state))


@cache
def _related(kind: RelationKind) -> None:
    """Compile what judges a kind of relation, and what takes its alert for usual."""
    engine = Engine()
    pair = Relation(id=1, root_id=1, unit_id=1, name="", kind=kind, members=_PAIR, weights=(1.0, -1.0))
    state = _stepped(engine, engine.relate(_begun(engine), [pair]))
    state.bonds.gathers["standing"] = 1
    engine.release(state, 1)


@cache
def _rules() -> None:
    RuleBook().compile()


@cache
def _stated() -> None:
    StatedBook().compile()


def prepare(catalog: Catalog, changes: Iterable[AnyConfig] = ()) -> None:
    """Compile what a room of this catalog and these changes needs, or read it from its cache."""
    _alone()
    _stated()
    if catalog.rules:
        _rules()
    for kind in {one.kind for one in catalog.relations.values()}:
        _related(kind)
    for change in changes:
        prepare_for(change)


def asks(change: AnyConfig) -> bool:
    """Tell whether a change may need kernels that not every room has."""
    return isinstance(change, RuleSet | RelationSet)


def prepare_for(change: AnyConfig) -> None:
    """Compile what a change needs beyond that; nothing where it was needed before."""
    if isinstance(change, RuleSet):
        _rules()
    elif isinstance(change, RelationSet):
        _related(change.relation.kind)


def compile_all() -> None:
    """Compile everything that any room may need."""
    prepare(Catalog())
    _rules()
    for kind in RelationKind:
        _related(kind)
