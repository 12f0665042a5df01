"""A large MessagePack map in parts: hundreds of megabytes that are never copied in one go.

To encode them at once would hold the interpreter, and with it every screen and every press, for as long as
that takes. What is joined reads like what `msgspec.msgpack.encode` gives. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec

Part: TypeAlias = bytes | memoryview
ALONE: Final = 1 << 16
"""Bytes from which a value is a part of its own; smaller ones stand together."""
_MAP_32: Final = b"\xdf"
_BIN_32: Final = b"\xc6"
_pack = msgspec.msgpack.Encoder().encode


class Parts(list[Part]):
    """Parts of one value; within another map it is a value of bytes."""

    def __bytes__(self) -> bytes:
        """Join them."""
        return b"".join(self)

    @property
    def size(self) -> int:
        """Bytes of all together."""
        return sum(map(len, self))


def packed(body: Mapping[str, Any]) -> Parts:
    """Give a map as MessagePack: its large values as they are, all else encoded between them."""
    parts, small = Parts(), bytearray()
    _put(body, parts, small)
    _add((), parts, small)
    return parts


# No closures: one that calls itself holds what it saw, hundreds of megabytes, until garbage is collected.
def _put(value: Any, parts: Parts, small: bytearray) -> None:
    if isinstance(value, Mapping):
        small.extend(_MAP_32 + len(value).to_bytes(4, "big"))
        for key, held in value.items():
            small.extend(_pack(key))
            _put(held, parts, small)
    elif isinstance(value, Parts):
        small.extend(_BIN_32 + value.size.to_bytes(4, "big"))
        _add(value, parts, small)
    elif isinstance(value, bytes | memoryview) and len(value) >= ALONE:
        small.extend(_BIN_32 + len(value).to_bytes(4, "big"))
        _add([value], parts, small)
    else:
        small.extend(_pack(value))


def _add(large: Iterable[Part], parts: Parts, small: bytearray) -> None:
    parts.append(bytes(small))
    parts.extend(large)
    small.clear()


def pieces(parts: Iterable[Part], most: int) -> Iterator[bytes]:
    """Give the same bytes in pieces of `most`, the last one shorter; at least one."""
    piece = bytearray()
    for part in parts:
        view = memoryview(part)
        while view:
            taken = view[: most - len(piece)]
            piece += taken
            view = view[len(taken) :]
            if len(piece) == most:
                yield bytes(piece)
                piece.clear()
    if piece:
        yield bytes(piece)
