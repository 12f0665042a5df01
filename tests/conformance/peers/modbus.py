"""pymodbus's server with one float and one bit."""

from __future__ import annotations

import struct
from pathlib import Path

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.faults.server import free_port

SERIES, UNIT = "mill/power", "kW"
FORGETS = True


class Peer:
    def __init__(self, folder: Path) -> None:
        del folder
        self.port = free_port()
        self._value = 0.0
        self._server: ModbusTcpServer | None = None
        self.table = (
            f"[modbus]\n[[modbus.device]]\nhost = '127.0.0.1'\nport = {self.port}\nperiod_s = 0.05\n"
            f"timeout_s = 0.5\nretries = 0\n[[modbus.device.register]]\nseries = '{SERIES}'\naddress = 0\n"
            f"type = 'float32'\nunit = '{UNIT}'\n"
        )

    @staticmethod
    def why_not() -> str:
        return ""

    async def start(self) -> None:
        words = list(struct.unpack(">HH", struct.pack(">f", self._value)))
        device = SimDevice(id=1, simdata=[SimData(0, values=words, datatype=DataType.REGISTERS)])
        self._server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
        await self._server.serve_forever(background=True)

    async def put(self, value: float) -> None:
        self._value = value
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None
