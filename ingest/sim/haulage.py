"""Who gets a lorry: contracts as they stand, or what the room agreed when lorries grew scarce. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ingest.sim.layout import Layout


def by_contract(layout: Layout, wanted: np.ndarray, able: np.ndarray) -> np.ndarray:
    """Give what each flow gets carried (F, t/h) when each carrier serves its own customers alike.

    `wanted` (F, t/h) is what lies ready; `able` (E, t/h) what each carrier can take. Pipes take everything.
    """
    carrier = layout.flows.carrier
    on = carrier >= 0
    load = np.bincount(carrier[on], wanted[on], len(able))
    share = np.minimum(1.0, able / np.maximum(load, 1e-12))
    taken: np.ndarray = np.where(on, wanted * share[carrier], wanted)
    return taken


def in_common(layout: Layout, wanted: np.ndarray, able: np.ndarray, urgency: np.ndarray) -> np.ndarray:
    """Give what each flow gets (F, t/h) when all lorries are one pool: food, milk and fuel first.

    Within each of the two classes the share grows with `urgency` (F, 0 to 1: how empty the store is).
    Rail and pipes serve as before.
    """
    flows = layout.flows
    road = flows.is_road
    left = float(able[layout.trucks].sum())
    taken = by_contract(layout, wanted, able)
    taken[road] = 0.0
    first = layout.enterprises.essential[flows.consumer]
    for chosen in (road & first, road & ~first):
        given = _by_urgency(wanted[chosen], urgency[chosen], left)
        taken[chosen] = given
        left = max(0.0, left - float(given.sum()))
    return taken


def _by_urgency(wanted: np.ndarray, urgency: np.ndarray, room: float) -> np.ndarray:
    """Share `room` (t/h): first what is urgent, then the rest alike."""
    urgent = wanted * urgency
    total = float(urgent.sum())
    if total >= room:
        part: np.ndarray = urgent * (room / max(total, 1e-12))
        return part
    rest = wanted - urgent
    share = min(1.0, (room - total) / max(float(rest.sum()), 1e-12))
    given: np.ndarray = urgent + share * rest
    return given
