"""A room with something on every wall: alerts, bargains, audits, decisions, rules, sources, flows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from opsroom.clock import wall_now
from opsroom.model import Role
from tests.acceptance.screens import written_in
from tests.assembled.town import BAD, GOOD, PASSWORD, Person, Town, eventually, person, works
from tests.faults.server import Nursery

__all__ = ["PASSWORD", "VIEWER", "FullRoom", "data_words", "fill", "full_room"]

VIEWER: Final = "chair-1"
BRANCHES: Final = {
    "energy": "Energía",
    "copper": "Cobre",
    "textile": "Textil",
    "transport": "Transporte",
    "food": "Alimentos",
    "forest": "Forestal",
    "light": "Línea blanca",
}
OWN: Final = ("steam", "water", "cotton", "lorries", "scrap", "rail", "port", "cash")
DAM: Final = ("output", "heat", "noise")
BROKEN: Final = (
    *("water", "cotton", "scrap", "port", "cash"),
    *("textile/output", "forest/output", "energy/dam/noise"),
)
STEPS, STEP_MS = 40, 60_000
DUE_MS = 1_500
SOURCE, NEW_SERIES = "telex-1", "meter seven"
SEATS: Final = {
    **{f"chair-{n}": ("", Role.ADMIN if n == 1 else Role.COUNCIL) for n in range(1, 5)},
    "shift": ("energy/dam", Role.OPERATOR),
    "keeper": ("energy/dam", Role.COUNCIL),
    "branch": ("energy", Role.COUNCIL),
}
RULES: Final = """\
[[rule]]
id = "hot"
title = "Boiler runs hot"
series = "energy/dam/heat"
when.limit = { above = 80.0 }
consequence = "major"
response_s = 900
response = "Open the cooling valve and halve the feed."

[[rule]]
id = "warm"
title = "Steam is warm"
series = "steam"
when.limit = { below = 10.0, deadband = 1.5 }
event = true
"""
HEAD: Final = """\
root = "República"
levels = ["nación", "rama", "empresa"]
time_zone = "America/Santiago"
"""
SERIES: Final = """\
[[series]]
path = "{path}"
unit = "{unit}"
period_s = 60
band = [10.0, 100.0]
recovery_s = [{own_s}, 3600.0, 3600.0]
"""
INDICATOR: Final = """\
[series.indicator]
orientation = "more"
capability = 60.0
potentiality = 75.0
essential = {essential}
"""
FLOW: Final = """\
[[flow]]
from = "{source}"
to = "{target}"
series = "{source}/output"
usual = {usual}
"""


@dataclass(frozen=True)
class Size:
    """How much is in the room: units beside the branches, series of the top's own, links between units.

    `name` is what those units are called, with their number behind it; `bare` leaves the top alone.
    """

    units: int = 0
    series: int = 0
    links: int = 6
    name: str = "Hilandería y tejeduría de lana número"
    bare: bool = False

    @property
    def outputs(self) -> list[str]:
        """Paths of the series that units below the top have."""
        units = [*BRANCHES, *(f"mill-{n}" for n in range(self.units))]
        return [f"{path}/output" for path in units]

    @property
    def own(self) -> list[str]:
        """Paths of the top's own series."""
        return [*OWN, *(f"line-{n:03d}" for n in range(self.series))]


def tree(size: Size) -> str:
    """Give the file of the economy."""
    if size.bare:
        return HEAD
    tables = [HEAD]
    names = {**BRANCHES, **{f"mill-{n}": f"{size.name} {n}" for n in range(size.units)}}
    for path, name in names.items():
        tables.append(f'[[unit]]\npath = "{path}"\nname = {json.dumps(name, ensure_ascii=False)}\n')
        tables.append(SERIES.format(path=f"{path}/output", unit="t/h", own_s=1.0))
        tables.append(INDICATOR.format(essential="false"))
    for name in size.own:
        tables.append(SERIES.format(path=name, unit="t/h", own_s=3600.0))
        if name in OWN:
            tables.append(INDICATOR.format(essential="true" if name == "steam" else "false"))
    tables.append('[[unit]]\npath = "energy/dam"\nname = "Represa"\n')
    tables += [SERIES.format(path=f"energy/dam/{name}", unit="MW", own_s=3600.0) for name in DAM]
    paths = list(names)
    ends = {(n * 7 % len(paths), (n * 11 + 3) % len(paths)) for n in range(size.links)}
    pairs = [(paths[a], paths[b]) for a, b in sorted(ends) if a != b]
    tables += [FLOW.format(source=a, target=b, usual=20.0 * 5 ** (n % 2)) for n, (a, b) in enumerate(pairs)]
    return "\n".join(tables)


