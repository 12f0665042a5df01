"""Modbus TCP: registers of devices, polled at a period."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from ingest.connectors._registers import Block, Register, blocks, check, value
from ingest.connectors._rows import Instant
from ingest.connectors._source import Asked, Outlet, SourceLost
from opsroom.errors import Invalid
from opsroom.model import QUALITY_BAD, QUALITY_GOOD

NEEDS = {"pymodbus": "pip install 'cybersyn-opsroom[modbus]'"}

PERIOD_S_MIN: Final = 0.05
DEVICE_ID_MAX: Final = 255
_NEVER_HERE: Final = frozenset({1, 2, 3})
"""Exception codes that another try does not mend: illegal function, address or value."""
_EXCEPTIONS: Final = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity",
    10: "gateway path unavailable",
    11: "gateway target does not answer",
}
# What pymodbus reports to its log is told here by SourceLost.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class Device(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[modbus.device]]`: where it answers, and its registers.

    A request unanswered for `timeout_s` is asked `retries` times more, then the device is lost.
    """

    host: str
    register: list[Register]
    port: int = 502
    id: int = 1
    period_s: float = 1.0
    timeout_s: float = 1.0
    retries: int = 1
    gap_max: int = 8


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[modbus]`."""

    device: list[Device]


def sources(settings: Settings, folder: Path) -> list[Polled]:
    """Give each device as a source of its own.

    Raises:
        Invalid: a device or register cannot be asked for as written.
    """
    del folder
    if not settings.device:
        raise Invalid("No device.", remedy="Give [[modbus.device]].", field="device")
    for number, device in enumerate(settings.device):
        field = f"device[{number}]"
        if not device.register:
            raise Invalid(
                "No register.", remedy="Give [[modbus.device.register]].", field=f"{field}.register"
            )
        if device.period_s < PERIOD_S_MIN:
            remedy = f"Give {PERIOD_S_MIN} s or more."
            raise Invalid("Polled too often.", remedy=remedy, field=f"{field}.period_s")
        if not device.timeout_s > 0 or device.retries < 0:
            raise Invalid("Nothing would be waited for.", remedy="Give seconds.", field=f"{field}.timeout_s")
        if not 0 <= device.id <= DEVICE_ID_MAX:
            raise Invalid(f"{device.id} is no device.", remedy="Give 0 to 255.", field=f"{field}.id")
        for place, register in enumerate(device.register):
            check(register, f"{field}.register[{place}]")
    return [Polled(device) for device in settings.device]


class Polled:
    """A device that is asked again and again."""

    def __init__(self, device: Device) -> None:
        """Ask `device` for its registers, neighbours together."""
        self.label = f"modbus {device.host}:{device.port}/{device.id}"
        self._device = device
        self._blocks = blocks(device.register, device.gap_max)

    def asked(self) -> Sequence[Asked]:
        """Give the registers."""
        return [
            Asked(f"{one.kind} {one.address} {one.type}", one.series, one.unit, self._device.period_s)
            for block in self._blocks
            for one in block.registers
        ]

    async def session(self, out: Outlet) -> None:
        """Poll until the device does not answer."""
        device = self._device
        client = AsyncModbusTcpClient(
            device.host,
            port=device.port,
            timeout=device.timeout_s,
            retries=device.retries,
            reconnect_delay=0,
        )
        try:
            if not await client.connect():
                raise SourceLost(f"{self.label}: nobody answers", remedy="Is it up, and the address right?")
            out.tell("connected", f"{self.label}, {len(self._blocks)} requests each {device.period_s:g} s")
            due_s = out.monotonic()
            while True:
                await self._poll(client, out)
                due_s += device.period_s
                late_s = out.monotonic() - due_s
                if late_s > 0:
                    # What was missed is not made up for: the next poll keeps the beat.
                    out.tell("overrun", f"{self.label}: a poll took {late_s + device.period_s:.2f} s")
                    due_s += (late_s // device.period_s + 1) * device.period_s
                await out.sleep(due_s - out.monotonic())
        except (TimeoutError, ModbusException) as error:
            raise SourceLost(f"{self.label}: {error}", remedy="Is it up, and does it know its id?") from error
        finally:
            client.close()

    async def _poll(self, client: AsyncModbusTcpClient, out: Outlet) -> None:
        """Ask for every block once."""
        for block in list(self._blocks):
            answer = await _ask(client, block, self._device.id)
            if answer.isError():
                await self._refused(block, answer, out)
                continue
            words = answer.bits if block.kind in {"coil", "discrete"} else answer.registers
            await self._give(block, words, out)

    async def _give(self, block: Block, words: Sequence[int], out: Outlet) -> None:
        try:
            values = [value(one, block, words) for one in block.registers]
        except ValueError as error:
            raise SourceLost(f"{self.label}: {error}") from error
        await out.give(
            Instant(
                out.now(),
                [one.series for one in block.registers],
                values,
                [one.unit for one in block.registers],
                [self._device.period_s] * len(values),
                [QUALITY_BAD if one is None else QUALITY_GOOD for one in values],
            )
        )

    async def _refused(self, block: Block, answer: Any, out: Outlet) -> None:
        """Take an exception for what it is: these registers have no value, the device is well."""
        code = int(answer.exception_code)
        place = f"{block.kind} {block.address}..{block.address + block.size - 1}"
        out.tell("exception", f"{self.label}: {place}: {code} {_EXCEPTIONS.get(code, '')}".rstrip())
        if code in _NEVER_HERE and len(block.registers) > 1:
            # One of them is at fault, or the gap between them: from now on each is asked for alone.
            alone = [part for one in block.registers for part in blocks([one], 0)]
            at = self._blocks.index(block)
            self._blocks[at : at + 1] = alone
            return
        await out.stale([one.series for one in block.registers])


async def _ask(client: AsyncModbusTcpClient, block: Block, device_id: int) -> Any:
    asks: dict[str, Any] = {
        "holding": client.read_holding_registers,
        "input": client.read_input_registers,
        "coil": client.read_coils,
        "discrete": client.read_discrete_inputs,
    }
    return await asks[block.kind](block.address, count=block.size, device_id=device_id)
