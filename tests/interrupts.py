"""Ctrl+C reaches what tests start, however the tests themselves were started."""

from __future__ import annotations

import signal


def heard_again() -> None:
    """Undo what a shell does to its background jobs: they ignore interrupts, and so does all they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
