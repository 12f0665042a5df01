"""The triple of an indicator as indices: productivity, latency, performance.

Beer, Brain of the Firm, p. 163; DOMAIN 1.4.

Actuality is what is managed now, capability what could be now, potentiality what ought to be with the means
developed. Where less is better every ratio is inverted. Nothing is clipped; a zero denominator or a missing
figure gives an undefined index, never 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opsroom.model import Indicator, Orientation

if TYPE_CHECKING:
    from collections.abc import Sequence

POTENTIALITY_GUESS: Final = 1.25
"""Potentiality in capabilities where none is agreed, marked as estimated."""


class Triple(NamedTuple):
    """Three indices of one reading; None where undefined. `estimated` where the potentiality was guessed."""

    productivity: float | None
    latency: float | None
    performance: float | None
    estimated: bool
    capability_understated: bool


def potentiality_of(indicator: Indicator) -> tuple[float | None, bool]:
    """Give (potentiality, whether it is guessed from the capability)."""
    if indicator.potentiality is not None:
        return indicator.potentiality, False
    if indicator.capability is None:
        return None, False
    if indicator.orientation is Orientation.MORE_IS_BETTER:
        return indicator.capability * POTENTIALITY_GUESS, True
    return indicator.capability / POTENTIALITY_GUESS, True


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """Give numerator / denominator, None where either is missing or not finite or the denominator is 0."""
    if numerator is None or denominator is None or denominator == 0.0:
        return None
    value = numerator / denominator
    return value if math.isfinite(value) else None


def triple(actuality: float | None, indicator: Indicator) -> Triple:
    """Give the indices of one actuality.

    >>> from opsroom.model import Indicator, Orientation
    >>> beer = Indicator(orientation=Orientation.MORE_IS_BETTER, capability=60, potentiality=100)
    >>> [round(x, 2) for x in triple(40, beer)[:3]]
    [0.67, 0.6, 0.4]
    """
    potentiality, estimated = potentiality_of(indicator)
    capability = indicator.capability
    if indicator.orientation is Orientation.MORE_IS_BETTER:
        productivity = ratio(actuality, capability)
        latency, performance = ratio(capability, potentiality), ratio(actuality, potentiality)
    else:
        productivity = ratio(capability, actuality)
        latency, performance = ratio(potentiality, capability), ratio(potentiality, actuality)
    understated = any(index is not None and index > 1.0 for index in (productivity, latency))
    return Triple(productivity, latency, performance, estimated, understated)


def productivity(actuality: ArrayLike, indicator: Indicator) -> NDArray[np.float64]:
    """Give the productivity of many actualities, any shape; NaN where undefined.

    This is what detection scores.
    """
    act = np.asarray(actuality, np.float64)
    index = np.full(act.shape, np.nan)
    if indicator.capability is None:
        return index
    more = indicator.orientation is Orientation.MORE_IS_BETTER
    over, under = (act, indicator.capability) if more else (indicator.capability, act)
    with np.errstate(over="ignore"):  # too large for a float is as undefined as a zero below the line
        np.divide(over, under, out=index, where=np.asarray(under) != 0.0)
    index[~np.isfinite(index)] = np.nan
    return index


def actualities(
    indicators: Sequence[Indicator | None], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn bands of what is scored, each shape (n,), into bands of readings: an indicator's is of its index.

    NaN where unknown. The arrays are written to.
    """
    for place, indicator in enumerate(indicators):
        if indicator is None or indicator.capability is None:
            continue
        capability, ends = indicator.capability, (low[place], high[place])
        if indicator.orientation is Orientation.MORE_IS_BETTER:
            low[place], high[place] = (end * capability for end in ends)
        else:
            # Dividing turns the ends around; no reading gives a productivity of 0 or less.
            high[place], low[place] = (capability / end if end > 0 else np.nan for end in ends)
    return low, high
