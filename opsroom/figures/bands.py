"""Bands after EEMUA 191 as they are coded publicly, not as the book has them.

The rates come from a public discussion of the CS-Studio alarm server, the performance bands from public
code; of the latter, two bands share the mean of 1 to 10, so the three criteria are taken together and the
worst counts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

RATES: Final = ("recommended", "manageable", "over_demanding", "unacceptable")
# Raises in 10 min: below 1; up to 1 in 5 min; up to 1 a minute; above.
RATE_EDGES: Final = (2.0, 10.0)
BANDS: Final = ("predictive", "robust", "stable", "reactive", "overloaded")
# A mean below 1, up to 10 (robust and stable share it: the milder counts), up to 100, above.
MEAN_EDGES: Final = (10.0, 100.0)
PEAK_EDGES: Final = (10, 100, 1000)
ABOVE_EDGES: Final = (0.01, 0.05, 0.25)
PEAK_MOST, ABOVE_MOST = 1000, 0.50


def rate_band(per_10min: float) -> str:
    """Name the band of a mean rate: below 1 in 10 min, up to 1 in 5 min, up to 1 a minute, above.

    >>> rate_band(0.9), rate_band(2.0), rate_band(5.0), rate_band(10.5)
    ('recommended', 'manageable', 'over_demanding', 'unacceptable')
    """
    if per_10min < 1.0:
        return RATES[0]
    return RATES[1 + bisect_left(RATE_EDGES, per_10min)]


def performance_band(per_10min: float, peak: int, above: float) -> str:
    """Name the worst of three bands: of the mean, of the peak in 10 min, of the share of bins above five.

    >>> performance_band(0.5, 12, 0.0)
    'robust'
    """
    mean = 0 if per_10min < 1.0 else (1, 3, 4)[bisect_left(MEAN_EDGES, per_10min)]
    peaks = bisect_right(PEAK_EDGES, peak) + (peak > PEAK_MOST)
    times = bisect_right(ABOVE_EDGES, above) + (above > ABOVE_MOST)
    return BANDS[max(mean, peaks, times)]
