"""How long a stated span may be: a period, a lateness, a recovery time."""

from __future__ import annotations

from typing import Final

from opsroom.model import MICROS_PER_S, Micros

SPAN_S_MAX: Final = 366 * 86_400.0
"""The longest that anybody may state, in seconds."""


def span_us(seconds: float) -> Micros:
    """Give a stated span as int microseconds, at most `SPAN_S_MAX`: what older logs hold may be longer."""
    return round(min(seconds, SPAN_S_MAX) * MICROS_PER_S)
