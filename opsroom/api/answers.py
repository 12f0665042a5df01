"""Answers in JSON: one encoder, one shape of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from opsroom.errors import OpsroomError

if TYPE_CHECKING:
    from fastapi import FastAPI

JSON_TYPE: Final = "application/json"
WAIT: Final = "wait_s"
HTTP_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
REMEDIES: Final = {404: "See /api/docs.", 405: "See /api/docs."}

_encoder = msgspec.json.Encoder()


def encoded(body: Any) -> bytes:
    """Give JSON; NaN and infinities become null, structs objects."""
    return _encoder.encode(body)


def answer(body: Any, status: int = 200) -> Response:
    """Give a JSON response."""
    return Response(encoded(body), status, media_type=JSON_TYPE)


def error_body(code: str, message: str, remedy: str = "", params: dict[str, Any] | None = None) -> bytes:
    """Give the one shape of errors."""
    inner = {"code": code, "message": message, "remedy": remedy, "params": params or {}}
    return _encoder.encode({"error": inner})


def refused(error: OpsroomError) -> Response:
    """Give an operating error as a response."""
    body = error_body(error.code, error.message, error.remedy, error.params)
    headers = {"Retry-After": str(error.params[WAIT])} if WAIT in error.params else {}
    return Response(body, error.status, headers, media_type=JSON_TYPE)


async def _operating(_: Request, error: Exception) -> Response:
    assert isinstance(error, OpsroomError)
    return refused(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    body = error_body("invalid", f"{field}: {first['msg']}", "Mend that field.", {"field": field})
    return Response(body, 422, media_type=JSON_TYPE)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    body = error_body(HTTP_CODES.get(status, "refused"), str(error.detail), REMEDIES.get(status, ""))
    return Response(body, status, error.headers, media_type=JSON_TYPE)


async def _broken(_: Request, __: Exception) -> Response:
    """Answer for a fault of ours; the traceback goes to the log, nothing of it to the caller."""
    body = error_body("internal", "The room made a mistake.", "Tell its keeper; the log has the details.")
    return Response(body, 500, media_type=JSON_TYPE)


def handle_errors(api: FastAPI) -> None:
    """Give every error the one shape."""
    api.add_exception_handler(OpsroomError, _operating)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _broken)
