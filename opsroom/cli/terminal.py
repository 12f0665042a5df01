"""What every verb says to the terminal: tables for people, JSON for machines, errors with a remedy."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

from opsroom.errors import OpsroomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REFUSED: Final = 1
PIPE_WIDTH: Final = 1_000

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for machines")]
SettingsFile = Annotated[
    Path, typer.Option("--settings", metavar="FILE", help="settings file; OPSROOM_... variables win over it")
]
DEFAULT_SETTINGS: Final = Path("opsroom.toml")


def log_to_stderr(level: str = "info") -> None:
    """Send log lines of `level` and above to standard error; standard output belongs to the answer."""
    import logging

    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it is now, like `err`
    )


def out() -> Console:
    """Give the console of standard output, as it is now: a test or pipe may have replaced it."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def err() -> Console:
    """Give the console of standard error."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


class Verbs(TyperGroup):
    """The group of all verbs: an operating error becomes message and remedy, exit 1, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(0) from None
        except OpsroomError as error:
            say_error(error)
        except OSError as error:
            if error.filename is None:  # a broken pipe: its own end
                raise
            say_error(unusable(error))
        except BaseExceptionGroup as group:
            # A task group of the room hands on what its tasks raised; what is not ours keeps its traceback.
            ours, other = group.split((OpsroomError, KeyboardInterrupt))
            if other is not None or ours is None:
                raise
            found = first_of(ours)
            if not isinstance(found, OpsroomError):
                raise typer.Exit(0) from None
            say_error(found)
        raise typer.Exit(REFUSED)


def unusable(error: OSError) -> OpsroomError:
    """Name the file or folder that the system refused."""
    return OpsroomError(
        f"{error.filename}: {(error.strerror or str(error)).lower()}.",
        remedy="Look at the path, the rights on it and the space there, or name another.",
        code="file_unusable",
    )


def first_of(error: BaseException) -> BaseException:
    """Give the first error of nested exception groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def say_error(error: OpsroomError) -> None:
    """Print what happened and what to do, on standard error."""
    console = err()
    console.print(f"[bold red]{escape(error.code)}[/]: {escape(error.message)}")
    if error.remedy:
        console.print(f"  [bold]remedy[/]: {escape(error.remedy)}")


def say_json(value: object) -> None:
    """Print one JSON value on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def say_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for people; None is shown as a dash."""
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:  # what is typed again, an id, is not broken over lines
        table.add_column(column, overflow="fold", no_wrap=column == "id")
    for row in rows:
        table.add_row(*(escape("–" if cell is None else str(cell)) for cell in row))
    console = out()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    # soft_wrap would let a table run past the edge of the terminal; a pipe has no edge, and folds no word.
    console.print(table, soft_wrap=False)


def utc(at: int) -> str:
    """Give an instant (us) as people read it, in UTC, to the second.

    >>> utc(1_700_000_000_000_000)
    '2023-11-14T22:13:20Z'
    """
    return f"{datetime.fromtimestamp(at // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def examples(*lines: str) -> str:
    """Give the end of a help page: examples, one a line."""
    return "Examples:\n\n" + "\n\n".join(f"  [cyan]{escape(line)}[/]" for line in lines)
