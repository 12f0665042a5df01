"""The command `opsroom`: one small file a group of verbs.

Exit codes: 0 good, 1 refused or failed check, 2 usage.

Nothing heavy is imported before its verb runs, so that `opsroom --help` answers at once.
"""

from __future__ import annotations

import typer

from opsroom.cli import (
    alerts,
    audits,
    backup,
    bench,
    check,
    connect,
    credentials,
    demo,
    detect,
    detection,
    doctor,
    economy,
    export,
    feed,
    figures,
    kiosk,
    notify,
    rules,
    serve,
    silence,
    tree,
)
from opsroom.cli.terminal import Verbs

app = typer.Typer(
    name="opsroom",
    cls=Verbs,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="An operations room: plants stream telemetry, detectors open alerts, alerts climb the tree.",
)
for module in (demo, serve, check, connect, backup, doctor, figures, economy):
    module.register(app)
detection.register(bench.app)
silence.register(alerts.app)
for name, group in (
    ("feed", feed.app),
    ("alerts", alerts.app),
    ("audits", audits.app),
    ("units", tree.units),
    ("series", tree.series),
    ("token", credentials.token),
    ("seat", credentials.seat),
    ("kiosk", kiosk.kiosk),
    ("detect", detect.app),
    ("rules", rules.app),
    ("notify", notify.app),
    ("export", export.app),
    ("bench", bench.app),
):
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    app()
