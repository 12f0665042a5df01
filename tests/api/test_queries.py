"""Reading: autonomy over HTTP, history, health, documentation."""

import re
from collections.abc import Awaitable, Callable

import pytest

from opsroom.api.health import unready
from tests.api.doors import Door, code, told
from tests.api.small_room import BRANCH_STOCK, HEAT, OUTPUT, START, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
T0 = START // 1000


def test_units_are_the_own_and_those_below() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        room.reading(OUTPUT, START, 90.0)
        rows = (await (await door("branch-operator")).get("/api/v1/units")).json()["units"]
        assert [(row["path"], row["productivity"]) for row in rows] == [
            ("energy", 0.9),
            ("energy/mill", 0.9),
            ("energy/press", None),
        ]
        assert len((await (await door("mill-operator")).get("/api/v1/units")).json()["units"]) == 1

    told(story)


def test_series_below_come_with_the_alert_that_climbed() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ben = await door("branch-operator")

        async def names(**params: str) -> list[str]:
            return [one["path"] for one in (await ben.get("/api/v1/series", **params)).json()["series"]]

        room.raise_alert(OUTPUT)
        assert await names() == ["energy/stock"]
        room.climb()
        assert await names() == ["energy/mill/output", "energy/stock"]
        assert await names(unit="energy/mill") == ["energy/mill/output"]
        assert code(await ben.get("/api/v1/series", unit="")) == "unit_unknown"
        assert code(await ben.get("/api/v1/series", unit="nowhere")) == "unit_unknown"

    told(story)


def test_readings_of_a_unit_below_stay_its_own_until_an_alert_climbs() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        room.reading(OUTPUT, START, 90.0)
        ben, path = await door("branch-operator"), f"/api/v1/series/{OUTPUT}/readings"
        refused = await ben.get(path)
        assert (refused.status_code, code(refused)) == (403, "series_autonomous")
        room.raise_alert(OUTPUT)
        room.climb()
        assert (await ben.get(path)).json()["v"] == [90.0]
        assert code(await ben.get(f"/api/v1/series/{HEAT}/readings")) == "series_autonomous"
        mill = await door("mill-operator")
        above = await mill.get(f"/api/v1/series/{BRANCH_STOCK}/readings")
        assert (above.status_code, code(above)) == (404, "series_unknown")

    told(story)


def test_alerts_open_and_ended_with_their_journal() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada, ben = await door("mill-operator"), await door("branch-operator")
        alert_id = room.raise_alert(OUTPUT)
        await ada.post(f"/api/v1/alerts/{alert_id}/acknowledge")
        room.back(OUTPUT)
        assert (await ada.get("/api/v1/alerts")).json()["alerts"] == []
        ended = (await ada.get("/api/v1/alerts", open=0)).json()["alerts"]
        assert [(a["id"], a["outcome"], a["active"]) for a in ended] == [(alert_id, "recovered", False)]
        one = (await ada.get(f"/api/v1/alerts/{alert_id}")).json()
        assert [(edge["verb"], edge["actor"]) for edge in one["edges"]] == [
            ("raised", ""),
            ("acknowledged", "mill-operator"),
            ("recovered", ""),
        ]
        assert (await ben.get("/api/v1/alerts", open=0)).json()["alerts"] == []
        assert code(await ben.get(f"/api/v1/alerts/{alert_id}")) == "alert_unknown"

    told(story)


def test_words_are_open_to_all() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        nobody = await door("")
        for lang in ("en", "de", "es"):
            plain = await nobody.client.get(f"/api/v1/words/{lang}", headers={"Accept-Encoding": "identity"})
            squeezed = await nobody.client.get(f"/api/v1/words/{lang}", headers={"Accept-Encoding": "gzip"})
            assert plain.json()["error.login_wrong"]
            assert squeezed.content == plain.content
            assert "content-encoding" not in plain.headers
            assert int(squeezed.headers["content-length"]) < len(plain.content) / 2
        assert code(await nobody.get("/api/v1/words/xx")) == "language_unknown"

    told(story)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/", "/api/v9", "/-/nothing"])
def test_unknown_paths_of_the_api_are_404_in_json(path: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        app = (await door("")).client._transport.app  # type: ignore[attr-defined]

        @app.get("/{rest:path}")
        async def catch_all(rest: str) -> str:
            return "the Dash room's page"

        answer = await (await door("")).get(path)
        assert (answer.status_code, code(answer)) == (404, "not_found")
        assert (await (await door("")).get("/room/")).json() == "the Dash room's page"

    told(story)


def test_ready_says_what_is_the_matter() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        client = await door("")
        assert (await client.get("/-/ready")).json() == {"ready": True, "reasons": [], "lag_s": 0.0}
        room.store_failing, room.lag_s, room.ready = True, 6.0, False
        answer = await client.get("/-/ready")
        assert answer.status_code == 503
        assert (
            set(answer.json()["reasons"])
            == set(unready(room))
            == {
                "starting_or_stopping",
                "store_failing",
                "behind_log",
            }
        )
        assert (await client.get("/-/healthy")).status_code == 200
        room.store_failing, room.lag_s, room.ready, room.log.is_full = False, 0.0, True, True
        assert (await client.get("/-/ready")).json()["reasons"] == ["storage_full"]

    told(story)


def test_metrics_are_openmetrics_by_route_and_of_one_room() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-operator")
        for series in (OUTPUT, HEAT):
            await ada.get(f"/api/v1/series/{series}/readings")
        answer = await ada.get("/metrics")
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")
        route = 'route="/api/v1/series/{series_id}/readings"'
        counted = f'opsroom_http_requests_total{{method="GET",{route},status="200"}} 2.0'
        assert counted in answer.text
        assert "mill" not in answer.text

    told(story)


def test_the_documentation_names_every_route_and_loads_nothing() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        client = await door("")
        paths = (await client.get("/api/openapi.json")).json()["paths"]
        page = (await client.get("/api/docs")).text
        assert {"/api/v1/alerts/{alert_id}/acknowledge", "/-/ready", "/api/v1/units"} <= set(paths)
        for path in paths:
            assert path in page
        assert "<script" not in page
        assert not re.search(r"(src|href)=.(https?:)?//", page)
        for field in ("followup", "addressee", "capability"):
            assert field in page

    told(story)
