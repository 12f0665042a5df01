"""Stored history played again: what the room raised, what others settings would have raised."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom import backtest
from opsroom.backtest import Raise, Terms, Window, company, compare, play, window_of
from opsroom.catalog import Catalog
from opsroom.core import SNAPSHOT_VERSION, Core
from opsroom.log.columns import encode_columns
from opsroom.model import Columns, Series, Unit
from opsroom.records import Judge, Record, RecordKind, encode
from opsroom.section import StoreSection
from opsroom.settings import RoomSection
from opsroom.store import Store, open_store

S = 1_000_000
T0 = 1_700_000_000 * S
STEP = 300 * S
READINGS = 10 * 288
"""Ten days at five minutes."""
Stored = tuple[Store, list[tuple[int, int, str]], Core]
NAMES = ("heat", "flow", "wear", "turns")


def tree() -> Catalog:
    paths = ["", "east", "west", "north"]
    units = [
        Unit(
            id=n,
            root_id=1,
            parent_id=None if n == 1 else 1,
            path=path,
            name=path or "all",
            level_name="",
            depth=min(n - 1, 1),
        )
        for n, path in enumerate(paths, 1)
    ]
    own = [Series(id=n, root_id=1, unit_id=1, name=name, period_s=300.0) for n, name in enumerate(NAMES, 1)]
    own[1] = Series(id=2, root_id=1, unit_id=1, name="flow", band=(0.0, 60.0))
    wind = [Series(id=9 + n, root_id=1, unit_id=n, name="wind", unit="m/s") for n in (2, 3, 4)]
    return Catalog(units, [*own, *wind])


def history() -> Columns:
    """Noise with outages, a silence, and siblings of which one stands still."""
    rng = np.random.default_rng(11)
    n = READINGS
    t = T0 + np.arange(n) * STEP
    rows = {one: 20.0 + rng.normal(0.0, 1.0, n) for one in (1, 2, 3, 4)}
    for one, first, length, shift in ((1, 1500, 60, 30.0), (2, 1800, 30, 80.0), (3, 2100, 200, -15.0)):
        rows[one][first : first + length] += shift
    rows[4][2500:2520] += 6.0
    rows[2][40:60] += 80.0
    wind = 8.0 + np.cumsum(rng.normal(0.0, 0.1, n))
    for one in (11, 12, 13):
        rows[one] = wind + rng.normal(0.0, 0.3, n)
    rows[12][2200:2400] -= 1.5
    keep = {one: np.ones(n, bool) for one in rows}
    keep[1][2000:2050] = False
    parts = [
        Columns(
            np.full(int(keep[one].sum()), one, np.int32),
            t[keep[one]],
            values[keep[one]],
            np.full(int(keep[one].sum()), 192, np.uint8),
        )
        for one, values in rows.items()
    ]
    columns = Columns.concat(parts)
    return columns.take(np.lexsort((columns.series, columns.t)))


def live(store: Store, columns: Columns, cut: int) -> tuple[list[tuple[int, int, str]], Core]:
    """Feed a core on the stream's clock batch by batch, as a room does, and give what it raised."""
    core = Core(tree(), RoomSection(), clock="stream")
    core.configure(list(core.catalog.series.values()))
    raised = []
    for offset, first in enumerate(range(0, len(columns), cut), 1):
        batch = columns.take(slice(first, first + cut))  # type: ignore[arg-type]
        record = Record(
            offset=offset, kind=RecordKind.READINGS, received=0, payload=encode_columns(batch), source="plant"
        )
        raised += [
            (edge.alert.series_id, edge.at, edge.alert.findings[0].detector)
            for edge in core.apply(record).transitions
            if edge.verb == "raised"
        ]
        store.readings.take(batch, offset)
    store.readings.flush(T0, True)
    return raised, core


@pytest.fixture(scope="module")
def stored(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Store, list[tuple[int, int, str]], Core]]:
    """Ten days in a store on disk, and what the room raised on them while they came."""
    folder = tmp_path_factory.mktemp("history")
    with contextlib.closing(open_store(f"sqlite:///{folder}/store.db")) as store:
        raised, core = live(store, history(), 777)
        yield store, raised, core


def everything(store: Store) -> tuple[Catalog, list[int], Window]:
    catalog = tree()
    window = window_of(store, list(catalog.series), days=365, warm_days=0)
    assert window is not None
    return catalog, sorted(catalog.series), window


def told(raises: list[Raise]) -> list[tuple[int, int, str]]:
    return [(one.series_id, one.at, one.detector) for one in raises]


def test_unchanged_settings_give_what_the_room_raised_live(stored: Stored) -> None:
    store, raised, _ = stored
    catalog, ids, window = everything(store)
    same = Terms(settings=RoomSection())
    played = play(store, catalog, [same, same], window, ids)
    assert {detector for _, _, detector in raised} >= {"limit", "silence", "tail"}, "or this shows little"
    assert len(raised) >= 5
    assert told(played.raises[0]) == raised
    assert told(played.raises[1]) == raised
    difference = compare(played.raises[0], played.raises[1], window.end)
    assert (difference.gone, difference.new) == ([], [])
    assert len(difference.both) == len(raised)
    assert sum(played.readings.values()) == len(history())


