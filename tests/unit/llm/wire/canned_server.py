"""A server that gives every request the same answer, byte for byte: for what no mock would say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


def events(*payloads: Any, end: str = "") -> bytes:
    """Server-sent events; a payload with a `type` is also named by it, as Anthropic does."""
    lines = []
    for payload in payloads:
        name = f"event: {payload['type']}\n" if isinstance(payload, dict) and "type" in payload else ""
        lines.append(f"{name}data: {json.dumps(payload)}\n\n")
    return ("".join(lines) + (f"data: {end}\n\n" if end else "")).encode()


@asynccontextmanager
async def canned(
    answer: bytes, *, status: int = 200, kind: str = "text/event-stream", more: str = ""
) -> AsyncIterator[str]:
    """Yields the server's URL. `more`: further header lines, each ended by CR LF."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        start = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nConnection: close\r\n{more}"
        writer.write(f"{start}Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
