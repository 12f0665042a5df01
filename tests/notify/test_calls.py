"""Who is in a rota hears the call: edges that the book of alerts made, through journal and notifier."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from opsroom.alarm import Override, Rota
from opsroom.alert import AlertBook
from opsroom.model import ChangeKind, Finding, FindingVerb, Role
from opsroom.records import RotaSet
from opsroom.seats import Seat
from opsroom.settings import RoomSection
from tests.notify import servers, world
from tests.notify.world import FIRST_LINE, SITE, START, S, World

ANNA, BERT, EVE, COUNCIL, ELSEWHERE = 7, 8, 9, 10, 11
SEATS = [
    Seat(ANNA, "anna", Role.OPERATOR, FIRST_LINE),
    Seat(BERT, "bert", Role.OPERATOR, FIRST_LINE),
    Seat(EVE, "eve", Role.OBSERVER, FIRST_LINE),
    Seat(COUNCIL, "carla", Role.COUNCIL, FIRST_LINE),
    Seat(ELSEWHERE, "zoe", Role.OPERATOR, FIRST_LINE + 1),
]
PEOPLE = [seat.person for seat in SEATS]
STEP_S = 300


async def heard(folder: Path, rota: Rota) -> dict[str, list[int]]:
    """Give, by person, the seconds after the raise at which a call arrived; others are not in it."""
    async with servers.http() as receiver:
        routes: list[dict[str, Any]] = [
            {
                "name": person,
                "channel": "webhook",
                "to": receiver.url,
                "unit": "site/line4" if person == "zoe" else "site/line3",
                "seat": person,
            }
            for person in PEOPLE
        ]
        room = world.settings(*routes, wait_s=0)
        here = World(room, folder, seats=SEATS)
        await here.notifier.start()
        book = AlertBook()
        book.agreed.take(RotaSet(rota))
        found = Finding(
            series_id=FIRST_LINE,
            verb=FindingVerb.OPEN,
            detector="limit",
            kind=ChangeKind.LIMIT,
            at=START,
            value=0.0,
        )
        calls: dict[str, list[int]] = {}
        for second in range(0, 2 * STEP_S + 1, 100):
            now = START + second * S
            edges = book.on_time(here.tree, now, RoomSection())
            if second == 0:
                edges += book.on_findings(here.tree, now, 1, [found], RoomSection())[0]
            here.commit(*edges)
            before = len(receiver.posts)
            await here.turn()
            for post in receiver.posts[before:]:
                calls.setdefault(post.event["data"]["person"], []).append(second)
            here.clock.advance(100)
        here.store.close()
        return calls


def called(folder: Path, **rota: Any) -> dict[str, list[int]]:
    async def limited() -> dict[str, list[int]]:
        async with asyncio.timeout(50):
            return await heard(folder, Rota(unit_id=FIRST_LINE, step_s=STEP_S, **rota))

    return asyncio.run(limited())


def test_each_step_calls_the_person_of_its_seat(tmp_path: Path) -> None:
    assert called(tmp_path, steps=((ANNA,), (BERT,))) == {"anna": [0], "bert": [STEP_S]}


def test_a_step_of_two_seats_calls_both(tmp_path: Path) -> None:
    assert called(tmp_path, steps=((ANNA, BERT),)) == {"anna": [0], "bert": [0]}


def test_who_is_called_again_to_an_alert_hears_it_at_once(tmp_path: Path) -> None:
    calls = called(tmp_path, steps=((ANNA,), (BERT,), (ANNA,)))
    assert calls == {"anna": [0, 2 * STEP_S], "bert": [STEP_S]}


EVERYBODY = {"anna": [0], "bert": [0], "carla": [0]}


@pytest.mark.parametrize(
    ("seat_id", "overrides", "more"),
    [
        pytest.param(ANNA, (Override(seat_id=ANNA, instead=0, start=0, end=2 * START),), {}, id="replaced"),
        pytest.param(99, (), {}, id="gone"),
        pytest.param(ELSEWHERE, (), {}, id="of another unit by now"),
        pytest.param(EVE, (), {"eve": [0]}, id="only watches"),
    ],
)
def test_a_hole_calls_every_operator_of_the_unit(
    tmp_path: Path, seat_id: int, overrides: tuple[Override, ...], more: dict[str, list[int]]
) -> None:
    assert called(tmp_path, steps=((seat_id,),), overrides=overrides) == EVERYBODY | more


def test_the_rota_of_another_unit_calls_nobody_here(tmp_path: Path) -> None:
    async def scene() -> dict[str, list[int]]:
        return await heard(tmp_path, Rota(unit_id=SITE, steps=((ANNA,),)))

    assert asyncio.run(scene()) == {}
