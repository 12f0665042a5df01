"""Python itself, kept from stopping the room: its cyclic collector and its lock.

A full collection looks at every container that is alive. After start that is some 200,000 of imported
modules and compiled kernels, 0.3 s a time, and a flood of alerts brings one every few seconds: nothing that
lasts is garbage, and a press waits behind each. What lasts is therefore set aside once the room has come
up; the room's own values cannot be part of a cycle and are never looked at (`gc=False`).

A thread that computes, such as the one that writes snapshots, gives the interpreter back after 5 ms by
default. The loop asks for it anew after every wait, and would be that much later each time.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

YOUNG: Final = 10_000
"""Containers made and still alive before the youngest are looked at."""
TURN_S: Final = 0.0005
"""After which a thread that computes lets the loop go on."""


def hasten() -> None:
    """Look for no garbage until `settle`: a start makes 300,000 containers, and next to none is garbage."""
    gc.disable()


def settle() -> None:
    """Take what is alive now out of every later collection, and let threads take short turns.

    Nothing is collected before: it would take a tenth of a second to find a thousand containers.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    gc.enable()
    sys.setswitchinterval(TURN_S)
