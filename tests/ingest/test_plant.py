"""A plant's own program against the real gateway: sync and async, at the outbox's edge, with wrong clocks."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest import Alert, AsyncPlant, Decision, LinkError, NotDelivered, OpsroomError, Plant, Refused, Warned
from ingest.outbox import open_outbox
from opsroom.model import QUALITY_BAD
from tests.ingest.conftest import beside

AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
T0 = 1_700_000_000_000_000
NOWHERE = "ws://127.0.0.1:9"


def code_of(caught: pytest.ExceptionInfo[OpsroomError]) -> str:
    assert caught.value.remedy, "an error says what to do"
    return caught.value.code


def test_importing_the_client_brings_no_server() -> None:
    heavy = (
        "{'fastapi', 'starlette', 'uvicorn', 'sqlalchemy', 'pydantic', 'numba', 'dash', 'structlog', 'rich'}"
    )
    told = subprocess.run(
        [sys.executable, "-c", f"import sys; from ingest import Plant; print({heavy} & set(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "set()\n"


def test_a_sync_plant_sends_and_leaves_once_all_is_stored(room: Any, tmp_path: Path) -> None:
    refused: list[Refused] = []
    with beside(room) as served:
        with Plant(
            f"ws://127.0.0.1:{served.port}",
            token="mill-token",
            source="mill",
            outbox=tmp_path / "outbox",
            batch_readings=4,
            on_refused=refused.append,
        ) as plant:
            for n in range(10):
                plant.send("output", float(n), unit="t/h", at=AT + timedelta(seconds=n))
            plant.send("output", None, at=AT + timedelta(seconds=10))
            plant.send("output", math.nan, at=AT + timedelta(seconds=11))
            plant.send("stock", 5, unit="m", at="2023-11-14T22:13:20Z")
            plant.send("extra/heat", 21.5, unit="degC", period_s=60, at=T0 // 1000)
            plant.flush(5)
            seen = plant.progress
            assert "plant mill" in {thread.name for thread in threading.enumerate()}
        assert "plant mill" not in {thread.name for thread in threading.enumerate()}
    assert (seen.sent, seen.acked, seen.pending, seen.refused, seen.lag_s) == (14, 14, 0, 1, 0.0)
    assert room.named()[:10] == [("mill-1/output", T0 + n * 1_000_000, float(n)) for n in range(10)]
    assert list(room.stored().q[10:12]) == [QUALITY_BAD, QUALITY_BAD]
    (one,) = refused
    assert (one.series, one.code, one.value, one.at) == ("stock", "unit_mismatch", 5.0, AT)
    assert one.remedy
    made = next(one for one in room.catalog.series.values() if one.name == "heat")
    assert (made.unit, made.period_s) == ("Cel", 60.0)
    assert [event.event for event in room.events()] == ["opened", "bye"]


def test_readings_said_at_once_are_all_stored_in_order(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with AsyncPlant(served.url, token="mill-token") as plant:
            for n in range(500):
                await plant.send("output", float(n))

    stored = play(script).stored()
    assert stored.v.tolist() == [float(n) for n in range(500)]
    assert len(set(stored.t.tolist())) == 500


def test_what_cannot_be_sent_is_told_at_once(tmp_path: Path) -> None:
    with Plant(NOWHERE, token="t", outbox=tmp_path / "outbox", close_s=0) as plant:
        for value, at, code in (
            ("high", None, "value_not_number"),
            (2**60, None, "value_too_large"),
            (1.0, "yesterday", "time_invalid"),
            (1.0, datetime(2024, 1, 1), "time_invalid"),  # noqa: DTZ001 - that is what is refused
        ):
            with pytest.raises(OpsroomError) as caught:
                plant.send("output", value, at=at)  # type: ignore[arg-type]
            assert code_of(caught) == code
        plant.send("output", 1.0, unit="t/h")
        with pytest.raises(OpsroomError) as caught:
            plant.send("output", 1.0, unit="kg/h")
        assert code_of(caught) == "unit_changed"
    with pytest.raises(OpsroomError) as caught:
        plant.send("output", 1.0)
    assert code_of(caught) == "plant_not_open"


def test_a_plant_without_a_token_is_told_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPSROOM_TOKEN", raising=False)
    with pytest.raises(OpsroomError) as caught:
        Plant(NOWHERE)
    assert code_of(caught) == "token_missing"


def test_alerts_come_typed_and_words_are_answered(room: Any) -> None:
    with (
        beside(room) as served,
        Plant(f"ws://127.0.0.1:{served.port}", token="mill-token") as plant,
    ):
        plant.send("output", 1.0)
        plant.flush(5)
        (news,) = room.plants.all
        news.waiting.put_nowait(
            {"type": "alert", "event": "raised", "id": "1-1", "series": "mill-1/output", "kind": "limit"}
            | {"raised": T0 // 1000, "deadline": T0 // 1000 + 60_000, "priority": 1, "level": 0}
        )
        # Another thread put it, so the loop that waits is woken by what the plant says next.
        plant.press("output", "fire")
        (alert,) = plant.alerts(timeout_s=0.5)
        assert isinstance(alert, Alert)
        assert (alert.series, alert.raised, alert.deadline) == (
            "mill-1/output",
            AT,
            AT + timedelta(minutes=1),
        )
        plant.recovering(alert.id, "fitter on the way", AT)
        news.waiting.put_nowait({"type": "decision", "alert": "1-1", "text": "go", "followup_ts": T0 // 1000})
        with pytest.raises(LinkError) as caught:
            plant.press("no such")
        assert code_of(caught) == "indicator_unknown"
        (decision,) = plant.alerts(timeout_s=0.5)
        assert decision == Decision(alert="1-1", text="go", followup=AT)
    assert [type(act).__name__ for act, _ in room.acts] == ["Press", "Recovering"]


def test_the_async_twin_does_the_same(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async with AsyncPlant(f"ws://127.0.0.1:{served.port}", token="mill-token", source="mill") as plant:
            await plant.send("output", 3.2, unit="t/h", at=AT)
            await plant.flush(5)
            assert plant.progress.acked == 1
            served.room.plants.all[0].waiting.put_nowait({"type": "alert", "id": "1", "event": "raised"})
            async for alert in plant.alerts(timeout_s=5):
                assert isinstance(alert, Alert)
                await plant.recovering(alert.id, "seen")
                break

    assert play(script).named() == [("mill-1/output", T0, 3.2)]


def test_a_word_that_is_not_answered_in_time_is_taken_back(tmp_path: Path) -> None:
    with Plant(NOWHERE, token="t", outbox=tmp_path / "o", close_s=0) as plant:
        with pytest.raises(LinkError) as caught:
            plant.press("output", timeout_s=0.05)
        assert code_of(caught) == "not_answered"


# -- at the edges --------------------------------------------------------------------------------------------


def test_without_a_file_what_is_not_delivered_is_an_error_and_with_one_a_warning(tmp_path: Path) -> None:
    with pytest.raises(NotDelivered) as caught, Plant(NOWHERE, token="t", close_s=0.2) as plant:
        plant.send("output", 1.0)
    assert (code_of(caught), caught.value.params["pending"]) == ("not_delivered", 1)
    warned: list[Warned] = []
    with Plant(NOWHERE, token="t", close_s=0.2, outbox=tmp_path / "o", on_warning=warned.append) as plant:
        plant.send("output", 1.0)
    assert [one.code for one in warned] == ["not_connected", "not_delivered"]
    assert str(tmp_path / "o") in warned[1].remedy
    assert open_outbox(tmp_path / "o", 1 << 20).readings == 1


def test_ctrl_c_keeps_everything(play: Callable[..., Any], tmp_path: Path) -> None:
    def interrupted() -> None:
        with Plant(NOWHERE, token="t", outbox=tmp_path / "o", source="mill", batch_s=60) as plant:
            for n in range(25):
                plant.send("output", float(n), unit="t/h", at=AT + timedelta(seconds=n))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    async def script(served: Any) -> None:
        async with AsyncPlant(served.url, token="mill-token", source="mill", outbox=tmp_path / "o") as plant:
            await plant.flush(5)
            assert (plant.progress.sent, plant.progress.acked) == (0, 25)

    assert play(script).stored().v.tolist() == [float(n) for n in range(25)]


def test_units_outlast_the_program_beside_the_readings(play: Callable[..., Any], tmp_path: Path) -> None:
    """A series that nobody has declared since the restart still has its unit when its readings arrive."""
    with Plant(NOWHERE, token="t", outbox=tmp_path / "o", source="mill", close_s=0) as plant:
        plant.send("new/heat", 21.0, unit="degC", period_s=60)

    async def script(served: Any) -> None:
        async with AsyncPlant(served.url, token="mill-token", source="mill", outbox=tmp_path / "o"):
            pass

    made = next(one for one in play(script).catalog.series.values() if one.name == "heat")
    assert (made.unit, made.period_s) == ("Cel", 60.0)


def test_over_the_cap_the_oldest_go_and_the_room_hears_of_the_gap(
    make_room: Any, serving: Any, tmp_path: Path
) -> None:
    room, warned = make_room(), list[Warned]()

    async def script() -> None:
        async with AsyncPlant(
            NOWHERE, token="mill-token", source="mill", outbox=tmp_path / "o", outbox_bytes=2_000, close_s=0,
            batch_readings=5, on_warning=warned.append,
        ) as plant:  # fmt: skip
            for n in range(1_000):
                await plant.send("output", float(n), at=AT + timedelta(seconds=n))
            await plant.spill()
            seen = plant.progress
        assert seen.outbox_bytes <= 2_000
        assert seen.dropped + seen.pending == 1_000
        assert [one.code for one in warned].count("outbox_overflow") == 1
        async with (
            serving(room) as served,
            AsyncPlant(served.url, token="mill-token", source="mill", outbox=tmp_path / "o") as again,
        ):
            await again.flush(5)
        left = room.stored().v.tolist()
        assert left == [float(n) for n in range(seen.dropped, 1_000)]
        (gap,) = [event for event in room.events() if event.event == "gap"]
        assert (gap.from_seq, gap.to_seq, gap.reason) == (1, seen.dropped // 5, "outbox_overflow")

    asyncio.run(script())


def test_a_full_disk_is_told_and_costs_no_reading_that_was_taken(tmp_path: Path) -> None:
    async def script() -> None:
        async with AsyncPlant(
            NOWHERE, token="t", outbox=tmp_path / "o", batch_readings=50, close_s=0
        ) as plant:
            db: sqlite3.Connection = plant._opened._outbox._db  # type: ignore[union-attr]
            db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 4}")
            sent, code = 0, ""
            while not code:
                try:
                    await plant.send(f"series-{sent % 7}", float(sent))
                    sent += 1
                except OpsroomError as error:
                    code = error.code
            assert code == "outbox_full"
            assert plant.progress.pending + len(plant._gather) == sent
            db.execute("PRAGMA max_page_count = 1000000")  # somebody made space
            await plant.send("output", 1.0)
            await plant.spill()
            assert plant.progress.pending == sent + 1

    asyncio.run(script())


def test_a_wrong_clock_is_told_with_its_size(make_room: Any, serving: Any) -> None:
    warned: list[Warned] = []

    async def script() -> None:
        from opsroom.clock import wall_now

        async with (
            serving(make_room(), wall=lambda: wall_now() + 3 * 3_600_000_000) as served,
            AsyncPlant(served.url, token="mill-token", on_warning=warned.append) as plant,
        ):
            await plant.send("output", 1.0)
            await plant.flush(5)
            assert plant.progress.clock_offset_s == pytest.approx(10_800, abs=5)

    asyncio.run(script())
    (one,) = warned
    assert one.code == "clock_offset"
    assert "3 h behind the room's" in one.message


def test_two_senders_of_one_name_end_the_first_with_a_named_error(play: Callable[..., Any]) -> None:
    async def script(served: Any) -> None:
        async def first_of_two() -> None:
            async with AsyncPlant(served.url, token="mill-token", source="mill") as first:
                await first.send("output", 1.0)
                await first.flush(5)
                async with AsyncPlant(served.url, token="mill-token", source="mill") as second:
                    await second.send("output", 2.0)
                    await second.flush(5)
                    async for _ in first.alerts():
                        raise AssertionError

        with pytest.raises(LinkError) as caught:
            await first_of_two()
        assert code_of(caught) == "replaced"
        assert caught.value.params["source"] == "mill"

    assert play(script).stored().v.tolist() == [1.0, 2.0]


def test_an_outbox_whose_source_spoke_from_elsewhere_is_taken_over_on_demand(
    play: Callable[..., Any], tmp_path: Path
) -> None:
    async def script(served: Any) -> None:
        how: dict[str, Any] = {"token": "mill-token", "source": "mill", "outbox": tmp_path / "o"}
        async with AsyncPlant(served.url, **how) as plant:
            await plant.send("output", 1.0)
        async with AsyncPlant(NOWHERE, **how, close_s=0) as plant:
            await plant.send("output", 2.0)
        async with AsyncPlant(served.url, token="mill-token", source="mill") as elsewhere:
            await elsewhere.send("output", 3.0)
        with pytest.raises(LinkError) as caught:
            async with AsyncPlant(served.url, **how) as plant:
                await plant.flush(5)
        assert code_of(caught) == "epoch_old"
        async with AsyncPlant(served.url, **how, take_over=True) as plant:
            await plant.flush(5)

    assert play(script).stored().v.tolist() == [1.0, 3.0, 2.0]


def test_a_listener_that_fails_ends_nothing(play: Callable[..., Any]) -> None:
    def failing(one: Refused) -> None:
        raise RuntimeError(one.code)

    async def script(served: Any) -> None:
        async with AsyncPlant(served.url, token="mill-token", on_refused=failing) as plant:
            await plant.send("stock", 1.0, unit="m")
            await plant.send("output", 1.0)
            await plant.flush(5)
            assert plant.progress.refused == 1

    assert len(play(script).stored()) == 1
