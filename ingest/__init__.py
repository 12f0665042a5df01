"""All that touches a plant; a plant's own program needs `Plant` or `AsyncPlant`.

with Plant("ws://127.0.0.1:8040", token="...") as plant:
    plant.send("output", 3.2, unit="t/h")

Names are loaded when they are first asked for: the room's own code in this package asks for none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ingest.plant import AsyncPlant
    from ingest.plant_sync import Plant
    from ingest.told import Alert, Decision, LinkError, NotDelivered, Progress, Refused, Warned
    from opsroom.errors import OpsroomError

__all__ = [
    "Alert",
    "AsyncPlant",
    "Decision",
    "LinkError",
    "NotDelivered",
    "OpsroomError",
    "Plant",
    "Progress",
    "Refused",
    "Warned",
]

_HOMES: Final = {
    "AsyncPlant": "ingest.plant",
    "Plant": "ingest.plant_sync",
    "OpsroomError": "opsroom.errors",
}


def __getattr__(name: str) -> Any:
    """Load a name of `__all__` (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "ingest.told")), name)


def __dir__() -> list[str]:
    """Give what there is, loaded or not."""
    return sorted({*globals(), *__all__})
