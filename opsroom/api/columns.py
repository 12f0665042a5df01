"""Answers in columns: JSON, or the same as bytes that a browser's typed arrays take without parsing.

Bytes: the length of the head (u32, little-endian), the head (JSON, blanks at its end up to a multiple of 8),
then each column, little-endian, filled up to a multiple of 8. The head has `columns` - name, type (`f8`,
`i4`, `u1`) and length of each - and what else the answer says. Times are milliseconds as `f8`: a typed array
of 64-bit integers gives no numbers in a browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from fastapi import Request, Response

from opsroom.api.answers import answer

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS_TYPE: Final = "application/vnd.opsroom.columns"
_ALIGNED: Final = 8
_TYPES: Final[dict[str, np.dtype[Any]]] = {"f8": np.dtype("<f8"), "i4": np.dtype("<i4"), "u1": np.dtype("u1")}
_LENGTH_BYTES: Final = 4


def in_columns(request: Request, columns: dict[str, NDArray[Any]], **more: Any) -> Response:
    """Give arrays in the form that the request accepts, JSON unless it names COLUMNS_TYPE first."""
    if request.headers.get("accept", "").startswith(COLUMNS_TYPE):
        return Response(packed(columns, more), media_type=COLUMNS_TYPE, headers={"Vary": "Accept"})
    body = {name: column.tolist() for name, column in columns.items()}
    response = answer({**body, **more})
    response.headers["Vary"] = "Accept"
    return response


def packed(columns: dict[str, NDArray[Any]], more: dict[str, Any]) -> bytes:
    """Give columns and `more` as bytes."""
    ready = {name: _typed(column) for name, column in columns.items()}
    rows = [
        {"name": name, "type": f"{column.dtype.kind}{column.dtype.itemsize}", "length": len(column)}
        for name, column in ready.items()
    ]
    head = msgspec.json.encode({"columns": rows, **more})
    head += b" " * (-(len(head) + _LENGTH_BYTES) % _ALIGNED)
    parts = [len(head).to_bytes(_LENGTH_BYTES, "little"), head]
    for column in ready.values():
        parts += [column.tobytes(), bytes(-column.nbytes % _ALIGNED)]
    return b"".join(parts)


def unpacked(body: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Give columns and what else the head says; the arrays look into `body`."""
    end = _LENGTH_BYTES + int.from_bytes(body[:_LENGTH_BYTES], "little")
    head = msgspec.json.decode(body[_LENGTH_BYTES:end])
    columns = {}
    for row in head.pop("columns"):
        dtype = _TYPES[row["type"]]
        columns[row["name"]] = np.frombuffer(body, dtype, row["length"], end)
        size = row["length"] * dtype.itemsize
        end += size + -size % _ALIGNED
    return columns, head


def _typed(column: NDArray[Any]) -> NDArray[Any]:
    """Give a column in one of the types on the wire."""
    if column.dtype in (np.dtype(np.int32), np.dtype(np.uint8)):
        return column.astype(column.dtype.newbyteorder("<"), copy=False)
    return column.astype("<f8", copy=False)
