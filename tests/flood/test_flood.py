"""A small flood through a whole room: the plan does what it says, and what was raised is stored once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flood.plan import CLOSES_AFTER_SLOTS, OUTSIDE, Plan
from tests.flood.rig import flooded


def test_the_plan_raises_each_series_once_and_brings_every_third_back() -> None:
    plan = Plan(rate=20, seconds=7)
    outside: dict[int, list[int]] = {}
    inside: dict[int, list[int]] = {}
    for slot, (numbers, values) in enumerate(plan.frames()):
        for number, value in zip(numbers, values.tolist(), strict=True):
            (outside if value == OUTSIDE else inside).setdefault(number, []).append(slot)
    assert outside == {n: [n // plan.a_slot, n // plan.a_slot + 1] for n in range(plan.series)}
    assert sorted(inside) == plan.closes()
    assert all(slots[0] == outside[n][0] + CLOSES_AFTER_SLOTS for n, slots in inside.items())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_five_seconds_of_flood_lose_and_double_nothing(tmp_path: Path) -> None:
    """How fast it goes is a matter of the acceptance row; that it is right holds on any machine."""
    plan = Plan(rate=200, seconds=5)
    found = flooded(tmp_path, plan, browser=False)
    stored = found["stored"]
    assert found["failed"] == []
    assert (stored["alerts"], stored["missing"], stored["extra"], stored["raised_twice"]) == (1_000, 0, 0, 0)
    assert stored["recovered_unlike_ledger"] == 0
    assert stored["pressed"] == found["presses"] == found["press_to_frame_ms"]["n"] > 0
    assert found["flood_banner"]
    assert found["frame_kb_most"] < 4_000
