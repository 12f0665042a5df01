"""What is held against the room when everything has healed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from opsroom.alert import AlertBook
from opsroom.core import Core
from tests.simulation.trace import Broken
from tests.simulation.witness import fields

if TYPE_CHECKING:
    from opsroom.room import Room
    from tests.simulation.plant import Plant
    from tests.simulation.world import World

END_US: Final = 1 << 60
REMEMBERED_FOR_SPEED: Final = frozenset({"tail.zone_from", "tail.zone_until"})
"""Where a kernel keeps what it last looked up of the time zones; it is looked up anew after a restart."""


def judge(world: World) -> None:
    """Hold readings, alerts, acts and state against what was promised.

    Raises:
        Broken: with the name of the invariant.
    """
    room = world.server.room
    assert room is not None, "the world has settled"
    _readings(world, room)
    world.witness.check_acts(world.server.store.journal)
    world.witness.check_due(room.core.now)
    _state(world, room)


def _readings(world: World, room: Room) -> None:
    kept = _kept(room)
    promised: dict[tuple[str, int], float] = {}
    for name, plant in world.plants.items():
        promised |= _promised(world, plant, f"{world.units[f'works/{name}']}:{name}")
    lost = [reading for reading in promised if reading not in kept]
    if lost:
        raise Broken("reading lost", f"{len(lost)} of {len(promised)}, first {sorted(lost)[:3]}")
    altered = [reading for reading, v in promised.items() if kept[reading] != v]
    if altered:
        raise Broken("reading lost", f"{len(altered)} have another value: {sorted(altered)[:3]}")
    foreign = [reading for reading in kept if reading not in promised]
    if foreign:
        raise Broken("reading doubled", f"{len(foreign)} that nobody sent: {sorted(foreign)[:3]}")
    counted = room.store.readings.count()
    if counted != len(kept):
        raise Broken("reading doubled", f"{counted} counted, {len(kept)} told")


def _kept(room: Room) -> dict[tuple[str, int], float]:
    kept: dict[tuple[str, int], float] = {}
    for series_id in room.catalog.series:
        columns = room.store.readings.read(series_id, 0, END_US)
        path = room.catalog.series_path(series_id)
        kept |= {(path, t): v for t, v in zip(columns.t.tolist(), columns.v.tolist(), strict=True)}
    return kept


def _promised(world: World, plant: Plant, source: str) -> dict[tuple[str, int], float]:
    """Give what a plant sent, without what the room refused and says so."""
    promised = dict(plant.sent)
    epoch = world.medium.source(source).epoch
    for seq, readings in plant.by_seq.items():
        for refusal in world.medium.refusals(source, epoch, seq):
            del promised[readings[refusal.index]]
    return promised


def _state(world: World, room: Room) -> None:
    """Compare the live core with the witness's, which never restarted, and the book with its journal."""
    if room.core.now != world.witness.core.now:
        return  # a record is on its way; it is judged again after the next restart
    parts = _parts(room.core, world.witness.core)
    unlike = [name for name, mine, other in parts if mine != other and name not in REMEMBERED_FOR_SPEED]
    if unlike:
        raise Broken("state unlike its replay", ", ".join(unlike))
    book = AlertBook()
    book.rebuild(world.witness.edges)
    for name in ("open", "by_series", "resting"):
        if getattr(book, name) != getattr(room.core.book, name):
            raise Broken("state unlike its replay", f"book.{name} of the journal")


def _parts(one: Core, other: Core) -> list[tuple[str, Any, Any]]:
    mine, others = fields_of(one), fields_of(other)
    return [(name, mine.get(name), others.get(name)) for name in {**mine, **others}]


def fields_of(core: Core) -> dict[str, Any]:
    """Give the state of a core by name: alerts, sources, each field of the detectors."""
    book = msgspec.msgpack.decode(core.book.dump())
    found: dict[str, Any] = {f"book.{name}": value for name, value in book.items()}
    for name, clock in core.sources.clocks.items():
        found[f"source {name}"] = (clock.newest, clock.released, clock.open, clock.idle, len(clock.waiting))
    scored = core.sources.scored
    found["scored"] = dict(enumerate(scored[: int(np.flatnonzero(scored >= 0).max(initial=-1)) + 1].tolist()))
    for part, rows in core.detectors.rows.items():
        found |= {f"{part}.{name}": raw for name, raw in fields(rows).items()}
    # A place among the discords: which one it is depends on who came with whom, and means nothing.
    found["spec.far"] = (core.detectors.rows["spec"]["far"] >= 0).tolist()
    return found
