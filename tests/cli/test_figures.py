"""`opsroom figures` against a running room."""

from __future__ import annotations

import csv
import io
import time

import pytest

from opsroom.cli.figures import instant_ms
from opsroom.figures.table import KEYS
from tests.cli.conftest import Live, Ran, Verb

PASSWORD = "a long enough word"


@pytest.fixture(scope="module")
def seated(live: Live) -> Live:
    """Sit at the dam."""
    made = live.verb(
        "seat", "new", "dam-council", "--unit", "energy/dam", "--role", "council", OPSROOM_PASSWORD=PASSWORD
    )
    assert made.code == 0, made.err
    return live


def figures(room: Live, *words: str) -> Ran:
    words = ("figures", "--url", room.url, "--person", "dam-council", *words)
    ran = room.verb(*words, OPSROOM_PASSWORD=PASSWORD)
    for _ in range(20):
        if "login_wrong" not in ran.err:
            break
        time.sleep(0.2)  # a running room takes a seat up within a second
        ran = room.verb(*words, OPSROOM_PASSWORD=PASSWORD)
    return ran


def test_a_table_a_file_and_json_say_the_same(seated: Live) -> None:
    shown = figures(seated, "--from", "8h")
    assert shown.code == 0, shown.err
    assert all(key in shown.out for key in KEYS)
    assert "30 days at least" in shown.out
    told = figures(seated, "--from", "8h", "--format", "json", "--unit", "energy/dam").json
    assert (told["unit"], told["to"] - told["from"]) == ("energy/dam", 8 * 3_600_000)
    lines = list(csv.DictReader(io.StringIO(figures(seated, "--from", "7d", "--format", "csv").out)))
    assert {line["figure"] for line in lines} > set(KEYS)


def test_what_is_not_ours_and_what_is_no_time_are_refused(seated: Live) -> None:
    beside = figures(seated, "--unit", "energy")
    assert (beside.code, "unit_unknown" in beside.err) == (1, True)
    assert figures(seated, "--from", "yesterday").code == 2
    long = figures(seated, "--from", "200d")
    assert (long.code, "figures_too_long" in long.err) == (1, True)


def test_times_are_utc_without_an_offset(opsroom: Verb) -> None:
    assert instant_ms("2026-03-01T06:00") == instant_ms("2026-03-01T07:00+01:00") == 1_772_344_800_000
    assert opsroom("figures", "--person", "x", "--to", "never").code == 2
