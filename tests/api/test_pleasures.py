"""Good news over HTTP: its own unit sees it and offers it once; then the unit above sees it, and who did."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.json import encode

from opsroom.model import ChangeKind, Role, Sentence
from opsroom.pleasure import Pleasure
from opsroom.seats import Seat
from tests.api.doors import Door, code, told
from tests.api.small_room import MILL, OUTPUT, START, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
NEWS = Pleasure(
    id="g1-1",
    root_id=1,
    unit_id=MILL,
    series_id=OUTPUT,
    kind=ChangeKind.STEP,
    p=0.9,
    before=80.0,
    after=95.0,
    onset=START,
    at=START,
    explanation=(Sentence("why.better", {"series": "energy/mill/output", "before": 80.0}),),
)
OFFER = f"/api/v1/pleasures/{NEWS.id}/offer"


async def listed(door: Door) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await door.get("/api/v1/pleasures")).json()["pleasures"]
    return rows


def test_the_own_unit_sees_it_and_nobody_else_until_it_is_offered() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        room.please(NEWS)
        operator, branch = await doors("mill-operator"), await doors("branch-council")
        top, press = await doors("top-council"), await doors("press-operator")
        (row,) = await listed(operator)
        assert (row["before"], row["after"], row["kind"], row["own"]) == (80.0, 95.0, "step", True)
        assert row["may_offer"]
        for stranger in (branch, top, press):
            assert await listed(stranger) == []
            assert code(await stranger.post(OFFER, {})) == "pleasure_unknown"
        answer = await operator.post(OFFER, {})
        assert answer.status_code == 200, answer.text
        assert answer.json()["pleasure"]["may_offer"] is False
        (above,) = await listed(branch)
        assert (above["own"], above["may_offer"], above["offered_by"]) == (False, False, "mill-operator")
        assert code(await branch.post(OFFER, {})) == "pleasure_refused", "it is the unit's own to offer"
        assert code(await operator.post(OFFER, {})) == "pleasure_offered"
        assert await listed(top) == await listed(press) == [], "it goes one level and no further"
        assert (await operator.get("/api/v1/alerts")).json()["alerts"] == []

    told(story)


def test_an_observer_offers_nothing_and_the_room_stands_still() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        screen = room.view.subscribe(Seat(9, "mill-operator", Role.OPERATOR, MILL))
        before = screen.scope.snapshot_rows()
        room.please(NEWS)
        after = screen.scope.snapshot_rows()
        assert [row["id"] for row in after.pop("pleasures")] == [NEWS.id]
        assert before.pop("pleasures") == []
        assert encode(after) == encode(before), "no lamp, no alert, no figure moves"
        room.view.now(START + 8 * 86_400 * 1_000_000)
        assert screen.scope.snapshot_rows()["pleasures"] == [], "the room shows it for a week"
        observer = await doors("mill-observer")
        assert [row["id"] for row in await listed(observer)] == [NEWS.id], "the store keeps it"
        assert code(await observer.post(OFFER, {})) == "pleasure_refused"

    told(story)
