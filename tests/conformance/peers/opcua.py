"""asyncua's server with one variable that has a unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.server.server import Server

from tests.faults.server import free_port

SERIES, UNIT = "Kiln/Temp", "Cel"
FORGETS = True


class Peer:
    def __init__(self, folder: Path) -> None:
        del folder
        self.url = f"opc.tcp://127.0.0.1:{free_port()}/mill"
        self._server: Any = None
        self.temp: Any = None
        self.table = (
            f"[opcua]\nurl = '{self.url}'\ninterval_s = 0.05\ntimeout_s = 1.0\n"
            "[[opcua.browse]]\nunder = 'i=85'\n"
        )

    @staticmethod
    def why_not() -> str:
        return ""

    async def start(self) -> None:
        if self._server is None:
            await self._make()
        await self._server.start()

    async def _make(self) -> None:
        """Build its address space, which takes seconds: it is kept over restarts."""
        self._server = Server()
        await self._server.init()
        self._server.set_endpoint(self.url)
        space = await self._server.register_namespace("urn:mill")
        kiln = await self._server.nodes.objects.add_object(space, "Kiln")
        self.temp = await kiln.add_variable(
            ua.NodeId.from_string(f"ns={space};s=Kiln.Temp"), f"{space}:Temp", 0.0
        )
        unit = ua.EUInformation(DisplayName=ua.LocalizedText(UNIT))
        await self.temp.add_property(0, "EngineeringUnits", unit)

    async def put(self, value: float) -> None:
        await self.temp.write_value(value)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop()
