"""Python's cyclic collector, kept from stopping the room.

A full collection looks at every container that is alive. After start that is some 200,000 of imported
modules and compiled kernels, 0.3 s a time, and a flood of alerts brings one every few seconds: nothing that
lasts is garbage, and a press waits behind each. What lasts is therefore set aside once the room has come
up; the room's own values cannot be part of a cycle and are never looked at (`gc=False`).
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 10_000
"""Containers made and still alive before the youngest are looked at."""


def set_aside() -> None:
    """Take what is alive now out of every later collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
