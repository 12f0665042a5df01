"""Register maps of Modbus: joined requests, words, bits, and what is no value."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.connectors._registers import BITS_MAX, REGISTERS_MAX, Register, blocks, check, value
from opsroom.errors import Invalid


def read(words: list[int], **told: Any) -> float | None:
    register = Register(series="a", address=7, **told)
    (block,) = blocks([register], 0)
    return value(register, block, words)


def words_of(letter: str, number: float) -> list[int]:
    body = struct.pack(f">{letter}", number)
    return [int.from_bytes(body[at : at + 2], "big") for at in range(0, len(body), 2)]


@pytest.mark.parametrize(
    ("type_", "letter", "number"),
    [
        ("int16", "h", -3),
        ("uint16", "H", 65_000),
        ("int32", "i", -70_000),
        ("uint32", "I", 4_000_000_000),
        ("float32", "f", 1.5),
        ("int64", "q", -5_000_000_000),
        ("uint64", "Q", 5_000_000_000),
        ("float64", "d", 0.1),
    ],
)
def test_types_in_every_order(type_: str, letter: str, number: float) -> None:
    big = words_of(letter, number)
    swapped = [(word & 0xFF) << 8 | word >> 8 for word in big]
    assert read(big, type=type_) == number
    assert read(big[::-1], type=type_, order="CDAB") == number
    assert read(swapped, type=type_, order="BADC") == number
    assert read(swapped[::-1], type=type_, order="DCBA") == number


def test_scale_offset_bit_and_no_value() -> None:
    assert read([235], scale=0.1, offset=-10.0) == pytest.approx(13.5)
    assert [read([0b1000], bit=n) for n in (2, 3)] == [0.0, 1.0]
    assert read([0x8000], type="int16", none=[-32768]) is None
    assert read(words_of("f", float("nan")), type="float32") is None
    assert read([1], kind="coil") == 1.0


def test_an_answer_that_is_too_short_is_told() -> None:
    with pytest.raises(ValueError, match="1 registers came"):
        read([1], type="float32")


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"address": -1}, "r.address"),
        ({"address": 65_535, "type": "float32"}, "r.address"),
        ({"address": 0, "bit": 16}, "r.bit"),
        ({"address": 0, "bit": 1, "type": "int32"}, "r.bit"),
        ({"address": 0, "bit": 1, "kind": "coil"}, "r.bit"),
    ],
)
def test_what_cannot_be_asked_for_names_its_key(told: dict[str, Any], key: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(Register(series="a", **told), "r")
    assert caught.value.params["field"] == key


_KINDS = st.sampled_from(["holding", "input", "coil", "discrete"])
_TYPES = st.sampled_from(["uint16", "float32", "float64"])
_REGISTERS = st.lists(
    st.builds(Register, series=st.just("a"), address=st.integers(0, 3_000), kind=_KINDS, type=_TYPES),
    max_size=40,
)


@given(_REGISTERS, st.integers(0, 200))
def test_requests_hold_every_register_and_stay_within_the_limits(registers: list[Register], gap: int) -> None:
    found = blocks(registers, gap)
    assert sorted(map(id, registers)) == sorted(id(one) for block in found for one in block.registers)
    for block in found:
        assert block.size <= (BITS_MAX if block.kind in {"coil", "discrete"} else REGISTERS_MAX)
        for one in block.registers:
            assert one.kind == block.kind
            assert block.address <= one.address <= one.address + one.size <= block.address + block.size
