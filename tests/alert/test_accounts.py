"""What is said of honest reporting: first to the unit, naming the partner, and never as a ranking."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from opsroom.api.acts import act_router
from opsroom.api.health import health_router
from opsroom.api.live import live_router
from opsroom.api.queries import query_router
from opsroom.model import ChangeKind, Unit
from opsroom.records import AnyAct
from opsroom.store import _tables as tables
from opsroom.words import languages, word
from tests.alert.room import OTHER_OUTPUT, PLANT, T0, Room, S, finding

OPENING: dict[ChangeKind, tuple[dict[str, Any], str]] = {
    ChangeKind.CLAIM: ({"expected": 3.0, "contributors": ((OTHER_OUTPUT, 1.2),)}, "why.claim"),
    ChangeKind.BALANCE: ({"expected": 0.1}, "why.balance"),
    ChangeKind.OSCILLATION: ({"expected": 1.0, "contributors": ((OTHER_OUTPUT, -0.7),)}, "why.oscillation"),
    ChangeKind.SMOOTHED: ({"value": 0.8, "expected": 1.0}, "why.smoothed"),
    ChangeKind.HEAPED: ({"value": 0.7, "expected": 0.34}, "why.heaped"),
    ChangeKind.TOGETHER: ({"contributors": ((OTHER_OUTPUT, 3.0),)}, "why.together"),
    ChangeKind.DETECTOR_FAILED: ({"value": None}, "why.failed"),
}


@pytest.mark.parametrize("kind", OPENING)
def test_an_account_is_explained_in_words_and_names_the_partner(room: Room, kind: ChangeKind) -> None:
    more, code = OPENING[kind]
    alert = room.raised(kind=kind, **more)
    assert alert.explanation[0].code == code
    assert alert.standing.unit_id == PLANT
    for lang in languages():
        said = [word(lang, sentence.code, sentence.params) for sentence in alert.explanation]
        assert not any("{" in text or text.startswith("why.") for text in said)
        assert word(lang, f"kind.{kind}") != f"kind.{kind}"
        if kind in {ChangeKind.CLAIM, ChangeKind.OSCILLATION}:
            assert room.catalog.series_path(OTHER_OUTPUT) in said[0]


def test_an_account_that_joins_an_open_alert_is_said_beside_it(room: Room) -> None:
    alert = room.raised()
    more, code = OPENING[ChangeKind.CLAIM]
    room.find(T0 + S, finding("evidence", detector="claims", kind=ChangeKind.CLAIM, **more))
    codes = [sentence.code for sentence in room.now_of(alert).explanation]
    assert codes[:2] == ["why.index.below", code]


@pytest.mark.parametrize(
    "lacking", [{"expected": None}, {"contributors": ()}, {"contributors": ((99, 1.0),)}]
)
def test_an_account_that_lacks_a_part_is_merely_unusual(room: Room, lacking: dict[str, Any]) -> None:
    more, _ = OPENING[ChangeKind.CLAIM]
    alert = room.raised(kind=ChangeKind.CLAIM, **(more | lacking))
    assert alert.explanation[0].code == "why.unusual"


def test_nothing_ranks_units_by_honesty() -> None:
    """No table, no unit and no act holds a figure of honesty: there is nothing to sort units by.

    What a test of honesty says lives in the alert of one series and in that series' own detector state, and
    goes with them.
    """
    telling = ("honest", "truth", "claim", "smooth", "heap", "conduct", "trust", "score", "rank")
    columns = [column.name for table in tables.metadata.tables.values() for column in table.columns]
    columns += list(tables.metadata.tables)
    columns += [field.name for field in msgspec.structs.fields(Unit)]
    columns += [field.name for act in get_args(AnyAct) for field in msgspec.structs.fields(act)]
    assert [name for name in columns if any(word in name for word in telling)] == []


def test_no_address_of_the_room_asks_for_honesty_by_unit() -> None:
    routes = [*query_router.routes, *act_router.routes, *live_router.routes, *health_router.routes]
    assert len(routes) > 10
    telling = ("honest", "truth", "claim", "conduct", "rank", "score", "league")
    paths = [str(getattr(route, "path", "")) for route in routes]
    assert [path for path in paths if any(word in path for word in telling)] == []
