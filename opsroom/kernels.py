"""Which compiled kernels somebody will need, called before the loop does.

On a machine where nothing is in the cache yet a kernel takes seconds to compile, and the loop would stand
still as long. So what every room needs is compiled before the room is ready, and what a change of
configuration needs beyond that, in the thread of whoever waits for the change.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from opsroom.catalog import Catalog
from opsroom.detect import warm
from opsroom.model import RelationKind
from opsroom.records import AnyConfig, RelationSet, RuleSet
from opsroom.rules import RuleBook
from opsroom.stated import StatedBook


@cache
def _rules() -> None:
    RuleBook().compile()


@cache
def _stated() -> None:
    StatedBook().compile()


def prepare(catalog: Catalog) -> None:
    """Compile what a room of this catalog needs, or read it from its cache."""
    warm.alone()
    _stated()
    if catalog.rules:
        _rules()
    for kind in {one.kind for one in catalog.relations.values()}:
        warm.related(kind)


def prepare_for(changes: Iterable[AnyConfig]) -> None:
    """Compile what these changes need beyond that; nothing where it was needed before."""
    for change in changes:
        if isinstance(change, RuleSet):
            _rules()
        elif isinstance(change, RelationSet):
            warm.related(change.relation.kind)


def compile_all() -> None:
    """Compile everything that any room may need."""
    prepare(Catalog())
    _rules()
    for kind in RelationKind:
        warm.related(kind)
