"""What a hospital system does on its side of an MLLP connection."""

from __future__ import annotations

import asyncio
from typing import Self

from shared.hl7.message import Message, parse
from tests.fixtures.hl7 import HEMOGRAM, read_message
from workers.mllp_framing import framed

ANSWER_S = 30.0


def hemogram(control_id: str = "LAB000123") -> bytes:
    return read_message(HEMOGRAM).replace(b"LAB000123", control_id.encode())


class Sender:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Message:
        """The next ACK. Raises IncompleteReadError when the listener hung up instead."""
        async with asyncio.timeout(ANSWER_S):
            block = await self.reader.readuntil(b"\x1c\r")
        assert block.startswith(b"\x0b")
        return parse(block[1:-2])

    async def send(self, message: bytes) -> Message:
        await self.raw(framed(message))
        return await self.answer()

    async def code(self, message: bytes) -> str:
        """AA, AE, AR, …"""
        return (await self.send(message)).segment("MSA").text(1)

    async def hung_up(self) -> bool:
        """Waits for the listener's end of the connection; True when it came without another byte."""
        async with asyncio.timeout(ANSWER_S):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True  # it ended while bytes of ours were still on their way
