"""The room's API: sessions, acts, queries, live feed, health; and the guard before all that is served."""

from opsroom.api.app import create_api
from opsroom.api.ports import COOKIE, ApiRoom

__all__ = ["COOKIE", "ApiRoom", "create_api"]
