"""`opsroom notify`: try a receiver, see what could not be told, have it tried again."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsroom.cli.files import stored
from opsroom.cli.terminal import DEFAULT_SETTINGS, AsJson, SettingsFile, examples, out, say_json, say_table

if TYPE_CHECKING:
    from opsroom.notices import Delivery
    from opsroom.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Notifications: receivers, dead letters.")


@app.command("test", epilog=examples("opsroom notify test shift", "opsroom notify test shift --json"))
def try_route(
    route: Annotated[str, typer.Argument(metavar="ROUTE", help="name of the receiver in the settings")],
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Send one receiver a test notification, at once and without the room."""
    from opsroom.settings import load_settings

    notice_id = asyncio.run(_sent(load_settings(settings_file), route))
    if as_json:
        say_json({"route": route, "id": notice_id, "sent": True})
    else:
        out().print(f"{route}: taken, notice {notice_id}", markup=False)


@app.command("dead", epilog=examples("opsroom notify dead", "opsroom notify dead --json"))
def dead(settings_file: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False) -> None:
    """List the notifications that were given up, with the reason."""
    with stored(settings_file) as (_, store, _tree):
        letters = store.outbox.letters("dead")
    if as_json:
        say_json([_row(letter) for letter in letters])
        return
    columns = ["id", "route", "kind", "alerts", "made", "tries", "reason"]
    rows: list[list[object]] = [[_row(letter)[name] for name in columns] for letter in letters]
    say_table(f"{len(letters)} dead letters", columns, rows)


@app.command(
    "retry", epilog=examples("opsroom notify retry 5b8e2f0c9d", "opsroom notify retry --all --route shift")
)
def retry(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="notices, as `dead` names them")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="every dead letter")] = False,
    route: Annotated[str, typer.Option(help="with --all: those of this receiver alone")] = "",
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Have dead letters tried again, under the same id; a running room takes them up at once."""
    import msgspec

    from opsroom.clock import wall_now

    if not ids and not everything:
        raise typer.BadParameter("Name notices, or --all.")
    with stored(settings_file) as (_, store, _tree):
        letters = (
            store.outbox.letters("dead") if everything else [store.outbox.letter(one) for one in ids or ()]
        )
        chosen = [one for one in letters if not route or one.notice.receiver == route]
        for one in chosen:
            anew = msgspec.structs.replace(one, state="waiting", attempts=0, due=0, since=wall_now())
            store.outbox.put(anew)
    if as_json:
        say_json([letter.notice.id for letter in chosen])
    else:
        out().print(f"{len(chosen)} will be tried again.", markup=False)


async def _sent(settings: Settings, name: str) -> str:
    """Open the one channel, send, and close it again."""
    import secrets

    from opsroom.clock import wall_now
    from opsroom.errors import NotFound
    from opsroom.notices import Notice, NoticeKind
    from opsroom.notify import open_channels
    from opsroom.notify.wording import message_of

    route = next((one for one in settings.notify.route if one.name == name), None)
    if route is None:
        known = ", ".join(one.name for one in settings.notify.route) or "none"
        raise NotFound(f"No receiver {name!r}.", remedy=f"There are: {known}.", code="notify_route_unknown")
    only = settings.notify.model_copy(update={"route": (route,)})
    channel = open_channels(only, os.environ)[name]
    notice = Notice(
        id=secrets.token_hex(16),
        receiver=name,
        kind=NoticeKind.TEST,
        made=wall_now(),
        subject="test",
        priority=3,
        exercise=settings.notify.exercise or settings.server.clock == "stream",
    )
    try:
        await channel.send(message_of(notice, route.lang, settings.notify.source))
    finally:
        await channel.close()
    return notice.id


def _row(letter: Delivery) -> dict[str, Any]:
    """Give a dead letter as a row."""
    made = dt.datetime.fromtimestamp(letter.notice.made // 1_000_000, dt.UTC)
    return {
        "id": letter.notice.id,
        "route": letter.notice.receiver,
        "kind": str(letter.notice.kind),
        "alerts": letter.notice.count,
        "made": made.strftime("%Y-%m-%d %H:%M:%S"),
        "tries": letter.attempts,
        "reason": letter.reason,
    }
