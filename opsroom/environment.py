"""Settings from environment variables: what pydantic lets pass in silence, or words for itself only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsroom.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

PREFIX: Final = "OPSROOM_"
REMEDY: Final = "See docs/settings.md for the keys and what they take."


def refuse_strays(names: Iterable[str], sections: Collection[str]) -> None:
    """Refuse a variable whose section is none: a typing error there would leave the default in force.

    Raises:
        SettingsError: the first, by name.
    """
    for name in sorted(names):
        section, parted, _ = name.upper().removeprefix(PREFIX).partition("__")
        if parted and name.upper().startswith(PREFIX) and section.lower() not in sections:
            raise SettingsError(
                f"environment: {name}: no section {section.lower()!r}.",
                remedy=REMEDY,
                file="environment",
                line=1,
                key=section.lower(),
            )


def not_json(error: Exception, environment: Iterable[str]) -> SettingsError:
    """Make the error for a list or pair that is not JSON, from what pydantic says of its section."""
    section = str(error).partition('field "')[2].partition('"')[0]
    begin = f"{PREFIX}{section}__".upper()
    there = ", ".join(sorted(name for name in environment if name.upper().startswith(begin)))
    return SettingsError(
        f"environment: {there}: a value is not JSON: {error.__cause__}.",
        remedy="Write lists and pairs as JSON, such as '[1, 2]'.",
        file="environment",
        line=1,
        key=section,
    )
