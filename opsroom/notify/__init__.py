"""Notifications: what the journal holds is told outside the room, at least once, under one id each.

`Notifier` reads committed edges, groups them (`grouping`), keeps notices in the store's outbox and carries
them over channels, each found by its file in `channels`. `Watchdog` gives a sign of life to a monitor
outside. `alertmanager` translates what Prometheus' Alertmanager posts.
"""

from opsroom.notify.notifier import Notifier, open_channels
from opsroom.notify.watchdog import Watchdog

__all__ = ["Notifier", "Watchdog", "open_channels"]
