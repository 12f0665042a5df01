"""One tree of operating errors: stable code, message, remedy. Broken invariants assert instead."""

from __future__ import annotations

from typing import Any


class OpsroomError(Exception):
    """An operating error that a person can do something about.

    `code` is stable and listed in docs/errors.md, `message` says what happened, `remedy` what to do,
    `params` the values in it.
    """

    code = "error"
    status = 400

    def __init__(self, message: str, *, remedy: str = "", code: str | None = None, **params: Any) -> None:
        """Keep the parts; `str()` gives message and remedy in one line."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.params = params
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        """Give message and remedy."""
        return f"{self.message} {self.remedy}".strip()


class SettingsError(OpsroomError):
    """A settings file that cannot be used: `file` and `line` are in `params`."""

    code = "settings_invalid"


class AccessDenied(OpsroomError):  # noqa: N818 - the established word
    """The seat may not do this: autonomy by authorisation."""

    code = "access_denied"
    status = 403


class NotSignedIn(OpsroomError):  # noqa: N818 - the established word
    """No session, or an ended one."""

    code = "not_signed_in"
    status = 401


class NotFound(OpsroomError):  # noqa: N818 - the established word
    """No such thing, or none that this seat may see."""

    code = "not_found"
    status = 404


class Conflict(OpsroomError):  # noqa: N818 - the established word
    """The thing has moved on: e.g. the alert was acknowledged by somebody else first (`params` say who)."""

    code = "conflict"
    status = 409


class Invalid(OpsroomError):  # noqa: N818 - the established word
    """A request with a field that cannot be accepted; `field` is in `params`."""

    code = "invalid"
    status = 422


class StoreError(OpsroomError):
    """The store or log cannot take or give rows now."""

    code = "store_error"
    status = 503


class StoreFull(StoreError):  # noqa: N818 - the established word
    """No space left; nothing was acknowledged."""

    code = "storage_full"


class Corrupt(StoreError):  # noqa: N818 - the established word
    """A block whose checksum does not match: it is named and never served."""

    code = "corrupt"
