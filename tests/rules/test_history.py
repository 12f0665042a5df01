"""Rules in the store, and played through stored history beside others."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from opsroom.backtest import Terms, play, window_of
from opsroom.catalog import Catalog
from opsroom.model import Columns
from opsroom.records import RuleSet
from opsroom.rule import Rule
from opsroom.section import StoreSection
from opsroom.settings import RoomSection
from opsroom.store import Store, open_store
from tests.rules.feed import Feed, limit, tree
from tests.rules.noisy import guarded, naive, signal


@pytest.fixture(params=["memory://", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = request.param if "://" in request.param else f"sqlite:///{tmp_path}/store.db"
    with contextlib.closing(open_store(url, StoreSection())) as opened:
        yield opened


def test_rules_are_kept_by_their_id(store: Store) -> None:
    later = limit(version=2, high=12.0)
    store.journal.commit(1, [], [RuleSet(limit()), RuleSet(limit(id="cold", low=1.0))], [])
    store.journal.commit(2, [], [RuleSet(later)], [])
    assert [(rule.id, rule.version, rule.high) for rule in store.catalog.rules()] == [
        ("cold", 1, 10.0),
        ("hot", 2, 12.0),
    ]
    assert Catalog(rules=store.catalog.rules()).rules["hot"] == later


def told(rule: Rule) -> list[int]:
    feed = Feed([rule])
    feed.read(signal(3))
    return [round(at) for verb, at in feed.verbs if verb == "open"]


def test_history_raises_what_the_room_would_have_raised(store: Store) -> None:
    ids, t, v = zip(*signal(3), strict=True)
    n = len(t)
    columns = Columns(
        np.array(ids, np.int32), np.array(t) * 1_000_000, np.array(v), np.full(n, 192, np.uint8)
    )
    store.readings.take(columns, 1)
    store.readings.flush(t[-1] * 1_000_000, force=True)
    known = Catalog()
    for change in [*tree(), RuleSet(naive())]:
        known.apply(change)
    window = window_of(store, [1], days=1, warm_days=0)
    assert window is not None
    room = RoomSection()
    terms = [
        Terms(settings=room, detection=False),
        Terms(settings=room, detection=False, rules=(guarded(),)),
    ]
    played = play(store, known, terms, window, [1])
    opened = [[one.at // 1_000_000 for one in found if one.verb == "open"] for found in played.ruled]
    assert opened == [told(naive()), told(guarded())]
    assert [len(raises) for raises in played.raises][1] == 1
