"""A small HTTP/1.1 load generator in a process of its own: N keep-alive connections, each one request at a time.

`python -m bench.http_load PORT PATH BODY CONNECTIONS SECONDS` prints the requests per second that were answered
with a 2xx. Only ever aimed at a loopback port of the bench's own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import cast

import uvloop


class _Connection(asyncio.Protocol):
    def __init__(self, request: bytes, until: float, counts: list[int], done: asyncio.Future[None]) -> None:
        self._request = request
        self._until = until
        self._counts = counts
        self._done = done
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return
        self._counts[0 if head[9:10] == b"2" else 1] += 1
        self._buffer = b""
        assert self._transport
        if time.monotonic() < self._until:
            self._transport.write(self._request)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def _run(port: int, path: str, body: bytes, connections: int, seconds: float) -> tuple[float, int]:
    loop = asyncio.get_running_loop()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    counts = [0, 0]
    start = time.monotonic()
    done = [loop.create_future() for _ in range(connections)]
    for future in done:
        await loop.create_connection(
            lambda future=future: _Connection(request, start + seconds, counts, future),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    await asyncio.gather(*done)
    return counts[0] / (time.monotonic() - start), counts[1]


def rate(port: int, path: str, body: str, connections: int = 64, seconds: float = 4.0) -> float:
    """Requests per second, measured from another process. Raises RuntimeError when any answer was not a 2xx."""
    command = [sys.executable, "-m", "bench.http_load", str(port), path, body, str(connections), str(seconds)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    per_second, failed = out.split()
    if int(failed):
        raise RuntimeError(f"{failed} of the answers of {path} were not a 2xx")
    return float(per_second)


def main() -> None:
    port, path, body, connections, seconds = sys.argv[1:6]
    print(*uvloop.run(_run(int(port), path, body.encode(), int(connections), float(seconds))))


if __name__ == "__main__":
    main()
