"""The judges of the fault tests see what they are there to see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.flushes import flushes, unflushed
from tests.faults.oracle import Left, differences, judge

SENT = {"a": {1: 1.0, 2: 2.0, 3: 3.0}, "b": {1: 5.0}}


def test_what_was_acknowledged_and_is_there_holds() -> None:
    verdict = judge(SENT, {"a": [1, 2]}, {"a": {1: 1.0, 2: 2.0, 3: 3.0}})
    assert verdict.held
    assert (verdict.acked, verdict.stored) == (2, 3)


@pytest.mark.parametrize(
    ("stored", "doubled", "found"),
    [
        ({"a": {1: 1.0}}, 0, "lost"),
        ({"a": {1: 1.0, 2: 2.5}}, 0, "altered"),
        ({"a": {1: 1.0, 2: 2.0, 9: 2.0}}, 0, "foreign"),
        ({"a": {1: 1.0, 2: 2.0}, "c": {1: 1.0}}, 0, "foreign"),
        ({"a": {1: 1.0, 2: 2.0}}, 1, "doubled"),
    ],
)
def test_loss_alteration_strangers_and_doubles_are_found(
    stored: dict[str, dict[int, float]], doubled: int, found: str
) -> None:
    verdict = judge(SENT, {"a": [1, 2]}, stored, doubled=doubled)
    assert not verdict.held
    assert getattr(verdict, found)


def left(readings: dict[str, dict[int, float]], alerts: list[dict[str, Any]], counted: int = 2) -> Left:
    return Left(readings, counted, 2, alerts)


def test_two_rooms_differ_by_a_reading_an_alert_or_a_double() -> None:
    alert = {"series": "a", "raised": 1, "levels": []}
    one = left({"a": {1: 1.0, 2: 2.0}}, [alert])
    assert differences(one, one) == []
    assert differences(one, left({"a": {1: 1.0, 3: 2.0}}, [alert])) == ["a: 1 missing, 1 more, 0 altered"]
    assert len(differences(one, left({"a": {1: 1.0, 2: 2.0}}, []))) == 1
    assert len(differences(one, left({"a": {1: 1.0, 2: 2.0}}, [alert, alert]))) == 1
    assert len(differences(one, left({"a": {1: 1.0, 2: 2.0}}, [{**alert, "raised": 2}]))) == 2
    assert differences(one, left({"a": {1: 1.0, 2: 2.0}}, [alert], counted=3)) == ["1 readings doubled"]


TRACE = """\
11 100.000000 fdatasync(7</room/log.db-wal>) = 0 <0.010000>
11 100.500000 fdatasync(9</room/store.db-wal>) = 0 <0.010000>
12 101.000000 fdatasync(7</room/log.db-wal> <unfinished ...>
11 101.002000 fdatasync(9</room/store.db-wal>) = 0 <0.001000>
12 101.020000 <... fdatasync resumed>)  = 0 <0.020000>
12 102.000000 fdatasync(7</room/log.db-wal>) = -1 EIO (Input/output error) <0.001000>
"""


def test_flushes_of_the_log_are_read_whole_or_in_two_halves() -> None:
    assert flushes(TRACE, "log.db") == [(100.0, 100.01), (101.0, 101.02)]


def test_an_acknowledgement_without_a_whole_flush_before_it_is_found() -> None:
    found = flushes(TRACE, "log.db")
    acks = [(99.9, 100.1), (100.4, 100.6), (100.9, 101.01), (100.9, 101.1), (101.9, 102.1)]
    assert unflushed(acks, found) == [1, 2, 4]
