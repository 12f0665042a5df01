"""All that detection remembers, as bytes and back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from opsroom.detect import claims, conduct, discord, orders, whole
from opsroom.detect import state as layout
from opsroom.detect.memory import NEVER, SeriesSpec, State
from opsroom.detect.rarity import DAY_US
from opsroom.model import Relation
from opsroom.parts import Parts, packed

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNHELD: Final = 2
"""References to an array that one variable holds, with the one that asks."""
_BONDS = ("gathers", "seats", "groups", "accounts", "flows", "models")


class _Body(msgspec.Struct, kw_only=True):
    """Arrays read are views of the blob: nothing is copied twice."""

    version: str
    specs: list[SeriesSpec]
    relations: list[Relation]
    rows: dict[str, memoryview]
    far: list[int]  # series with a discord, in their order
    far_rows: memoryview
    far_values: memoryview
    keys: list[str]
    bonds: dict[str, memoryview]
    conduct: memoryview
    conduct_of: memoryview
    seen: memoryview
    silent: memoryview
    now: int


def version() -> str:
    """Name the layout: a changed field makes another version even where nobody thought of the number."""
    parts = [*layout.PARTS.values(), layout.GATHER, layout.SEAT, layout.GROUP, claims.CLAIM, orders.ORDERS]
    parts += [conduct.CONDUCT, discord.DISCORD]
    sizes = ":".join(str(dtype.itemsize) for dtype in parts)
    return f"{layout.STATE_VERSION}:{sizes}:{whole.length(2)}:{DAY_US // layout.SLOTS}"


def freeze(state: State) -> Callable[[], Parts]:
    """Copy everything as of now; gives what makes MessagePack of it, on any thread.

    About 3.1 KB a series, 24 KB more where it has a discord, and what relations remember.
    """
    far_rows, far_values = discord.dump(state.discords)
    spec = state.rows["spec"]
    chosen = np.nonzero(spec["far"] >= 0)[0]
    body = _Body(
        version=version(),
        specs=list(state.specs.values()),
        relations=list(state.relations.values()),
        rows={name: _kept(state.spare, name, rows) for name, rows in state.rows.items() if name != "spec"},
        far=spec["series"][chosen[np.argsort(spec["far"][chosen])]].tolist(),
        far_rows=_copy(far_rows),
        far_values=_copy(far_values),
        keys=list(state.bonds.keys),
        bonds={name: _copy(getattr(state.bonds, name)) for name in _BONDS},
        conduct=_copy(state.conduct),
        conduct_of=_copy(state.rows["spec"]["conduct"]),
        seen=_copy(state.seen),
        silent=_copy(state.silent),
        now=int(state.now),
    )
    return lambda: packed(msgspec.structs.asdict(body))


def load(blob: bytes, configured: Callable[[list[SeriesSpec], list[Relation]], State]) -> State | None:
    """Read what `freeze` made into the state that `configured` makes; None for another version's."""
    try:
        if msgspec.msgpack.decode(blob, type=_Version).version != version():
            return None
        body = msgspec.msgpack.decode(blob, type=_Body)
    except msgspec.ValidationError:  # written before the present layout of the whole
        return None
    state = configured(body.specs, body.relations)
    if state.bonds.keys != body.keys:
        return None
    state.rows["spec"]["far"] = -1
    state.discords = discord.blank(0)
    state.take_discords(state.find(np.array(body.far, np.int64)).tolist())
    values = np.frombuffer(body.far_values, np.int32).reshape(-1, discord.REACH)
    state.discords = discord.load(np.frombuffer(body.far_rows, discord.DISCORD), values)
    for name, raw in body.rows.items():
        state.rows[name] = np.frombuffer(raw, layout.PARTS[name]).copy()
    for name, raw in body.bonds.items():
        setattr(state.bonds, name, np.frombuffer(raw, getattr(state.bonds, name).dtype).copy())
    state.conduct = np.frombuffer(body.conduct, conduct.CONDUCT).copy()
    state.rows["spec"]["conduct"] = np.frombuffer(body.conduct_of, np.int64)
    state.seen = np.frombuffer(body.seen, np.int64).copy()
    state.silent = np.frombuffer(body.silent, np.bool_).copy()
    state.now, state.due = body.now, NEVER
    return state


class _Version(msgspec.Struct):
    version: str


def _kept(spare: dict[str, NDArray[np.uint8]], name: str, array: Any) -> memoryview:
    """Copy rows into the memory of the last copy where nobody holds that any more.

    Fresh memory costs ten times the copying: the loop stood still for a third of a second at 60,000 series.
    """
    flat = np.ascontiguousarray(array).view(np.uint8)
    room = spare.pop(name, None)
    if room is None or len(room) != len(flat) or sys.getrefcount(room) > UNHELD:
        room = np.empty_like(flat)
    np.copyto(room, flat)
    spare[name] = room
    return room.data


def _copy(array: Any) -> memoryview:
    # As bytes: a copy of rows looks at each field of each, which takes more than twice as long.
    return memoryview(np.ascontiguousarray(array).view(np.uint8).copy().data)
