"""One alert for each series, and two who may hold it open: the detectors and the rules.

An alert ends when nobody holds it any more. Whoever falls silent first only falls silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from opsroom.model import Finding, FindingVerb
from opsroom.rules.book import is_event
from opsroom.rules.memory import State


def join(
    said: Iterable[Finding],
    ruled: Iterable[Finding],
    state: State,
    held: Callable[[int], bool],
    under: State,
) -> list[Finding]:
    """Give what the alert book is to hear of what detectors (`said`) and rules (`ruled`) found in one step.

    `state` is that of the rules after the step, `held` says whether detectors hold a series open after it.
    `under` is of the rules by which `ruled` was found, also where others are agreed by now.
    """
    heard = [one for one in said if one.verb is not FindingVerb.BACK or not state.stands(one.series_id)]
    alarms = [one for one in ruled if not is_event(under, one)]
    standing = _before(alarms, state)
    for one in alarms:
        holders = standing.setdefault(one.series_id, set())
        if one.verb is FindingVerb.OPEN:
            holders.add(one.detector)
            heard.append(one)
            continue
        holders.discard(one.detector)
        if not holders and not held(one.series_id):
            heard.append(one)
    return heard


def _before(ruled: Sequence[Finding], state: State) -> dict[int, set[str]]:
    """Give which rules stood on the series concerned before the step; what is filed as event holds none."""
    concerned = {one.series_id for one in ruled}
    if not concerned:
        return {}
    standing: dict[int, set[str]] = {}
    events = {rule.id for rule in state.rules if rule.event}
    detectors = {rule.id: rule.detector for rule in state.rules}
    for rule_id, series_id in state.standing():
        if series_id in concerned and rule_id not in events:
            standing.setdefault(series_id, set()).add(detectors[rule_id])
    for one in reversed(ruled):
        holders = standing.setdefault(one.series_id, set())
        (holders.discard if one.verb is FindingVerb.OPEN else holders.add)(one.detector)
    return standing
