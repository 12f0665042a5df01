"""Which alerts are one line: those of one unit raised within one recovery time, and what one cause explains.

One rule for what is told outside and for what stands on the wall (DOMAIN 1.6 rule 5). Each gathers what it
has in its own way, a receiver edge by edge, a screen all at once; the two questions they ask are here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from opsroom.model import Alert, Annunciation


def cause_of(alert: Alert) -> str:
    """Name the alert that stands for this one, "" where it stands for itself."""
    return alert.cause or (alert.silenced.cause if alert.silenced is not None else "")


def window_us(standing: Annunciation, recovery_default_s: float) -> int:
    """Give how long (us) the alert gathers others from an annunciation on: the recovery time that runs there.

    Where none runs, at the top, it is the default.
    """
    if standing.deadline is None:
        return round(recovery_default_s * MICROS_PER_S)
    return max(1, standing.deadline - standing.at)