def test_how_the_history_is_cut_changes_nothing(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    store, raised, _ = stored
    monkeypatch.setattr(backtest, "READINGS_A_SLICE", 100)
    catalog, ids, window = everything(store)
    assert told(play(store, catalog, [Terms(settings=RoomSection())], window, ids).raises[0]) == raised


def test_the_days_before_teach_and_are_not_told(stored: Stored) -> None:
    store, raised, _ = stored
    catalog, ids, whole = everything(store)
    window = window_of(store, ids, days=3, warm_days=365)
    assert window is not None
    assert (window.start, window.end) == (whole.end - 3 * backtest.DAY_US, whole.end)
    late = [row for row in raised if row[1] >= window.start]
    assert 0 < len(late) < len(raised)
    played = play(store, catalog, [Terms(settings=RoomSection())], window, ids)
    assert told(played.raises[0]) == late, "with all that lies before it, the window is as it was live"


def test_another_budget_raises_more_and_the_pairs_say_which(stored: Stored) -> None:
    store, _, _ = stored
    catalog, ids, window = everything(store)
    terms = [Terms(settings=RoomSection(budget_per_week=budget)) for budget in (0.02, 5.0)]
    played = play(store, catalog, terms, window, ids)
    old, new = played.raises
    assert len(new) > len(old)
    difference = compare(old, new, window.end)
    assert len(difference.both) + len(difference.new) == len(new)
    assert len(difference.both) + len(difference.gone) == len(old)
    assert all(one.value is not None for one in difference.new if one.detector != "silence")


def test_siblings_are_played_with_the_one_asked_for(stored: Stored) -> None:
    store, raised, _ = stored
    catalog, _, window = everything(store)
    together = company(catalog, [12])
    assert together == [11, 12, 13]
    played = play(store, catalog, [Terms(settings=RoomSection())], window, together)
    assert [row for row in told(played.raises[0]) if row[0] == 12] == [row for row in raised if row[0] == 12]


def test_verdicts_hold_as_they_stand_now_and_nothing_is_written(tmp_path: Path) -> None:
    with contextlib.closing(open_store(f"sqlite:///{tmp_path}/store.db")) as store:
        raised, core = live(store, history(), 5_000)
        series_id = {one: detector for one, _, detector in raised if detector.startswith("tail")}.popitem()[0]
        alert = core.book.resting.get(series_id) or core.book.active(series_id)
        assert alert is not None
        act = Judge(alert_id=alert.id, useful=False, person="ada", seat_id=1, unit_id=1, key="k")
        core.apply(Record(offset=901, kind=RecordKind.ACT, received=0, payload=encode(act)))
        store.snapshots.save("core", SNAPSHOT_VERSION, 901, core.snapshot())
        before = (store.readings.count(), store.journal.offset(), store.snapshots.load("core"))
        catalog = tree()
        run = backtest._core(store, catalog, Terms(settings=RoomSection()), sorted(catalog.series))
        budget = run.detectors.rows["spec"]["budget"][run.detectors.row(series_id)]
        assert budget == pytest.approx(RoomSection().budget_per_week / 2)
        assert (store.readings.count(), store.journal.offset(), store.snapshots.load("core")) == before


def test_a_store_without_readings_has_no_window() -> None:
    with contextlib.closing(open_store("memory://")) as store:
        assert window_of(store, [1, 2], days=30, warm_days=14) is None


def raises(spans: list[tuple[int, int | None]]) -> list[Raise]:
    return [
        Raise(
            series_id=1,
            at=at,
            detector="tail",
            kind="abnormal",
            value=1.0,
            expected=0.0,
            low=None,
            high=None,
            ended=None if length is None else at + length,
        )
        for at, length in sorted(spans, key=lambda span: span[0])
    ]


SPANS = st.lists(st.tuples(st.integers(0, 100), st.none() | st.integers(0, 30)), max_size=8)


@given(old=SPANS, new=SPANS)
def test_every_raise_is_in_one_place_of_a_comparison(
    old: list[tuple[int, int | None]], new: list[tuple[int, int | None]]
) -> None:
    one, other = raises(old), raises(new)
    found = compare(one, other, 200)
    olds = [pair[0] for pair in found.both] + found.gone
    news = [pair[1] for pair in found.both] + found.new
    assert (sorted(map(id, olds)), sorted(map(id, news))) == (sorted(map(id, one)), sorted(map(id, other)))
    for left, right in found.both:
        assert left.at <= (200 if right.ended is None else right.ended)
        assert right.at <= (200 if left.ended is None else left.ended)
    assert compare(one, one, 200).gone == []


def test_a_window_begins_where_readings_are_kept(tmp_path: Path) -> None:
    """What would be played before is not there: no window says that it was."""
    kept = StoreSection(keep_readings_d=3)
    with contextlib.closing(open_store(f"sqlite:///{tmp_path}/store.db", kept)) as store:
        t = np.arange(10 * 24 * 6) * 600_000_000
        ones = np.ones(len(t), np.int32)
        store.readings.take(Columns(ones, t, (t % 7).astype(np.float64), np.full(len(t), 192, np.uint8)), 1)
        store.readings.flush(int(t[-1]), force=True)
        since = store.readings.levels()[0].kept_from
        assert since is not None
        assert window_of(store, [1], days=30, warm_days=14) == Window(
            warm=since, start=since, end=int(t[-1]) + 1
        )
