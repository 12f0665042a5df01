"""A map of Modbus registers without I/O: which blocks are read, and what their words mean."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from opsroom.errors import Invalid

REGISTERS_MAX: Final = 125
BITS_MAX: Final = 2_000
"""Most that one request may ask for (Modbus application protocol 1.1b3, 6.1 to 6.4)."""
ADDRESS_MAX: Final = 0xFFFF
_WORDS: Final = {
    "int16": ("h", 1),
    "uint16": ("H", 1),
    "int32": ("i", 2),
    "uint32": ("I", 2),
    "float32": ("f", 2),
    "int64": ("q", 4),
    "uint64": ("Q", 4),
    "float64": ("d", 4),
}
_BIT_KINDS: Final = frozenset({"coil", "discrete"})

Kind = Literal["holding", "input", "coil", "discrete"]


class Register(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[modbus.device.register]]`; `address` is the protocol's, from 0.

    `order` says where the bytes of a value stand, most significant A; `bit` takes one bit of a word. A raw
    number among `none` means that the device has no value. Value = raw * `scale` + `offset`.
    """

    series: str
    address: int
    kind: Kind = "holding"
    type: Literal["int16", "uint16", "int32", "uint32", "float32", "int64", "uint64", "float64"] = "uint16"
    order: Literal["ABCD", "CDAB", "BADC", "DCBA"] = "ABCD"
    bit: int | None = None
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    none: list[float] = []

    @property
    def size(self) -> int:
        """How many registers (or bits) it takes."""
        return 1 if self.kind in _BIT_KINDS else _WORDS[self.type][1]


class Block(NamedTuple):
    """Neighbouring registers that one request reads."""

    kind: Kind
    address: int
    size: int
    registers: tuple[Register, ...]


def check(register: Register, field: str) -> None:
    """Check what the types of the table do not say.

    Raises:
        Invalid: an address or bit out of range, or a bit of something that is no 16-bit word.
    """
    if not 0 <= register.address <= ADDRESS_MAX + 1 - register.size:
        remedy = "Give the protocol's address, from 0: 40001 in a manual is 0 of kind holding."
        raise Invalid(f"{register.address} is no address.", remedy=remedy, field=f"{field}.address")
    if register.bit is not None:
        is_word = register.kind not in _BIT_KINDS and register.size == 1
        if not is_word or not 0 <= register.bit <= 15:  # noqa: PLR2004 - bits of a word
            raise Invalid(
                "A bit is 0 to 15 of an int16 or uint16.", remedy="Mend bit or type.", field=f"{field}.bit"
            )


def blocks(registers: Iterable[Register], gap_max: int) -> list[Block]:
    """Join registers of one kind into as few requests as may be, over at most `gap_max` unwanted ones.

    >>> two = [Register(series="a", address=0), Register(series="b", address=2, type="float32")]
    >>> [(block.address, block.size) for block in blocks(two, 1)], len(blocks(two, 0))
    ([(0, 4)], 2)
    """
    found: list[Block] = []
    for one in sorted(registers, key=lambda register: (register.kind, register.address)):
        most = BITS_MAX if one.kind in _BIT_KINDS else REGISTERS_MAX
        last = found[-1] if found else None
        if (
            last is not None
            and last.kind == one.kind
            and one.address <= last.address + last.size + gap_max
            and one.address + one.size - last.address <= most
        ):
            size = max(last.size, one.address + one.size - last.address)
            found[-1] = Block(last.kind, last.address, size, (*last.registers, one))
        else:
            found.append(Block(one.kind, one.address, one.size, (one,)))
    return found


def value(register: Register, block: Block, words: Sequence[int]) -> float | None:
    """Give a register's value out of the words (or bits) of its block; None where the device has none.

    Raises:
        ValueError: the answer is shorter than what was asked for.
    """
    at = register.address - block.address
    cut = words[at : at + register.size]
    if len(cut) < register.size:
        raise ValueError(f"{len(words)} registers came, {block.size} were asked for")
    if register.kind in _BIT_KINDS:
        return float(bool(cut[0])) * register.scale + register.offset
    raw: float = _raw(register, cut)
    if register.bit is not None:
        raw = float(int(raw) >> register.bit & 1)
    if not math.isfinite(raw) or raw in register.none:
        return None
    return raw * register.scale + register.offset


def _raw(register: Register, words: Sequence[int]) -> float:
    letter, _ = _WORDS[register.type]
    ordered = words if register.order in {"ABCD", "BADC"} else list(reversed(words))
    ends = ">" if register.order in {"ABCD", "CDAB"} else "<"
    body = b"".join(struct.pack(f"{ends}H", word & 0xFFFF) for word in ordered)
    (raw,) = struct.unpack(f">{letter}", body)
    return float(raw)
