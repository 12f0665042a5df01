"""How people's verdicts on alerts move a series' false-alarm budget, within bounds.

"Was this alert useful?" is asked of an alert; the answer of the greater number of those who judged it counts
(each person's last word; a tie counts nothing). An alert found useless halves the budget of its series, a
useful one raises it by a quarter, and at every step the budget stays between a tenth and four times the
setting `room.budget_per_week`. Only alerts that a calibrated detector opened count, since limits, silence
and presses know no budget; that of an essential indicator is never lowered below the setting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from opsroom.model import Alert, FindingVerb, Judgement, Micros, Sentence, Series

if TYPE_CHECKING:
    from collections.abc import Iterable

USELESS: Final = 0.5
USEFUL: Final = 1.25
"""Three useful alerts make good for about one useless one: 1.25 ** 3 * 0.5 = 0.98."""
LEAST: Final = 0.1
MOST: Final = 4.0
VERDICTS_KEPT: Final = 32
"""Judged alerts kept by name for each series; older ones stay in the factor and can no longer be altered."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What people say of one alert that was raised at `raised`; one judgement a person."""

    alert_id: str
    raised: Micros
    judgements: tuple[Judgement, ...]

    @property
    def sign(self) -> int:
        """Give 1 useful, -1 not, 0 a tie."""
        votes = sum(1 if one.useful else -1 for one in self.judgements)
        return (votes > 0) - (votes < 0)


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts on one series, in the order in which its alerts were first judged."""

    base: float = 1.0
    useful: int = 0
    useless: int = 0
    verdicts: tuple[Verdict, ...] = ()

    def counts(self) -> tuple[int, int]:
        """Give the number of alerts found (useful, not useful), those no longer kept by name included."""
        signs = [verdict.sign for verdict in self.verdicts]
        return self.useful + signs.count(1), self.useless + signs.count(-1)

    def factor(self, series: Series) -> float:
        """Give what the setting is multiplied by; at least 1 for an essential indicator."""
        essential = series.indicator is not None and series.indicator.essential
        return _moved(self.base, self.verdicts, 1.0 if essential else LEAST)


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """The present budget of a series: expected false alarms a week, and how it came about."""

    per_week: float
    usual: float
    useful: int = 0
    useless: int = 0
    verdicts: tuple[Verdict, ...] = ()

    def sentence(self) -> Sentence | None:
        """Say that people moved the budget; None while it is the usual one."""
        if self.per_week == self.usual:
            return None
        params = {
            "budget": self.per_week,
            "usual": self.usual,
            "useful": self.useful,
            "useless": self.useless,
        }
        return Sentence("why.budget", params)


def calibrated(alert: Alert) -> bool:
    """Say whether a detector that states its rate of false alarms opened the alert."""
    return any(f.verb is FindingVerb.OPEN and f.rate_per_week is not None for f in alert.findings[:1])


def judged(trust: Trust | None, alert: Alert) -> Trust:
    """Give the trust after the judgements that `alert` now carries."""
    trust = trust or Trust()
    now = Verdict(alert_id=alert.id, raised=alert.raised, judgements=alert.judgements)
    if any(verdict.alert_id == alert.id for verdict in trust.verdicts):
        kept = tuple(now if verdict.alert_id == alert.id else verdict for verdict in trust.verdicts)
        return msgspec.structs.replace(trust, verdicts=kept)
    whole = (*trust.verdicts, now)
    gone, kept = whole[:-VERDICTS_KEPT], whole[-VERDICTS_KEPT:]
    useful, useless = Trust(verdicts=gone).counts()
    return Trust(
        base=_moved(trust.base, gone, LEAST),
        useful=trust.useful + useful,
        useless=trust.useless + useless,
        verdicts=kept,
    )


def budget_of(trust: Trust | None, series: Series, usual: float) -> Budget:
    """Give the budget of `series` where the setting is `usual` false alarms a week."""
    if trust is None:
        return Budget(per_week=usual, usual=usual)
    useful, useless = trust.counts()
    return Budget(
        per_week=usual * trust.factor(series),
        usual=usual,
        useful=useful,
        useless=useless,
        verdicts=trust.verdicts,
    )


def with_judgement(row: Sequence[Judgement], one: Judgement) -> tuple[Judgement, ...]:
    """Give the judgements with `one` in the place of what the same person said before."""
    return (*(said for said in row if (said.seat_id, said.person) != (one.seat_id, one.person)), one)


def _moved(factor: float, verdicts: Iterable[Verdict], least: float) -> float:
    factor = max(factor, least)
    for verdict in verdicts:
        step = {1: USEFUL, 0: 1.0, -1: USELESS}[verdict.sign]
        factor = min(MOST, max(least, factor * step))
    return factor
