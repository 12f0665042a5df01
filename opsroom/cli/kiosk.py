"""`opsroom kiosk`: links for wall screens, which watch one unit and may do nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

import typer

from opsroom.cli.credentials import access_of
from opsroom.cli.files import stored, unit_named
from opsroom.cli.terminal import DEFAULT_SETTINGS, AsJson, SettingsFile, examples, out, say_json

if TYPE_CHECKING:
    from opsroom.access import Access
    from opsroom.seats import Kiosk

SECONDS_A_DAY: Final = 86_400
COMMAND_LINE: Final = "command line"

kiosk = typer.Typer(
    no_args_is_help=True,
    help="Wall screens: a link that is opened once, watches one unit and may do nothing.",
)


@kiosk.command(
    "new",
    epilog=examples(
        "opsroom kiosk new energy/hydro-south --name hall",
        "opsroom kiosk new / --name lobby --walls room,figures --every 30 --scale 1.5",
    ),
)
def kiosk_new(
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="path of the unit; / is the root")],
    name: Annotated[str, typer.Option(help="what the screen is called, shown in lists")] = "wall screen",
    days: Annotated[float, typer.Option(min=0.001, max=366.0, help="days until it sees nothing more")] = 30.0,
    walls: Annotated[str, typer.Option(help="walls to show in turn, with commas")] = "room",
    every: Annotated[int, typer.Option(min=5, max=3600, help="seconds that each wall stands")] = 30,
    scale: Annotated[float, typer.Option(min=1.0, max=2.0, help="size of everything")] = 1.0,
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Make a wall screen and print the end of its link, this once: add it to the room's address."""
    with stored(settings_file) as (settings, store, catalog):
        node = unit_named(catalog, unit)
        code, made = asyncio.run(
            access_of(store, settings).kiosks.make(
                node.id, name, COMMAND_LINE, life_s=days * SECONDS_A_DAY, code_s=settings.limits.kiosk_code_s
            )
        )
    shown = {"kiosk": code, "walls": walls, "every": every, "scale": scale}
    link = f"/room/#{urlencode(shown, safe=',')}"
    if as_json:
        say_json({"id": made.id, "unit": node.path, "link": link, "code_until": made.code_until})
    else:
        out().print(link, markup=False, soft_wrap=True)


@kiosk.command("list", epilog=examples("opsroom kiosk list", "opsroom kiosk list --json"))
def kiosk_list(settings_file: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False) -> None:
    """Name all wall screens: whose, until when, who made, opened and revoked them."""
    with stored(settings_file) as (_, store, catalog):
        rows = [_row(one, catalog.units[one.unit_id].path) for one in store.access.kiosks()]
    if as_json:
        say_json(rows)
        return
    for row in rows:
        state = f"revoked by {row['revoked_by']}" if row["revoked_by"] else f"until {row['until']}"
        out().print(f"{row['id']}  {row['name']}  {row['unit'] or '/'}  {state}", markup=False)


@kiosk.command("revoke", epilog=examples("opsroom kiosk revoke 3"))
def kiosk_revoke(
    number: Annotated[int, typer.Argument(metavar="ID", help="its number in the list")],
    settings_file: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """End a wall screen; a running room closes it within a second."""
    with stored(settings_file) as (settings, store, _):
        asyncio.run(_revoke(access_of(store, settings), number))
    out().print(f"Wall screen {number} sees nothing from now on.", markup=False)


async def _revoke(access: Access, number: int) -> None:
    await access.load()
    await access.kiosks.revoke(number, COMMAND_LINE)


def _row(one: Kiosk, path: str) -> dict[str, Any]:
    from opsroom.words import instant

    return {
        "id": one.id,
        "name": one.name,
        "unit": path,
        "until": instant("en", one.until),
        "made_by": one.made_by,
        "opened": None if one.opened_at is None else instant("en", one.opened_at),
        "revoked_by": one.revoked_by,
    }
