"""Dams with many series: a feeder that stands for three hundred pumps, or two hundred valves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from opsroom.clock import wall_now
from opsroom.model import Role
from tests.assembled.town import BAD, ECONOMY, GOOD, SERIES, Person, Works, eventually

PUMPS: Final = [f"pump-{n:03d}" for n in range(300)]
VALVES: Final = [f"valve-{n:03d}" for n in range(200)]
RECOVERY_S: Final = 900.0
SEATS: Final = {
    "shift": ("energy/dam", Role.OPERATOR),
    "night": ("energy/dam", Role.OPERATOR),
    "warden": ("energy/dam", Role.COUNCIL),
    "chair-1": ("", Role.COUNCIL),
}
MICROS_PER_MS: Final = 1_000


def economy(names: Sequence[str]) -> str:
    """Give the tree: nation, branch, and a dam with these series."""
    return ECONOMY.format(series="".join(SERIES.format(name=n, recovery_s=RECOVERY_S) for n in names))


async def by_design(council: Person) -> None:
    """Agree, as the dam's council, that the feeder stands for every pump."""
    rows = (await council.get("series", unit="energy/dam"))["series"]
    ids = {row["name"]: row["id"] for row in rows}
    body = {"causes": [ids["feeder"]], "reason": "no feeder, no pumps"}
    for at in range(0, len(PUMPS), 50):
        posts = [council.post(f"series/{ids[name]}/causes", body) for name in PUMPS[at : at + 50]]
        assert {answer.status_code for answer in await asyncio.gather(*posts)} == {200}


async def moves_all(program: Works, names: list[str], *values: float) -> None:
    """Send the same values of now, a millisecond apart, for many series."""
    first = wall_now() // MICROS_PER_MS - len(values)
    for step, value in enumerate(values):
        await program.batch(names, first + step, [value] * len(names))


async def breaks_all(program: Works, names: list[str]) -> None:
    """Let many series leave their bands at the same instants."""
    await moves_all(program, names, GOOD, BAD, BAD)


async def settle(person: Person) -> None:
    """Acknowledge all that waits, so that what comes next is the only thing that does."""
    ids = [row["id"] for row in await person.alerts() if row["may_acknowledge"]]
    if ids:
        answer = await person.post("alerts/acknowledge", {"ids": ids, "note": "all seen"})
        assert answer.json()["acknowledged"] == len(ids)


async def standing(person: Person, n: int, **fields: Any) -> list[dict[str, Any]]:
    """Wait until the wall holds at least `n` alerts with these fields; give them."""

    async def there() -> list[dict[str, Any]]:
        rows = [row for row in await person.alerts() if fields.items() <= row.items()]
        return rows if len(rows) >= n else []

    found: list[dict[str, Any]] = await eventually(there, within_s=30.0)
    return found
