"""`opsroom serve`: the room itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from opsroom.cli.terminal import (
    DEFAULT_SETTINGS,
    AsJson,
    SettingsFile,
    examples,
    log_to_stderr,
    out,
    say_json,
)

if TYPE_CHECKING:
    from opsroom.settings import Settings

SELF_SIGNED = "self-signed"


class ServeCommand(TyperCommand):
    """Takes `--tls CERT KEY` and, as one word, `--tls self-signed`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write the one word twice, so that the option always has two values."""
        spelled: list[str] = []
        for word in args:
            spelled.extend(("--tls", word[6:]) if word.startswith("--tls=") else (word,))
        for position, word in enumerate(spelled):
            if word == "--tls" and spelled[position + 1 : position + 2] == [SELF_SIGNED]:
                spelled.insert(position + 1, SELF_SIGNED)
                break
        return super().parse_args(ctx, spelled)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        cls=ServeCommand,
        epilog=examples(
            "opsroom serve",
            "opsroom serve --settings plant.toml --port 8041",
            "opsroom serve --host 0.0.0.0 --tls self-signed",
            "opsroom serve --clock stream",
        ),
    )(serve)


def serve(
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    host: Annotated[str | None, typer.Option(help="address to bind; beyond loopback only with --tls")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="TCP port; 0 takes a free one")] = None,
    tls: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="CERT KEY | self-signed", help="certificate and key files, or the word self-signed"
        ),
    ] = None,
    clock: Annotated[
        Literal["wall", "stream"] | None, typer.Option(help="room clock: stream for replays and drills")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the room: takes telemetry, opens alerts, serves the screens."""
    from opsroom.settings import load_settings

    log_to_stderr()
    settings = with_server(load_settings(settings_file), host=host, port=port, tls=tls, clock=clock)
    run(settings, as_json=as_json)


def with_server(settings: Settings, **given: Any) -> Settings:
    """Give the settings with what the command line gave in their `server` table; None leaves a key as it is.

    Raises:
        SettingsError: a bind beyond loopback without TLS.
    """
    update = {key: value for key, value in given.items() if value is not None}
    if update.get("tls") == (SELF_SIGNED, SELF_SIGNED):
        update["tls"] = SELF_SIGNED
    changed = settings.model_copy(update={"server": settings.server.model_copy(update=update)})
    _refuse_open_bind(changed)
    return changed


def run(settings: Settings, *, as_json: bool) -> None:
    """Build the room and run it until it is told to end."""
    from opsroom.interpreter import hasten, settle

    hasten()
    import asyncio

    import uvloop

    from opsroom.cli.certificate import certificate_of
    from opsroom.main import build
    from opsroom.main import run as run_room

    tls = certificate_of(settings)

    def ready(url: str) -> None:
        settle()
        if as_json:
            say_json({"event": "ready", "url": url, "pid": os.getpid()})
        else:
            out().print(f"[bold]The room answers at[/] {url}/room/  (Ctrl+C ends it)")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        application = build(settings)
        settle()  # what is made from here on, a long log read again, is looked at
        runner.run(run_room(application, tls=tls, on_ready=ready))


def _refuse_open_bind(settings: Settings) -> None:
    """Refuse before anything heavy is imported; the composition root refuses again."""
    from opsroom.errors import SettingsError

    if settings.server.host not in {"127.0.0.1", "::1", "localhost"} and settings.server.tls is None:
        raise SettingsError(
            f"{settings.server.host} is reachable from other machines and there is no TLS.",
            remedy="Add --tls CERT KEY or --tls self-signed, or bind 127.0.0.1.",
            code="tls_required",
            host=settings.server.host,
        )
