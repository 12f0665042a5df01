"""Alarm figures over HTTP: a seat's own position, as JSON and as a file, and refusals with their codes."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable

import pytest

from opsroom.figures import gather
from opsroom.settings import FiguresSection, Limits, Settings
from tests.api.doors import Door, code, told
from tests.api.small_room import HEAT, OUTPUT, START, S, SmallRoom

T0 = START // 1000
HOUR_MS = 3_600_000
Doors = Callable[[str], Awaitable[Door]]


async def a_shift(room: SmallRoom, ada: Door) -> None:
    """Two alerts of the mill: one seen after 30 s without a note and back, one that climbs unseen."""
    first = room.raise_alert(OUTPUT)
    room.raise_alert(HEAT)
    room.view.now(START + 30 * S)
    assert (await ada.post(f"/api/v1/alerts/{first}/acknowledge")).status_code == 200
    room.view.now(START + 90 * S)
    room.back(OUTPUT)
    room.climb()


def test_each_seat_reads_its_own_position() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada, ben = await door("mill-operator"), await door("branch-operator")
        await a_shift(room, ada)
        mill = (await ada.get("/api/v1/figures")).json()
        rows = {row["key"]: row for row in mill["rows"]}
        assert (mill["unit"], mill["annunciated"], mill["short"]) == ("energy/mill", 2, True)
        assert (mill["acknowledge"]["p50_s"], mill["recover"]["p50_s"]) == (30.0, 90.0)
        assert (mill["passed"], rows["notes_missing"]["value"]) == (1, 1)
        assert mill["climbs"] == [{"level": 1, "n": 1}]
        assert sum(mill["bins"]["counts"]) == 2
        assert (rows["per_10min"]["target"], rows["per_10min"]["most"]) == (1.0, 2.0)
        assert {one["series"] for one in mill["actors"]} == {"energy/mill/output", "energy/mill/heat"}
        branch = (await ben.get("/api/v1/figures")).json()
        assert (branch["unit"], branch["annunciated"]) == ("energy", 1)
        assert branch["units"] == [{"unit": "energy/mill", "n": 1}]
        assert [one["series"] for one in branch["actors"]] == ["energy/mill/heat"]

    told(story)


def test_what_happened_below_and_beside_is_not_ours() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada, ben = await door("mill-operator"), await door("branch-operator")
        own = await ben.get("/api/v1/figures", unit="energy")
        assert own.json()["unit"] == "energy"
        below = await ben.get("/api/v1/figures", unit="energy/mill")
        assert (below.status_code, code(below)) == (403, "figures_autonomous")
        for other in ("", "energy", "energy/press", "nowhere"):
            answer = await ada.get("/api/v1/figures", unit=other)
            assert (answer.status_code, code(answer)) == (404, "unit_unknown")
        assert code(await (await door("")).get("/api/v1/figures")) == "not_signed_in"

    told(story)


def test_as_a_file_it_says_the_same() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-operator")
        await a_shift(room, ada)
        span = {"from": T0 - HOUR_MS, "to": T0 + HOUR_MS}
        answer = await ada.get("/api/v1/figures", format="csv", **span)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["content-disposition"]
        lines = list(csv.DictReader(io.StringIO(answer.text)))
        said = {line["figure"]: line["value"] for line in lines if not line["of"]}
        rows = (await ada.get("/api/v1/figures", **span)).json()["rows"]
        for row in rows:
            assert said[row["key"]] == ("" if row["value"] is None else str(row["value"])), row
        assert {line["of"] for line in lines if line["figure"] == "bad_actor"} == {
            "energy/mill/output",
            "energy/mill/heat",
        }

    told(story)


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({"from": T0, "to": T0}, "range_empty"),
        ({"from": T0 + 10 * HOUR_MS}, "range_empty"),
        ({"from": 0}, "figures_too_long"),
        ({"format": "xml"}, "invalid"),
        ({"from": -1}, "invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused(params: dict[str, int | str], wrong: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        answer = await (await door("mill-operator")).get("/api/v1/figures", **params)
        assert (answer.status_code, code(answer)) == (422, wrong)

    told(story)


def test_more_edges_than_agreed_are_refused() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        room.settings = Settings(limits=Limits(), figures=FiguresSection(edges_max=2))
        ada = await door("mill-operator")
        await a_shift(room, ada)
        answer = await ada.get("/api/v1/figures")
        assert (answer.status_code, code(answer)) == (422, "figures_too_many")

    told(story)


def test_the_lean_edges_of_the_store_say_what_the_transitions_say() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        await a_shift(room, await door("mill-operator"))
        whole = [edge for a in room.store.journal.alerts() for edge in room.store.journal.edges(a.id)]
        whole.sort(key=lambda edge: edge.at)
        lean = [edge for _, edge in room.store.journal.edges_within(0, 2**60)]
        a, b = (
            gather(sorted(whole, key=lambda edge: edge.alert.id)),
            gather(sorted(lean, key=lambda edge: edge.alert.id)),
        )
        for name in ("at", "position", "origin", "series", "priority", "ack", "end", "passed", "climbs"):
            assert getattr(a, name).tolist() == getattr(b, name).tolist(), name

    told(story)
