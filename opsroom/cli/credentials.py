"""`opsroom token` and `opsroom seat`: who may send, who may sit; taken up by a running room at once."""

from __future__ import annotations

import asyncio
import os
import secrets
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from opsroom.cli.files import stored, unit_named
from opsroom.cli.terminal import DEFAULT_SETTINGS, AsJson, SettingsFile, examples, out, say_json

if TYPE_CHECKING:
    from opsroom.access import Access
    from opsroom.settings import Settings
    from opsroom.store import Store

PASSWORD_BYTES: Final = 12
RoleName = Literal["observer", "operator", "council", "admin"]

token = typer.Typer(
    no_args_is_help=True, help="Credentials of plants: a token sends for one unit and all below it."
)
seat = typer.Typer(
    no_args_is_help=True, help="Credentials of persons: a seat belongs to one unit of the tree."
)


@token.command(
    "new",
    epilog=examples("opsroom token new energy/hydro-south", "opsroom token new / --name gateway --json"),
)
def token_new(
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="path of the unit; / is the root")],
    name: Annotated[str, typer.Option(help="what the token is for, shown in lists")] = "",
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Make a token for a unit and print it, this once."""
    with stored(settings_file) as (settings, store, catalog):
        node = unit_named(catalog, unit)
        secret = asyncio.run(access_of(store, settings).make_token(node.id, name or node.path or "root"))
    if as_json:
        say_json({"unit": node.path, "token": secret})
    else:
        out().print(secret, markup=False)


@seat.command(
    "new",
    epilog=examples(
        'opsroom seat new "R. Soto" --unit energy/hydro-south --role operator',
        "opsroom seat new council-1 --unit / --role council --random --json",
    ),
)
def seat_new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the person, as they sign in")],
    unit: Annotated[str, typer.Option(help="path of the unit the seat belongs to; / is the root")],
    role: Annotated[RoleName, typer.Option(help="what the seat may do inside its unit")] = "observer",
    random: Annotated[bool, typer.Option("--random", help="make a password and print it, this once")] = False,
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Make a seat; the password is asked for, taken from OPSROOM_PASSWORD, or made with --random."""
    with stored(settings_file) as (settings, store, catalog):
        node = unit_named(catalog, unit)
        password = new_password() if random else asked_password(confirm=True)
        asyncio.run(_make_seat(access_of(store, settings), name, role, node.id, password))
    shown = {"person": name, "unit": node.path, "role": role}
    if as_json:
        say_json({**shown, "password": password} if random else shown)
    elif random:
        out().print(password, markup=False)
    else:
        out().print(f"{name} sits at {node.path or '/'} as {role}.", markup=False)


async def _make_seat(access: Access, person: str, role: RoleName, unit_id: int, password: str) -> None:
    """Make the seat against what is stored now, so that a taken name is refused."""
    from opsroom.model import Role

    await access.load()
    await access.make_seat(person, Role(role), unit_id, password)


def access_of(store: Store, settings: Settings) -> Access:
    """Give the desk over the rows of `store`."""
    from opsroom.access import Access
    from opsroom.clock import WallClock

    return Access(store.access, settings.limits, WallClock(), asyncio.to_thread)


def new_password() -> str:
    """Make a password of 96 random bits."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def asked_password(*, confirm: bool = False) -> str:
    """Take the password from OPSROOM_PASSWORD, else ask for it."""
    known = os.environ.get("OPSROOM_PASSWORD")
    if known:
        return known
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True)
    return typed
