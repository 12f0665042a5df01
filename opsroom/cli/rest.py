"""A signed-in session with a running room, for the verbs that act in it."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from opsroom.cli.credentials import asked_password
from opsroom.errors import OpsroomError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

TIMEOUT_S: Final = 30.0
DEFAULT_URL: Final = "http://127.0.0.1:8040"

Url = Annotated[str, typer.Option(metavar="URL", help="where the room answers", envvar="OPSROOM_URL")]
Person = Annotated[str, typer.Option(help="who acts; the password is asked for or in OPSROOM_PASSWORD")]
Certificate = Annotated[
    str | None, typer.Option("--cacert", metavar="FILE", help="certificate to trust (PEM)")
]


class Room:
    """The REST interface of a running room, for one signed-in seat."""

    def __init__(self, client: httpx.Client, csrf: str) -> None:
        """Keep the client, which holds the cookie, and the CSRF token."""
        self._client = client
        self._csrf = csrf

    def get(self, path: str, /, **params: Any) -> Any:
        """Give what `/api/v1` + path answers; None params are left out.

        Raises:
            OpsroomError: what the room refused, with its own code and remedy.
        """
        return _answer(self._client.get(path, params={k: v for k, v in params.items() if v is not None}))

    def text(self, path: str, **params: Any) -> str:
        """Give an answer that is no JSON, as text; None params are left out.

        Raises:
            OpsroomError: as `get`.
        """
        answer = self._client.get(path, params={k: v for k, v in params.items() if v is not None})
        if not answer.is_success:
            _answer(answer)
        return answer.text

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Act, once: the idempotency key is new for each call.

        Raises:
            OpsroomError: as `get`.
        """
        headers = {"X-CSRF-Token": self._csrf, "Idempotency-Key": str(uuid.uuid4())}
        return _answer(self._client.post(path, json=body, headers=headers))


@contextmanager
def signed_in(url: str, person: str, cacert: str | None = None) -> Iterator[Room]:
    """Sign in at `url`, and out again at the end.

    Raises:
        OpsroomError: nobody answers, or the room refuses the sign-in.
    """
    import httpx

    from opsroom.feeding import trust

    verify = trust(Path(cacert)) if cacert else True
    password = asked_password()
    base = url.rstrip("/") + "/api/v1/"
    try:
        with httpx.Client(base_url=base, timeout=TIMEOUT_S, verify=verify) as client:
            answer = client.post("session", json={"person": person, "password": password})
            opened = _answer(answer)
            # On plain loopback the jar would keep back a cookie marked Secure; browsers do send it there.
            client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
            try:
                yield Room(client, opened["csrf"])
            finally:
                client.delete("session", headers={"X-CSRF-Token": opened["csrf"]})
    except httpx.TransportError as error:
        raise StoreError(
            f"No room answers at {url}: {error}",
            remedy="Start it (opsroom serve) or name it: --url URL.",
            code="room_unreachable",
            url=url,
        ) from error


def _answer(response: httpx.Response) -> Any:
    """Give the JSON of a good answer; raise what the room says otherwise."""
    if response.is_success:
        return response.json() if response.content else None
    try:
        body = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        body = {"code": "http_error", "message": f"The room answered {response.status_code}.", "remedy": ""}
    raise OpsroomError(body["message"], remedy=body.get("remedy", ""), code=body["code"])
