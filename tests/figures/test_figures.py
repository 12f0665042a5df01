"""The figures of a month equal those computed by hand; whatever is in the journal, they agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.figures import Edge, FloodWatch, account, gather, table
from opsroom.figures.account import Actor, Times
from opsroom.figures.floods import WINDOW_US, floods
from opsroom.figures.gather import Silence
from opsroom.settings import FiguresSection
from tests.figures.golden import BRANCH, DAY, HOUR, MINUTE, MONTH, PLANT, T0, Journal, S, Step, month

LIMITS = FiguresSection()


def test_a_month_at_the_plant() -> None:
    """Every number is derived in the words of `golden`."""
    found = account(gather(month()), *MONTH, LIMITS, position=PLANT)
    assert not found.short
    assert found.annunciated == 55
    assert found.not_annunciated == 1
    # 30 days are 4,320 times ten minutes and 720 hours.
    assert (found.per_10min, found.per_hour, found.per_day) == (55 / 4320, 55 / 720, 55 / 30)
    assert (len(found.bins), sum(found.bins), found.bin_max) == (4320, 55, 15)
    assert found.bins[3 * 144 + 72] == 15  # day 3, 12:00
    assert (found.hours_over, found.bins_over, found.bins_above_steady) == (0.0, 1 / 4320, 1 / 4320)
    assert found.in_flood == 630 / (30 * 86_400)
    begin = T0 + 3 * DAY + 12 * HOUR
    (flood,) = found.floods
    assert (flood.t_from, flood.t_to) == (begin + 270 * S, begin + 15 * MINUTE)
    assert (flood.raises, flood.peak) == (6, 15)
    # Series 1: 30, series 30: 3, series 50: 2, then seven of the others with one each.
    assert found.different == 23
    assert found.top_share == (30 + 3 + 2 + 7) / 55
    assert found.actors[:3] == [Actor(1, 30, 30 / 55, 0), Actor(30, 3, 3 / 55, 1), Actor(50, 2, 2 / 55, 0)]
    assert found.chattering == [30]
    assert found.fleeting == 1
    assert found.stale_most == 2
    assert found.stale == [("climber", 60 * 3600.0), ("stayer", 42 * 3600.0), ("before", 30 * 3600.0)]
    assert found.mix == (1, 15, 39)
    assert (found.unauthorised, found.silencings) == (1, 2)
    # Seen: 31 after 60 s, one after 100 s, 15 after 120 s, one after 300 s: the 24th and the 46th of 48.
    assert found.acknowledge == Times(48, 60.0, 120.0)
    assert (found.waiting, found.passed) == (6, 1)
    # Ended: 3 after 5 s, 2 after 8 s, 31 after 600 s, 17 after 1,800 s, then 42 h and 60 h: 28th and 53rd.
    assert found.recover == Times(55, 600.0, 1800.0)
    assert found.climbs == {1: 1}
    assert (found.acknowledgements, found.notes_missing) == (48, 15)
    assert (found.useful, found.not_useful) == (2, 1)
    assert found.origins == {PLANT: 55}
    assert (found.rate_band, found.performance_band) == ("recommended", "robust")
    assert found.others == {"twirled": 1}


def test_a_month_at_the_branch_counts_the_climb_once_more() -> None:
    found = account(gather(month()), *MONTH, LIMITS, position=BRANCH)
    assert (found.annunciated, found.origins, found.mix) == (1, {PLANT: 1}, (1, 0, 0))
    assert (found.acknowledge, found.recover) == (Times(1, 600.0, 600.0), Times(1, 212_400.0, 212_400.0))
    assert (found.stale_most, found.stale) == (1, [("climber", 59 * 3600.0)])
    assert (found.acknowledgements, found.notes_missing, found.passed) == (1, 1, 0)
    assert found.climbs == {1: 1}


def test_the_table_judges_by_target_and_most() -> None:
    rows = {row.key: row for row in table(account(gather(month()), *MONTH, LIMITS, position=PLANT), LIMITS)}
    judged = {key: row.judgement for key, row in rows.items() if row.judgement != "within"}
    no_target = dict.fromkeys(key for key, row in rows.items() if row.edition == "ours")
    assert judged == no_target | {
        "bin_max": "beyond",
        "top_share": "beyond",
        "chattering": "beyond",
        "fleeting": "beyond",
        "priority_low": "beyond",
        "priority_medium": "beyond",
        "unauthorised": "beyond",
    }
    busy = FiguresSection(per_day=(1.0, 2.0))
    assert {r.key: r.judgement for r in table(account(gather(month()), *MONTH, busy), busy)}[
        "per_day"
    ] == "manageable"


# From day 3, 08:00: the flood; then one morning more; then seven mornings, 3 + 2 on days 5 and 6 and the two
# that stay; then 26 mornings and the three of day 12 beside all those.
@pytest.mark.parametrize(
    ("span", "short", "raises"),
    [(8 * HOUR, True, 15), (DAY, True, 16), (7 * DAY, True, 29), (30 * DAY, False, 51)],
)
def test_a_shift_a_day_a_week_a_month(span: int, short: bool, raises: int) -> None:
    begin = T0 + 3 * DAY + 8 * HOUR
    found = account(gather(month()), begin, begin + span, LIMITS, position=PLANT)
    assert (found.short, found.annunciated) == (short, raises)
    assert found.in_flood == 630 * S / span
    assert len(found.bins) == span // WINDOW_US
    assert found.per_hour == raises / (span / HOUR)


def test_a_flood_that_began_before_the_span_counts_inside_it() -> None:
    begin = T0 + 3 * DAY + 12 * HOUR + 10 * MINUTE
    found = account(gather(month()), begin, begin + 10 * MINUTE, LIMITS, position=PLANT)
    assert (found.annunciated, found.in_flood) == (0, 0.5)


def test_a_rise_calls_again_and_a_reminder_does_not() -> None:
    journal = Journal()
    journal.begin("one", T0, 1)
    journal.then("one", T0 + 1, "acknowledged")
    journal.then("one", T0 + 2, "risen", Step(unacked=True))
    journal.then("one", T0 + 3, "called")
    journal.then("one", T0 + 4, "acknowledged")
    journal.then("one", T0 + 5, "unacknowledged", Step(unacked=True))
    found = account(gather(journal.edges()), T0, T0 + DAY, LIMITS)
    assert (found.annunciated, found.acknowledge.n) == (2, 2)


def test_nobody_below_hushes_the_level_above() -> None:
    journal = Journal()
    journal.begin("one", T0, 1)
    journal.then("one", T0 + 1, "shelved", Step(silenced=Silence()), actor="ana", reason="quiet")
    journal.then("one", T0 + HOUR, "climbed")
    found = gather(journal.edges())
    assert account(found, T0, T0 + DAY, LIMITS, position=BRANCH).annunciated == 1
    assert account(found, T0, T0 + DAY, LIMITS, position=PLANT).passed == 1


instants = st.lists(st.integers(0, 7200), max_size=80).map(sorted)


@given(instants, st.integers(2, 12), st.integers(1, 12))
def test_floods_are_those_that_a_count_at_each_second_finds(seconds: list[int], start: int, end: int) -> None:
    end = min(start, end)
    at = np.array(seconds, np.int64) * S
    found = floods(at, start, end)
    watch, on, expected = FloodWatch(start, end), False, []
    pending = list(seconds)
    for second in range(7200 + 700):
        within = sum(second - 600 < one <= second for one in seconds)
        watch.settle(second * S)
        while pending and pending[0] == second:
            watch.put(pending.pop(0) * S)
        before, on = on, (within >= start) or (on and within >= end)
        if on != before:
            expected.append(second)
        assert watch.on is on
        assert watch.settle(second * S) == within
    assert [one // S for flood in found for one in (flood.t_from, flood.t_to)] == expected


@st.composite
def journals(draw: st.DrawFn) -> list[Edge]:
    """Lives of up to eight alerts at two positions, in any order that one can live."""
    journal = Journal()
    for number in range(draw(st.integers(0, 8))):
        at = T0 + draw(st.integers(-HOUR // S, 3 * HOUR // S)) * S
        name = f"a{number}"
        journal.begin(name, at, draw(st.integers(1, 3)), draw(st.integers(1, 3)))
        for _ in range(draw(st.integers(0, 5))):
            at += draw(st.integers(1, 2000)) * S
            verb = draw(st.sampled_from(["acknowledged", "recovered", "reopened", "climbed", "noted", "odd"]))
            journal.then(name, at, verb)
    return journal.edges()


@settings(max_examples=60)
@given(journals())
def test_figures_agree_with_one_another(edges: list[Edge]) -> None:
    gathered, span = gather(edges), (T0, T0 + 4 * HOUR)
    whole = account(gathered, *span, LIMITS)
    parts = [account(gathered, *span, LIMITS, position=one) for one in (PLANT, BRANCH)]
    assert whole.annunciated == sum(part.annunciated for part in parts)
    for one in (whole, *parts):
        assert sum(one.bins) == one.annunciated == sum(one.mix) == sum(one.origins.values())
        assert one.acknowledge.n + one.waiting + one.passed <= one.annunciated
        assert one.recover.n <= one.annunciated
        assert max(one.bins) == one.bin_max
        assert 0.0 <= one.in_flood <= 1.0
        assert sum(actor.raises for actor in one.actors) == one.annunciated  # three series at most
    halves = [account(gathered, T0 + n * 2 * HOUR, T0 + (n + 1) * 2 * HOUR, LIMITS) for n in (0, 1)]
    assert [*halves[0].bins, *halves[1].bins] == whole.bins
    assert sum(half.in_flood for half in halves) / 2 == pytest.approx(whole.in_flood)
