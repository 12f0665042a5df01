"""Maps in parts read like maps encoded at once, and are cut into pieces without loss."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from opsroom.parts import ALONE, Parts, packed, pieces

whole = st.integers(-(1 << 40), 1 << 40)
plain = st.none() | whole | st.text(max_size=5) | st.lists(whole, max_size=3)
large = st.integers(0, 3).map(lambda extra: bytes([extra]) * (ALONE - 1 + extra))
viewed = large.map(lambda held: memoryview(bytearray(held)))
maps: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(st.text(max_size=3), plain | large | viewed, max_size=4),
    lambda inner: st.dictionaries(st.text(max_size=3), inner | plain, max_size=3),
    max_leaves=5,
)


def as_read(value: Any) -> Any:
    """Give what a reader sees of a value."""
    if isinstance(value, dict):
        return {key: as_read(held) for key, held in value.items()}
    return bytes(value) if isinstance(value, memoryview | Parts) else value


@given(maps, maps)
def test_parts_read_like_the_map_encoded_at_once(body: dict[str, Any], inner: dict[str, Any]) -> None:
    body = body | {"inner": packed(inner)}
    joined = bytes(packed(body))
    assert msgspec.msgpack.decode(joined) == as_read(body)
    assert msgspec.msgpack.decode(msgspec.msgpack.decode(joined)["inner"]) == as_read(inner)


@given(st.lists(st.binary(max_size=20), max_size=8), st.integers(1, 9))
def test_pieces_are_the_same_bytes(parts: list[bytes], most: int) -> None:
    cut = list(pieces(parts, most))
    assert b"".join(cut) == b"".join(parts)
    assert {len(piece) for piece in cut[:-1]} <= {most}
