"""Wall screens at the desk: their rows in memory, made, opened once and ended."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import TYPE_CHECKING

import msgspec

from opsroom.access.hashes import TOKEN_BYTES, hash_of
from opsroom.errors import NotFound, NotSignedIn
from opsroom.model import MICROS_PER_S
from opsroom.seats import Kiosk, Seat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsroom.access.desk import Offload
    from opsroom.access.rows import KioskRows
    from opsroom.clock import Clock


class Kiosks:
    """The wall screens of the room; `changing` is held while rows and memory change together."""

    def __init__(self, rows: KioskRows, clock: Clock, write: Offload, changing: asyncio.Lock) -> None:
        """Take where rows are written; `take` fills the memory."""
        self._rows, self._clock, self._write, self._changing = rows, clock, write, changing
        self._kept: dict[int, Kiosk] = {}

    def take(self, rows: Iterable[Kiosk]) -> None:
        """Keep the rows as they were read."""
        self._kept = {kiosk.id: kiosk for kiosk in rows}

    def all(self) -> list[Kiosk]:
        """Give all by id, ended ones too."""
        return sorted(self._kept.values(), key=lambda kiosk: kiosk.id)

    def seat(self, kiosk_id: int) -> Seat | None:
        """Give the place of a wall screen that stands; None where there is none."""
        kiosk = self._kept.get(kiosk_id)
        return kiosk.seat if kiosk is not None and kiosk.stands(self._clock.now()) else None

    async def make(
        self, unit_id: int, name: str, by: str, *, life_s: float, code_s: float
    ) -> tuple[str, Kiosk]:
        """Make one that lives for `life_s`; give its one-time code, good for `code_s` and seen only now."""
        code, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock.now()
        code_until, until = now + round(code_s * MICROS_PER_S), now + round(life_s * MICROS_PER_S)
        return code, await self._keep(Kiosk(0, name, unit_id, hash_of(code), code_until, until, by, now))

    async def open(self, code: str) -> Kiosk:
        """Use up a one-time code.

        Raises:
            NotSignedIn: the code is unknown, used, too old, or its wall screen has ended.
        """
        now, hashed = self._clock.now(), hash_of(code)
        fitting = (one for one in self._kept.values() if hmac.compare_digest(one.code_hash, hashed))
        kiosk = next(fitting, None)
        fresh = kiosk is not None and kiosk.opened_at is None and now < kiosk.code_until
        if kiosk is None or not fresh or not kiosk.stands(now):
            raise NotSignedIn(
                "The link of this wall screen is used, too old or revoked.",
                remedy="Make a new one.",
                code="kiosk_code_wrong",
            )
        return await self._keep(msgspec.structs.replace(kiosk, opened_at=now))

    async def revoke(self, kiosk_id: int, by: str) -> Kiosk:
        """End one; its feed is closed before the next frame.

        Raises:
            NotFound: no such wall screen, or it has ended.
        """
        kiosk, now = self._kept.get(kiosk_id), self._clock.now()
        if kiosk is None or not kiosk.stands(now):
            raise NotFound("No such wall screen.", remedy="List them.", code="kiosk_unknown")
        return await self._keep(msgspec.structs.replace(kiosk, revoked_by=by, revoked_at=now))

    async def _keep(self, kiosk: Kiosk) -> Kiosk:
        async with self._changing:
            kept = await self._write(self._rows.put_kiosk, kiosk)
            self._kept[kept.id] = kept
        return kept
