"""Sends one HL7 message over and over, each time as a new one.

`python -m bench.mllp_load mllp|http PORT CONNECTIONS SECONDS` prints how many were accepted per second. Each
connection waits for an answer before it sends the next, as senders do. Only ever aimed at a port of the bench's own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import count

import uvloop

from bench.rig import ROOT
from workers.mllp_framing import framed

_MESSAGE = (ROOT / "handlers" / "exames" / "interop" / "examples" / "hemograma.hl7").read_bytes()
_CONTROL_ID = b"LAB000123"
_PATH = "/api/exames/hemograma/"
_Answer = Callable[[asyncio.StreamReader], Awaitable[bytes]]


def _over_http(message: bytes) -> bytes:
    head = f"POST {_PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/hl7-v2\r\n"
    return f"{head}Content-Length: {len(message)}\r\n\r\n".encode() + message


async def _mllp_answer(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\x1c\r")


async def _http_answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return await reader.readexactly(length)


_WAYS: dict[str, tuple[Callable[[bytes], bytes], _Answer]] = {
    "mllp": (framed, _mllp_answer),
    "http": (_over_http, _http_answer),
}


async def _send(way: str, port: int, name: int, until: float) -> int:
    """Raises RuntimeError at the first answer that is no AA."""
    wrap, answer = _WAYS[way]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in count():
        if time.monotonic() > until:
            writer.close()
            return number
        # Unique across runs: a message that came before would be answered with its earlier task.
        control = f"{time.time_ns():x}.{name}".encode()
        writer.write(wrap(_MESSAGE.replace(_CONTROL_ID, control)))
        if b"\rMSA|AA|" not in await answer(reader):
            raise RuntimeError(f"{way}: a message was refused")
    raise AssertionError("count never ends")


async def _run(way: str, port: int, connections: int, seconds: float) -> float:
    begin = time.monotonic()
    sent = await asyncio.gather(*(_send(way, port, name, begin + seconds) for name in range(connections)))
    return sum(sent) / (time.monotonic() - begin)


def rate(way: str, port: int, connections: int, seconds: float = 3.0) -> float:
    """Messages per second, measured from another process. Raises CalledProcessError when one was refused."""
    command = [sys.executable, "-m", "bench.mllp_load", way, str(port), str(connections), str(seconds)]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    way, port, connections, seconds = sys.argv[1:]
    print(uvloop.run(_run(way, int(port), int(connections), float(seconds))))


if __name__ == "__main__":
    main()
