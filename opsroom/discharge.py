"""What is set aside is judged no more: its alerts end, and nothing found on it is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsroom.founding import no_more

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsroom.core import Core
    from opsroom.model import Finding, Series, Transition


def discharge(core: Core, altered: Iterable[Series], offset: int) -> list[Transition]:
    """End the alerts of those among altered series that are set aside; gives their edges."""
    findings = []
    for series_id in [one.id for one in altered if one.aside and one.id in core.book.by_series]:
        core.detectors = core.engine.release(core.detectors, series_id)
        core.rules = core.rulebook.release(core.rules, series_id)
        findings.append(no_more(series_id, core.now))
    if not findings:
        return []
    return core.book.on_findings(core.catalog, core.now, offset, findings, core.settings)[0]


def heard(core: Core, findings: list[Finding]) -> list[Finding]:
    """Leave out what was found on series that are set aside, and let their detectors go on."""
    series = core.catalog.series
    for one in findings:
        if series[one.series_id].aside:
            core.detectors = core.engine.release(core.detectors, one.series_id)
    return [one for one in findings if not series[one.series_id].aside]
