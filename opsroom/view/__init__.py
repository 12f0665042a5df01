"""The read model of the room: fed by the room, read by the live feed and the API; no I/O."""

from opsroom.view.model import View
from opsroom.view.subscription import Subscription

__all__ = ["Subscription", "View"]
