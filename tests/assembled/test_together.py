"""People and plants at one running room, all over real sockets, real log, real store."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from typing import Any

from opsroom.clock import wall_now
from tests.assembled.town import BAD, GOOD, Heard, Person, Town, eventually, person, works

SECOND_S = 1.0
MICROS_PER_MS = 1000


def names(alert_id: str, who: str) -> Any:
    """Give a test for frames that show the alert acknowledged by `who`."""

    def wanted(frame: dict[str, Any]) -> bool:
        rows = [row for row in frame.get("alerts", []) if row["id"] == alert_id]
        return any(seen["person"] == who for row in rows for seen in row["acknowledgements"])

    return wanted


def shows(name: str, **fields: Any) -> Any:
    """Give a test for frames that show the alert of a series with these fields."""

    def wanted(frame: dict[str, Any]) -> bool:
        rows = [row for row in frame.get("alerts", []) if row["series"] == f"energy/dam/{name}"]
        return any(fields.items() <= row.items() for row in rows)

    return wanted


def test_of_two_who_acknowledge_at_once_one_wins_and_both_see_the_same_name(
    running: Town, slack: float
) -> None:
    async def story() -> None:
        async with AsyncExitStack() as stack:
            dam = await stack.enter_async_context(works(running, "race"))
            two = [await stack.enter_async_context(person(running.home, n)) for n in ("shift", "night")]
            screens = [await stack.enter_async_context(one.screen()) for one in two]
            await dam.breaks("output")
            alert = (await two[0].alert("output"))["id"]
            await judge(alert, two, screens)

    async def judge(alert: str, two: list[Person], screens: list[Heard]) -> None:
        begun = time.monotonic()
        answers = await asyncio.gather(
            *(one.post(f"alerts/{alert}/acknowledge", {"note": ""}) for one in two)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        won = next(one.name for one, a in zip(two, answers, strict=True) if a.status_code == 200)
        refused = next(a.json()["error"] for a in answers if a.status_code == 409)
        assert (refused["code"], refused["params"]["person"]) == ("conflict", won)
        for screen in screens:
            seen, _ = await screen.until(names(alert, won))
            assert seen - begun <= SECOND_S * slack
        assert [a["person"] for a in (await two[0].alert("output"))["acknowledgements"]] == [won]

    asyncio.run(story())


def test_an_alert_climbs_exactly_at_its_deadlines_from_its_delivery_on(running: Town, slack: float) -> None:
    async def story() -> None:
        async with (
            works(running, "clock") as dam,
            person(running.home, "chair-1") as chair,
            chair.screen() as top,
        ):
            await dam.breaks("tap")
            seen, _ = await top.until(shows("tap", level=2))
            wall_ms = wall_now() // MICROS_PER_MS - (time.monotonic() - seen) * 1000
            alert = await chair.alert("tap", level=2)
            assert alert["delivered"] >= alert["raised"]
            raised, first, second = (level["at"] for level in alert["levels"])
            # Times are cut to ms; deadlines themselves are exact.
            assert raised == alert["raised"]
            assert abs(first - (alert["delivered"] + 1500)) <= 1
            assert abs(second - (first + 1500)) <= 1
            assert 0 <= wall_ms - second <= SECOND_S * slack * 1000
            edges = (await chair.get(f"alerts/{alert['id']}"))["edges"]
            verbs = [edge["verb"] for edge in edges]
            assert verbs.count("raised") == verbs.count("delivered") == 1
            assert verbs.count("climbed") == 2
            assert [edge["at"] for edge in edges] == sorted(edge["at"] for edge in edges)

    asyncio.run(story())


def test_a_press_stands_at_the_top_within_a_second_and_the_decision_comes_back_down(
    running: Town, slack: float
) -> None:
    async def story() -> None:
        async with (
            works(running, "hand") as dam,
            person(running.home, "chair-1") as chair,
            chair.screen() as top,
        ):
            begun = time.monotonic()
            await dam.say(type="press", indicator="flow", note="fire at the gate")
            seen, _ = await top.until(shows("flow", standing="", kind="press"))
            assert seen - begun <= SECOND_S * slack
            alert = (await chair.alert("flow"))["id"]
            body = {"text": "Open gate 2.", "addressee": "energy", "followup": wall_now() // 1000 + 3_600_000}
            begun = time.monotonic()
            answer = await chair.post(f"alerts/{alert}/decide", body)
            assert answer.status_code == 200, answer.text
            heard, decision = await dam.heard.until(lambda f: f["type"] == "decision" and f["alert"] == alert)
            assert heard - begun <= SECOND_S * slack
            assert (decision["text"], decision["person"]) == ("Open gate 2.", "chair-1")

    asyncio.run(story())


def test_what_the_plant_says_stands_on_the_card_and_moves_no_deadline(running: Town) -> None:
    async def story() -> None:
        async with (
            works(running, "reply") as dam,
            person(running.home, "shift") as shift,
            shift.screen() as screen,
        ):
            await dam.breaks("stage")
            before = await shift.alert("stage")
            await eventually(lambda: delivered(shift, "stage"))
            deadline = (await shift.alert("stage"))["deadline"]
            await dam.say(
                type="recovering", alert=before["id"], note="fitter comes", until=wall_now() // 1000 + 60_000
            )
            _, frame = await screen.until(lambda f: any(row["notes"] for row in f.get("alerts", [])))
            card = next(row for row in frame["alerts"] if row["id"] == before["id"])
            assert [note["text"] for note in card["notes"]] == ["fitter comes"]
            assert card["deadline"] == deadline

    async def delivered(who: Person, name: str) -> bool:
        return (await who.alert(name))["delivered"] is not None

    asyncio.run(story())


def test_historical_readings_are_stored_move_nothing_and_raise_nothing(running: Town) -> None:
    async def story() -> None:
        async with works(running, "past") as dam, person(running.home, "shift") as shift:
            rows = (await shift.get("series", unit="energy/dam"))["series"]
            gate = next(row["id"] for row in rows if row["name"] == "gate")
            async with shift.screen(gate) as screen:
                await dam.measure("gate", 61.0, 62.0, 63.0)
                await screen.until(lambda f: f.get("values", {}).get(str(gate), [0, 0])[1] == 63.0)
                start = len(screen.came)
                old = [wall_now() // 1000 - 7_200_000 + 60_000 * n for n in range(60)]
                await dam.batch("gate", old, [BAD] * 60, historical=True)
                await dam.measure("gate", 64.0)
                await screen.until(
                    lambda f: f.get("values", {}).get(str(gate), [0, 0])[1] == 64.0, start=start
                )
                for _, frame in screen.came[start:]:
                    value = frame.get("values", {}).get(str(gate))
                    assert value is None or value[1] in {63.0, 64.0}
                    trail = frame.get("trails", {}).get(str(gate), [])
                    assert [v for _, v in trail if v == BAD] == []
            stored = await shift.get(f"series/{gate}/readings", **{"from": old[0], "to": old[-1] + 1})
            assert (stored["t"], set(stored["v"])) == (old, {BAD})
            assert [a for a in await shift.alerts() if a["series"] == "energy/dam/gate"] == []
            # The same values, live, do raise: the silence above was not deafness.
            await dam.measure("gate", BAD, BAD)
            await shift.alert("gate")
            await dam.measure("gate", GOOD, GOOD)

    asyncio.run(story())


def test_the_past_teaches_before_the_first_live_reading(running: Town) -> None:
    """Two series without a band: the one whose past came first is expected, and its leap is an alert."""

    async def story() -> None:
        chance = random.Random(1)
        async with works(running, "school") as dam, person(running.home, "shift") as shift:
            begin = wall_now() // 1000 - 3_600_000
            times = [begin + 1000 * n for n in range(3000)]
            await dam.batch("taught", times, [chance.gauss(GOOD, 1) for _ in times], historical=True)
            await dam.batch(["taught", "untaught"], wall_now() // 1000, [GOOD, GOOD])
            # Bands are worked out for what somebody looks at.
            async with shift.screen() as screen:
                mine, other = (str(shown(screen, name)["id"]) for name in ("taught", "untaught"))
                _, frame = await screen.until(lambda f: banded(f, mine))
                _, _, low, high, *_ = frame["values"][mine]
                assert low < GOOD < high
                values = [f["values"][other] for _, f in screen.came if other in f.get("values", {})]
                assert [value for value in values if value[2] is not None] == []
            for leap in range(6):
                await dam.batch(["taught", "untaught"], wall_now() // 1000 + leap, [80.0 + leap] * 2)
            alert = await shift.alert("taught")
            assert any(sentence["code"] == "why.value.above" for sentence in alert["explanation"])
            assert [a for a in await shift.alerts() if a["series"] == "energy/dam/untaught"] == []

    def banded(frame: dict[str, Any], series: str) -> bool:
        value = frame.get("values", {}).get(series)
        return value is not None and value[2] is not None

    def shown(screen: Heard, name: str) -> dict[str, Any]:
        rows: list[dict[str, Any]] = screen.came[0][1]["series"]
        return next(row for row in rows if row["name"] == name)

    asyncio.run(story())
