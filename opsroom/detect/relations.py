"""Series judged together: what a complete instant of siblings or of a relation says, and of whom it is said.

Each kind has its own file (`siblings`, `whole`, `claims`, `orders`); here its verdict becomes a finding on
one member series, under the rule of one open alert a series: an alert of its own where none is open,
evidence otherwise. What still stands when another alert of that member ends opens its own.

Siblings are judged inside the kernel of a step. That kernel stops at an instant of a relation that is ready,
and one of the kernels here judges it: what a room does not use is not compiled for it.
"""

# ruff: noqa: FBT001 - kernels take no keywords

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsroom.detect import assembly, claims, orders, siblings, tail, whole, whole_fit
from opsroom.detect.arbiter import alarm, close, emit, hold_open, outside_declared
from opsroom.detect.claims import OVER, QUIET, RAISED, STANDING
from opsroom.detect.jit import inner, kernel
from opsroom.detect.rarity import WEEK_US
from opsroom.detect.state import (
    APART,
    BACK,
    CLAIMED,
    CLAIMS,
    CONTRIBUTORS,
    EVIDENCE,
    NEVER,
    OPEN,
    OSCILLATING,
    SIBLINGS,
    TOGETHER,
    UNBALANCED,
)

BAND = 3.0
"""Deviations of the usual difference shown as the band of two accounts."""


@inner
def _company(a: Any, seats: Any, spec: Any, hold: Any) -> Any:
    """Give (whether an alert stands on a member, the least budget of the members)."""
    held = False
    budget = math.inf
    for i in range(a.size):
        row = seats[a.start + i].row
        held = held or hold[row].open != 0
        budget = min(budget, spec[row].budget)
    return held, budget


@inner
def _tell(
    a: Any, seats: Any, verdict: int, kind: int, t: int, spec: Any, tails: Any, hold: Any, events: Any, n: int
) -> Any:
    """Emit what a verdict asks for on the member it is said of; gives the next free place."""
    a.standing = 1 if verdict in (RAISED, STANDING) else 0
    row = seats[a.start + a.said].row
    h = hold[row]
    own = h.open == a.kind and h.relation == a.id
    if verdict == OVER and own:
        n = emit(events, n, row, BACK, a.kind, kind, t, math.nan)
        events[n - 1].onset = h.onset
        close(h, tails[row], spec[row].turn)
    if not a.standing or own:
        return n
    if h.open == 0:
        n = emit(events, n, row, OPEN, a.kind, kind, t, math.nan)
        hold_open(h, a.kind, math.nan, math.nan, False, t, t, 0, False)
        h.relation = a.id
    elif not (h.evidence >> a.kind) & 1:
        n = emit(events, n, row, EVIDENCE, a.kind, kind, t, math.nan)
        h.evidence |= np.uint32(1 << a.kind)
    return n


@inner
def _dated(h: Any, a: Any, e: Any, onset: int, direction: int) -> None:
    """Date a finding and, where it opened the alert, the alert."""
    e.onset, e.direction = onset, direction
    if h.open == a.kind and h.relation == a.id:
        h.onset, h.direction = onset, direction


@kernel
def judge_accounts(a: Any, r: Any, seats: Any, spec: Any, tails: Any, hold: Any, events: Any) -> Any:
    """Two accounts of one thing: a claim against a receipt, or what goes in against what comes out."""
    n = 0
    values = np.empty(a.size)
    t = assembly.take(a, seats, values)
    held, budget = _company(a, seats, spec, hold)
    if a.kind == CLAIMS:
        said, got = seats[a.start].row, seats[a.start + 1].row
        verdict = claims.claim(r, t, values[0], values[1], spec[said].budget, spec[got].budget, held)
    else:
        weights = np.empty(a.size)
        for i in range(a.size):
            weights[i] = seats[a.start + i].weight
        verdict = claims.balance(r, t, values, weights, budget, held)
    if verdict in (QUIET, STANDING) and not (a.standing or verdict == STANDING):
        return n
    if verdict == RAISED:
        a.said = r.of
    before = n
    kind = CLAIMED if a.kind == CLAIMS else UNBALANCED
    n = _tell(a, seats, verdict, kind, t, spec, tails, hold, events, n)
    if n > before:
        e = events[n - 1]
        row = seats[a.start + a.said].row
        e.value, e.expected = r.seen, r.centre
        e.low, e.high = r.centre - BAND * r.scale, r.centre + BAND * r.scale
        if verdict != OVER:
            e.rate = r.rate
            _dated(hold[row], a, e, r.onset, r.sign)
            e.others[0], e.others_z[0], e.others_n = spec[row].series, r.z, 1
            if a.kind == CLAIMS:  # the partner is named, whoever is asked
                other = seats[a.start + 1 - a.said].row
                e.others[1], e.others_z[1], e.others_n = spec[other].series, -r.z, 2
    return n


