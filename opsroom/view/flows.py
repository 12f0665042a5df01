"""Links of the quantified flow chart: declared flows between the parts of one unit, summed up for screens.

A link joins two units directly below the unit in focus, or one of them and what lies outside. Flows inside
one part are that part's own affair. What a flow measures now is an aggregate open to whoever holds an end of
it; the readings behind it are not. An end that the seat may not see is told without its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.model import QUALITY_UNCERTAIN
from opsroom.rights import may_see_unit
from opsroom.view.board import MICROS_PER_MS, NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsroom.catalog import Catalog
    from opsroom.flow import Flow
    from opsroom.model import Unit
    from opsroom.view.board import Board

LINKS_SHOWN_MAX: Final = 200
NAMES_SHOWN_MAX: Final = 3


@dataclass(frozen=True)
class End:
    """One end of a link: a part of the unit in focus, else what is outside it, with a name if it is told."""

    path: str | None
    name: str
    inside: bool


Key = tuple[End, End, str]
"""Both ends and the unit of measurement."""


class Links:
    """The links of one unit in focus, as arrays over its flows: what measures each, and its link."""

    def __init__(self, catalog: Catalog, board: Board, seat_unit: int, focus_id: int) -> None:
        """Lay out the flows that touch the unit; made anew whenever the tree changes."""
        self._board = board
        found = _links(catalog, seat_unit, focus_id)
        shown = sorted(found, key=lambda key: -sum(flow.usual or 0.0 for flow in found[key]))
        self.left_out = max(0, len(shown) - LINKS_SHOWN_MAX)
        self._links = [(key, found[key]) for key in shown[:LINKS_SHOWN_MAX]]
        flows = [(number, flow) for number, (_, group) in enumerate(self._links) for flow in group]
        slots = [board.slot_of.get(flow.series_id, -1) for _, flow in flows]
        self._slot = np.array(slots, np.int64)
        self._link = np.array([number for number, _ in flows], np.int64)
        self._usual = np.array([np.nan if f.usual is None else f.usual for _, f in flows], np.float64)
        self._starved = np.array([flow.starved for _, flow in flows], np.float64)

    def moved(self, since: int) -> bool:
        """Tell whether anything that is measured here has come after revision `since`."""
        slots = self._slot[self._slot >= 0]
        return bool(len(slots)) and bool((self._board.rev[slots] > since).any())

    def rows(self) -> list[dict[str, Any]]:
        """Give the links as screens get them, the largest usual flow first.

        `flow` and `usual` are sums over what is measured now, `share` compares them where both are known, `t`
        (ms) is the oldest reading among them.
        """
        board, n = self._board, len(self._links)
        known = self._slot >= 0
        slot = np.maximum(self._slot, 0)
        v = (
            np.where(known & (board.q[slot] >= QUALITY_UNCERTAIN), board.v[slot], np.nan)
            if len(slot)
            else np.empty(0)
        )
        read, rated = np.isfinite(v), np.isfinite(v) & np.isfinite(self._usual)
        t = np.full(n, NEVER)
        grey = np.zeros(n, np.int64)
        if read.any():
            t = np.full(n, np.iinfo(np.int64).max)
            np.minimum.at(t, self._link[read], board.t[slot[read]])
            np.maximum.at(grey, self._link[read], board.grey_us[slot[read]])
        short = rated & (v < self._starved * self._usual)
        flow = _summed(self._link, read, v, n)
        usual = _summed(self._link, np.isfinite(self._usual), self._usual, n)
        share = _summed(self._link, rated, v, n) / _summed(self._link, rated, self._usual, n)
        limit = _summed(self._link, rated, self._starved * self._usual, n) / _summed(
            self._link, rated, self._usual, n
        )
        measured = np.bincount(self._link[read], minlength=n).tolist()
        starved = np.bincount(self._link[short], minlength=n).tolist()
        return [
            {
                "from": source.path,
                "from_name": source.name,
                "from_inside": source.inside,
                "to": target.path,
                "to_name": target.name,
                "to_inside": target.inside,
                "unit": unit,
                "names": [one.name for one in group if one.name][:NAMES_SHOWN_MAX],
                "flows": len(group),
                "measured": measured[i],
                "starved_flows": starved[i],
                "flow": _figure(flow[i]),
                "usual": _figure(usual[i]),
                "share": _figure(share[i]),
                "starved": bool(share[i] < limit[i]),
                "t": int(t[i]) // MICROS_PER_MS if measured[i] else None,
                "grey_s": int(grey[i]) // 1_000_000 if measured[i] else None,
            }
            for i, ((source, target, unit), group) in enumerate(self._links)
        ]


def _summed(link: NDArray[np.int64], chosen: NDArray[np.bool_], of: NDArray[Any], n: int) -> NDArray[Any]:
    """Sum up by link; NaN where nothing is chosen."""
    sums = np.bincount(link[chosen], of[chosen], n)
    return np.where(np.bincount(link[chosen], minlength=n) > 0, sums, np.nan)


def _figure(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _links(catalog: Catalog, seat_unit: int, focus_id: int) -> dict[Key, list[Flow]]:
    """Group the flows that touch the unit in focus by ends and unit of measurement."""
    found: dict[Key, list[Flow]] = {}
    ends: dict[int, End] = {}
    for flow in catalog.flows.values():
        if flow.retired:
            continue
        pair = []
        for unit_id in (flow.source_id, flow.target_id):
            if unit_id not in ends:
                ends[unit_id] = _end(catalog, seat_unit, focus_id, unit_id)
            pair.append(ends[unit_id])
        source, target = pair
        if source != target and (source.inside or target.inside):
            found.setdefault((source, target, flow.unit), []).append(flow)
    return found


def _end(catalog: Catalog, seat_unit: int, focus_id: int, unit_id: int) -> End:
    """Place a unit: in the part of the unit in focus that holds it, or outside beside an ancestor of that."""
    way = catalog.ancestors(unit_id)
    places = [unit.id for unit in way]
    if focus_id in places:
        part = way[max(0, places.index(focus_id) - 1)]
        return End(part.path, part.name, inside=True)
    partner = _beside(way, {unit.id for unit in catalog.ancestors(focus_id)})
    if may_see_unit(partner.id, seat_unit, catalog):
        return End(partner.path, partner.name, inside=False)
    return End(None, "", inside=False)


def _beside(way: Sequence[Unit], line: set[int]) -> Unit:
    """Give the highest unit of `way` that does not hold the unit in focus."""
    return next((below for below, above in pairwise(way) if above.id in line), way[-1])
