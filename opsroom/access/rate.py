"""A token bucket for each address: guessing a password is slow, and an attacker fills no memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

ADDRESSES_MAX: Final = 10_000
SECONDS_A_MINUTE: Final = 60.0


class LoginRate:
    """At most `per_minute` tries for each address, refilled evenly.

    Pure: `now_s` is an argument (monotonic seconds).

    >>> rate = LoginRate(2)
    >>> [rate.take("a", 0.0) for _ in range(3)], rate.take("b", 0.0), rate.take("a", 30.0)
    ([0.0, 0.0, 30.0], 0.0, 0.0)
    """

    def __init__(self, per_minute: int) -> None:
        """Start with a full bucket for everybody."""
        self._full = float(per_minute)
        self._per_s = per_minute / SECONDS_A_MINUTE
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, now_s: float) -> float:
        """Count one try of `address`.

        Give 0.0 when it is allowed, else the seconds to wait (and count nothing).
        """
        left, at = self._buckets.pop(address, (self._full, now_s))
        left = min(self._full, left + max(0.0, now_s - at) * self._per_s)
        allowed = left >= 1.0
        self._buckets[address] = (left - 1.0 if allowed else left, now_s)
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else round((1.0 - left) / self._per_s, 3)