@kernel
def judge_orders(a: Any, r: Any, seats: Any, spec: Any, tails: Any, hold: Any, events: Any) -> Any:
    """Orders that swing wider than the demand they answer."""
    n = 0
    values = np.empty(a.size)
    t = assembly.take(a, seats, values)
    _, budget = _company(a, seats, spec, hold)
    verdict = orders.move(r, t, values[0], values[1], budget)
    if verdict == QUIET and not a.standing:
        return n
    a.said = 1
    before = n
    n = _tell(a, seats, verdict, OSCILLATING, t, spec, tails, hold, events, n)
    if n > before:
        e = events[n - 1]
        row = seats[a.start + 1].row
        e.value, e.expected, e.high = r.ratio, r.accepted, r.accepted
        if verdict != OVER:
            e.rate = r.rate
            _dated(hold[row], a, e, r.onset, 1)
            demand = seats[a.start].row
            e.others[0], e.others_z[0], e.others_n = spec[demand].series, r.alternation, 1
    return n


@kernel
def judge_whole(a: Any, m: Any, seats: Any, spec: Any, tails: Any, hold: Any, events: Any) -> Any:
    """A plant as a whole; said of the member that contributes most.

    It learns nothing from an instant at which a member's alert is open.
    """
    n = 0
    values = np.empty(a.size)
    t = assembly.take(a, seats, values)
    held, budget = _company(a, seats, spec, hold)
    if int(m[whole_fit.PHASE]) != whole_fit.WATCHING and not _teachable(a, m, t, held):
        return n
    ratio, found = whole.move(m, values)
    allowed = budget * a.gap / WEEK_US
    decided = whole.decide(m, ratio, found, allowed)
    verdict = STANDING if m[whole_fit.OPEN] else QUIET
    if decided == whole_fit.OPENED:
        verdict = RAISED
    elif decided == whole_fit.CLOSED:
        verdict = OVER
    if verdict == QUIET and not a.standing:
        return n
    parts = np.zeros(a.size)
    if verdict != OVER:
        whole.contributions(m, parts)
    if verdict == RAISED:
        a.said = np.argmax(parts)
    before = n
    n = _tell(a, seats, verdict, TOGETHER, t, spec, tails, hold, events, n)
    if n > before:
        e = events[n - 1]
        row = seats[a.start + a.said].row
        e.value, e.high = ratio, 1.0
        if verdict != OVER:
            e.rate = whole.rate(m, ratio) * WEEK_US / a.gap if a.gap > 0.0 else math.nan
            _dated(hold[row], a, e, t, 0)
            _largest(e, a, seats, spec, parts)
    return n


@inner
def _teachable(a: Any, m: Any, t: int, held: bool) -> Any:
    """Whether a model that is not watching yet takes the instant; ends its phases where time ends them."""
    phase = int(m[whole_fit.PHASE])
    if a.clean_to > a.clean_from:
        if t < a.clean_from:
            return False
        middle = a.clean_from + whole_fit.LEARN_SHARE * (a.clean_to - a.clean_from)
        if t >= (middle if phase == whole_fit.LEARNING else a.clean_to):
            whole_fit.end_phase(m)
    if held and int(m[whole_fit.PHASE]) != whole_fit.WATCHING:
        m[whole_fit.LINKED] = 0.0
        return False
    return True


@inner
def _largest(e: Any, a: Any, seats: Any, spec: Any, parts: Any) -> None:
    """List the members with the largest parts, largest first; `parts`, shape [size], is used up."""
    for k in range(min(a.size, CONTRIBUTORS)):
        best = 0
        for i in range(a.size):
            best = i if parts[i] > parts[best] else best
        if not parts[best] > 0.0:
            return
        e.others[k] = spec[seats[a.start + best].row].series
        e.others_z[k] = parts[best]
        e.others_n = k + 1
        parts[best] = -math.inf


@inner
def _budget(a: Any, seats: Any, spec: Any) -> float:
    """Give the mean budget of a group's members: what people said of one moves its share of the threshold."""
    first = spec[seats[a.start].row].budget
    more = 0.0
    for i in range(a.start, a.start + a.size):  # differences: equal budgets give just that budget
        more += spec[seats[i].row].budget - first
    return float(first + more / a.size)