@dataclass
class FullRoom(Town):
    """Its people and a token for everything; `notes` keeps what was written into it by hand."""

    size: Size = field(default_factory=Size)
    notes: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Put seats, rules and the token of the top into folder and store."""
        bare = self.size.bare
        self.tree, self.fed = (lambda: tree(self.size)), ""
        self.seats = {name: at for name, at in SEATS.items() if not (bare and at[0])}
        (self.folder / "rules").mkdir(exist_ok=True)
        (self.folder / "rules" / "rules.toml").write_text("" if bare else RULES, encoding="utf-8")
        self.room = {"rules": f"{self.folder}/rules", "rules_every_s": 0.2, **self.room}
        self.write_settings()
        super().prepare()


def data_words(room: FullRoom) -> set[str]:
    """Give the words that the room's people wrote themselves: names, notes, rules."""
    text = "\n".join([tree(room.size), RULES, NEW_SERIES, SOURCE, *SEATS, *room.notes])
    return written_in(text)


async def moves(room: FullRoom, *, broken: tuple[str, ...]) -> None:
    """Send forty minutes of every series, and let some leave their bands now."""
    names = [*room.size.outputs, *room.size.own, *(f"energy/dam/{name}" for name in DAM)]
    async with works(room, SOURCE) as plant:
        begun = wall_now() // 1000 - STEPS * STEP_MS
        for step in range(STEPS):
            values = [GOOD + (step * 7 + n * 3) % 11 - 5.0 for n in range(len(names))]
            await plant.batch(names, begun + step * STEP_MS, values)
        now = wall_now() // 1000
        for turn in (3, 2, 1):
            await plant.batch(list(broken), now - turn, [BAD if turn < 3 else GOOD] * len(broken))
        await plant.measure("energy/dam/heat", 85.0, 86.0)
        await plant.measure(NEW_SERIES, 4.0, 5.0)


class Hand:
    """A person whose acts must not be refused, and are kept as data."""

    def __init__(self, who: Person, room: FullRoom) -> None:
        """Take who is signed in."""
        self.who, self.room = who, room

    async def does(self, path: str, **body: Any) -> dict[str, Any]:
        """Act; give the answer."""
        answer = await self.who.post(path, body)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        self.room.notes.append(json.dumps(body, ensure_ascii=False))
        told: dict[str, Any] = answer.json()
        return told


async def alert_of(who: Person, series: str) -> dict[str, Any]:
    """Wait for the alert of a series."""

    async def found() -> dict[str, Any] | None:
        return next((row for row in await who.alerts() if row["series"] == series), None)

    one: dict[str, Any] = await eventually(found, within_s=30.0)
    return one


async def act(room: FullRoom) -> None:
    """Let people do what fills the walls: answer alerts, bargain, audit, decide, exercise, sit."""
    later = wall_now() // 1000 + 4 * 3_600_000
    async with (
        person(room.home, VIEWER) as first,
        person(room.home, "chair-2") as second,
        person(room.home, "keeper") as keeper,
    ):
        one, two, dam = Hand(first, room), Hand(second, room), Hand(keeper, room)
        ids = {row["path"]: row["id"] for row in (await first.get("series"))["series"]}
        at = {name: (await alert_of(first, name))["id"] for name in ("water", "cotton", "scrap", "port")}
        await two.does(f"alerts/{at['water']}/acknowledge", note="Pumping from the other well")
        await one.does(f"alerts/{at['water']}/recovering", note="Second pump starts", until=later)
        await one.does(f"alerts/{at['cotton']}/judge", useful=True)
        await one.does(f"alerts/{at['scrap']}/shelve", reason="Being sorted by hand", duration_s=3600)
        await one.does(f"alerts/{at['port']}/out-of-service", reference="order 1972", reason="crane away")
        risen = (await alert_of(first, "textile/output"))["id"]
        await one.does(f"alerts/{risen}/decide", text="Run two shifts", addressee="textile", followup=later)
        free = {"addressee": "copper", "series_id": ids["steam"]}
        await two.does("decisions", text="Share the rolling stock", followup=later, **free)
        await two.does("decisions", text="Ask the ports", addressee="", followup=wall_now() // 1000 + DUE_MS)
        series = await keeper.get("series")
        heat = next(row["id"] for row in series["series"] if row["name"] == "heat")
        terms = {"recovery_s": [1800.0, 3600.0], "version": 1, "note": "boilers cool slowly"}
        await dam.does(f"agreements/{heat}/propose", **terms)
        await one.does("audits", unit="copper", reason="stock does not add up", duration_s=3600)
        await one.does("drills", unit="")
        await two.does("chairs/armrest", button="2", shows={})
        await two.does("chairs/floor", speaks=True)
        seats = {row["person"]: row["id"] for row in (await first.get("settings"))["seats"]}
        steps = [[seats["chair-2"]], [seats["chair-3"]]]
        await one.does("rota", unit="", steps=steps, step_s=600, version=0)


async def fill(room: FullRoom, *, broken: tuple[str, ...] = ()) -> None:
    """Bring readings, alerts and acts into the room."""
    await moves(room, broken=(*BROKEN, *broken))
    await act(room)
    await asyncio.sleep(DUE_MS / 1000 + 0.1)  # until the second decision is due


@contextmanager
def full_room(folder: Path, nursery: Nursery | None = None, size: Size | None = None) -> Iterator[FullRoom]:
    """Start the room, without anything in it but its tree, and leave none behind."""
    server = FullRoom(folder, nursery=nursery, size=size or Size())
    try:
        server.start()
        yield server
    finally:
        server.close()
