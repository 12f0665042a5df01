"""Readings of several series at one instant, put side by side: siblings, variables of a plant, two accounts.

Each gathering keeps up to PENDING instants open. An instant is judged, oldest first, as soon as every live
member has given it or has passed it over (by a later reading), or when a fifth instant needs its place. A
member that made others wait in vain is not waited for again until it reports; it then takes part from the
next instant on. So what is judged depends on the order of the readings in event time and on nothing else:
neither on batches nor on the order of series within an instant. Members report at the same instants; one
that reports at a fraction of them is missing at the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from opsroom.detect.jit import inner
from opsroom.detect.state import PENDING

GAP_MEMORY = 256.0


@inner
def arrive(  # noqa: C901 - one walk over four places
    a: Any, seats: Any, seat: int, t: int, y: float
) -> None:
    """Put the reading of `seat` at `t` beside those of the others.

    Instants before `t` for which this member gave nothing are passed over by it; a reading of an instant
    that has been judged already is too late, and to give one twice changes nothing.
    """
    r = seats[seat]
    if r.dead:  # it takes part from the next instant on, whatever the order of arrival within this one
        r.dead = 0
        r.back_at = t
        a.live += 1
        for k in range(a.pending_n):
            if a.pending_t[k] <= t:
                r.accounted[k] = 2
                a.pending_count[k] += 1
        return
    if t <= a.passed or t <= r.back_at:
        return
    slot = -1
    for k in range(a.pending_n):
        if a.pending_t[k] == t:
            slot = k
        elif a.pending_t[k] < t and r.accounted[k] == 0:
            r.accounted[k] = 2
            a.pending_count[k] += 1
    if slot < 0:
        slot = _insert(a, seats, t)
    if slot < 0 or r.accounted[slot] == 1:
        return
    if r.accounted[slot] == 0:
        a.pending_count[slot] += 1
    r.accounted[slot] = 1
    r.pending[slot] = y


@inner
def _insert(a: Any, seats: Any, t: int) -> Any:
    """Make room for instant `t` among the pending ones; gives its place, -1 where there is none."""
    if a.pending_n >= PENDING:
        return -1
    k = a.pending_n
    while k > 0 and a.pending_t[k - 1] > t:
        k -= 1
    for j in range(a.pending_n, k, -1):
        a.pending_t[j] = a.pending_t[j - 1]
        a.pending_count[j] = a.pending_count[j - 1]
    given = 0
    for i in range(a.start, a.start + a.size):
        r = seats[i]
        for j in range(a.pending_n, k, -1):
            r.pending[j] = r.pending[j - 1]
            r.accounted[j] = r.accounted[j - 1]
        r.pending[k] = np.nan
        r.accounted[k] = 2 if not r.dead and r.back_at >= t else 0
        given += 1 if r.accounted[k] else 0
    a.pending_t[k] = t
    a.pending_count[k] = given
    a.pending_n += 1
    return k


@inner
def ready(a: Any) -> Any:
    """Whether all live members are accounted for at the oldest pending instant."""
    return a.pending_n > 0 and a.pending_count[0] >= a.live


@inner
def due(a: Any, newest: int) -> Any:
    """Whether the oldest pending instant is to be judged: it is ready, or `newest` needs its place."""
    if a.pending_n == 0:
        return False
    if a.pending_count[0] >= a.live:
        return True
    return bool(a.pending_n >= PENDING and newest > a.pending_t[a.pending_n - 1])


@inner
def take(a: Any, seats: Any, values: Any) -> Any:
    """Take out the oldest pending instant, `values` shape [size], NaN where a member gave nothing.

    Gives the instant.
    """
    t = a.pending_t[0]
    last = a.pending_n - 1
    for k in range(last):
        a.pending_t[k] = a.pending_t[k + 1]
        a.pending_count[k] = a.pending_count[k + 1]
    for i in range(a.size):
        r = seats[a.start + i]
        values[i] = r.pending[0]
        if r.accounted[0] == 0 and not r.dead:
            r.dead = 1
            a.live -= 1
        for k in range(last):
            r.pending[k] = r.pending[k + 1]
            r.accounted[k] = r.accounted[k + 1]
        r.pending[last] = np.nan
        r.accounted[last] = 0
    a.pending_n = last
    if a.turns > 0:
        apart = float(t - a.passed)
        usual = min(apart, 8.0 * a.gap) if a.gap > 0.0 else apart
        a.gap += max(1.0 / a.turns, 1.0 / GAP_MEMORY) * (usual - a.gap)
    a.turns += 1
    a.passed = t
    return t
