"""Decisions and chairs in the order of the log: a replay, and a snapshot with the rest, give the same."""

from typing import Any, Final

import pytest

from opsroom.acts import Armrest, Assess, Resolve, Shows, TakeFloor
from opsroom.catalog import Catalog
from opsroom.core import Core
from opsroom.frozen import freeze
from opsroom.model import Series, Unit
from opsroom.records import AnyAct, Record, RecordKind, encode
from opsroom.settings import RoomSection

S: Final = 1_000_000
START: Final = 1_700_000_000 * S
ANA: Final[dict[str, Any]] = {"person": "ana", "seat_id": 3, "unit_id": 1}
BEN: Final[dict[str, Any]] = {"person": "ben", "seat_id": 4, "unit_id": 1}
ACTS: Final[tuple[AnyAct, ...]] = (
    Resolve(text="Open the sluice", addressee_id=1, followup=START + 30 * S, series_id=1, key="1", **ANA),
    Armrest(button="1", key="2", **ANA),
    Armrest(button="5", shows=Shows(kind="series", id="1"), key="3", **ANA),
    TakeFloor(speaks=True, key="4", **BEN),
    Armrest(button="1", key="5", **BEN),
    Armrest(button="0", key="6", **BEN),
    Assess(minute_id="d1", effect="partly", note="slowly", key="7", **ANA),
)


def core() -> Core:
    unit = Unit(id=1, root_id=1, parent_id=None, path="", name="Dam", level_name="dam", depth=0)
    return Core(
        Catalog([unit], [Series(id=1, root_id=1, unit_id=1, name="level")]), RoomSection(), detection=False
    )


def log() -> list[Record]:
    return [
        Record(offset=n, kind=RecordKind.ACT, received=START + 10 * n * S, payload=encode(act))
        for n, act in enumerate(ACTS, 1)
    ]


@pytest.mark.parametrize("cut", range(len(ACTS) + 1))
def test_a_snapshot_anywhere_and_the_rest_of_the_log_give_what_was_kept(cut: int) -> None:
    kept, again = core(), core()
    steps = [kept.apply(record) for record in log()]
    before = core()
    for record in log()[:cut]:
        before.apply(record)
    again.restore(bytes(freeze(before)()))
    for record in log()[cut:]:
        again.apply(record)
    assert again.chairs.rows == kept.chairs.rows
    assert again.minutes.rows == kept.minutes.rows == {}
    (last,) = steps[-1].minutes
    assert last.verdict is not None
    assert last.verdict.effect == "partly"
    assert last.found is not None
    assert last.found.at == START + 30 * S, "at its own instant, whenever the next record came"
    sitting = kept.chairs.rows[1]
    assert sitting.floor is not None
    assert sitting.floor.person == "ben"
    assert sitting.panes[0].shows == Shows()
    assert sitting.pressed is not None
    assert (sitting.pressed.person, sitting.pressed.key, sitting.held(3)) == ("ben", "0", 0)