@inner
def judge_siblings(
    a: Any,
    groups: Any,
    seats: Any,
    spec: Any,
    tails: Any,
    sib: Any,
    hold: Any,
    recovery: int,
    events: Any,
    n: int,
) -> Any:
    """Judge the oldest instant of a sibling group and emit what its members show."""
    g = groups[a.model]
    values = np.empty(a.size)
    t = assembly.take(a, seats, values)
    size = a.size
    distance = np.empty(size)
    scale = np.empty(size)
    first = seats[a.start].row
    siblings.judge(a, g, seats, sib, t, values, spec[first].turn, hold, distance, scale)
    gap = tails[first].gap
    if g.dirty:
        siblings.refit(a, g, seats, sib, gap, _budget(a, seats, spec))
    for i in range(size):
        if math.isnan(values[i]):
            continue
        row = seats[a.start + i].row
        s, r, h, b = spec[row], tails[row], hold[row], sib[row]
        n = _waiting(a, seats, tails, s, r, h, row, i, t, values, events, n)
        if math.isnan(distance[i]):
            continue
        centre = values[i] - distance[i]
        if h.open == SIBLINGS:
            half = siblings.GUARD * h.half
            inside = abs(distance[i]) <= half and not outside_declared(s, values[i])
            h.inside = h.inside + 1 if inside else 0
            if h.inside >= recovery:
                n = emit(events, n, row, BACK, SIBLINGS, APART, t, values[i])
                e = events[n - 1]
                e.expected, e.low, e.high, e.onset = centre, centre - half, centre + half, h.onset
                close(h, r, s.turn)
                b.score = 0.0
                b.outside_since = NEVER
            continue
        usable = scale[i] > 0.0 and not math.isinf(scale[i])
        if not usable or abs(b.score) <= g.threshold or abs(distance[i]) <= siblings.GUARD * scale[i]:
            continue
        if b.score * distance[i] <= 0.0 or (h.open and ((h.evidence >> SIBLINGS) & 1 or b.at != t)):
            continue
        n = emit(events, n, row, EVIDENCE if h.open else OPEN, SIBLINGS, APART, t, values[i])
        e = events[n - 1]
        half = siblings.GUARD * scale[i]
        onset = b.outside_since if b.outside_since != NEVER else t
        e.expected, e.low, e.high, e.onset = centre, centre - half, centre + half, onset
        e.direction = 1 if distance[i] > 0.0 else -1
        e.rate = siblings.how_often(a, seats, sib, gap, abs(b.score))
        _contributors(e, a, seats, spec, distance, scale)
        if h.open:
            h.evidence |= np.uint32(1 << SIBLINGS)
        else:
            hold_open(h, SIBLINGS, centre, scale[i], False, onset, t, e.direction, False)
    return n


@inner
def _waiting(
    a: Any,
    seats: Any,
    tails: Any,
    s: Any,
    r: Any,
    h: Any,
    row: int,
    i: int,
    t: int,
    values: Any,
    events: Any,
    n: int,
) -> Any:
    """Open the alarm of member `i` that waited for this instant; gives the next free place for findings.

    What most of the others show as well is weather: it must then be `tail.AGAIN` times rarer.
    """
    if h.waiting == 0 or h.waiting_t > t:
        return n
    detector, h.waiting = h.waiting, 0
    if h.waiting_t < t or h.open:
        return n
    stirred = others = 0
    for k in range(a.size):
        if k != i and not math.isnan(values[k]):
            others += 1
            stirred += 1 if tails[seats[a.start + k].row].stir >= siblings.STIRRED else 0
    if 2 * stirred >= others > 0 and h.waiting_rate > tail.AGAIN * s.budget:
        return n
    outside = outside_declared(s, values[i])
    half, often = h.waiting_half, h.waiting_rate
    return alarm(
        r, h, row, t, values[i], detector, h.waiting_centre, half, often, h.waiting_dir, outside, events, n
    )


@inner
def _contributors(e: Any, a: Any, seats: Any, spec: Any, distance: Any, scale: Any) -> None:
    """Name the members farthest apart, farthest first."""
    taken = np.zeros(a.size, np.bool_)
    for k in range(min(a.size, CONTRIBUTORS)):
        best = -1
        for i in range(a.size):
            if taken[i] or math.isnan(distance[i]):
                continue
            if best < 0 or abs(distance[i]) > abs(distance[best]):
                best = i
        if best < 0:
            return
        taken[best] = True
        e.others[k] = spec[seats[a.start + best].row].series
        e.others_z[k] = distance[best] / scale[best]
        e.others_n = k + 1


@kernel
def forget_account(r: Any) -> None:
    """Let two accounts learn anew (a decision, a new capability)."""
    claims.forget(r)


@kernel
def accept_orders(r: Any) -> None:
    """Take the present swing of orders as usual (a decision, a new capability)."""
    orders.accept(r)
