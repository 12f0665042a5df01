"""When a failed try is made again: exponential pauses with jitter that depends on the notice alone. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from opsroom.model import MICROS_PER_S, Micros

if TYPE_CHECKING:
    from opsroom.notices import Delivery
    from opsroom.notify.channel import Undelivered
    from opsroom.settings import NotifySection

DOUBLINGS_MAX: Final = 32
_SPREAD: Final = 1 << 32


def pause_s(notice_id: str, attempts: int, first_s: float, most_s: float) -> float:
    """Give the pause after the try number `attempts` (1, 2, ...), seconds.

    Between half of the doubled pause and all of it, by the hash of id and number: receivers that come back
    are not met by everything at once, and a replay pauses equally long.
    """
    whole = min(most_s, first_s * 2.0 ** min(attempts - 1, DOUBLINGS_MAX))
    digest = hashlib.sha256(f"{notice_id}:{attempts}".encode()).digest()
    return float(whole * (0.5 + 0.5 * int.from_bytes(digest[:4], "big") / _SPREAD))


def after_failure(delivery: Delivery, error: Undelivered, now: Micros, settings: NotifySection) -> Delivery:
    """Give the delivery after a failed try: later again, or dead.

    Dead is what the receiver will never take, and what would be tried after `give_up_s`; the reason stays.
    """
    attempts = delivery.attempts + 1
    wait_s = pause_s(delivery.notice.id, attempts, settings.retry_first_s, settings.retry_max_s)
    wait_s = max(wait_s, min(error.wait_s, settings.retry_max_s))
    due = now + round(wait_s * MICROS_PER_S)
    over = due - max(delivery.since, delivery.notice.made) > settings.give_up_s * MICROS_PER_S
    dead = error.permanent or over
    return replace(
        delivery,
        attempts=attempts,
        due=due,
        changed=now,
        state="dead" if dead else "waiting",
        reason=f"{error.code}: {error.message}",
    )
