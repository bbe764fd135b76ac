"""A provider's server on a bare socket: what llmock cannot do to a request, and Ollama, which it does not speak.

Each connection takes the next fault; one without a fault is piped to llmock, or answered in Ollama's words.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

OLLAMA_WORDS = ("Olá, ", "aqui ", "fala ", "o modelo.")
# Long enough for any limit of a test; the connection is closed when the test ends.
_FOREVER_S = 30.0


@dataclass(frozen=True)
class Raw:
    """What one connection does instead of answering. `times=None`: every connection."""

    kind: str  # status, disconnect, truncate, malformed, stall, empty
    status: int = 200
    retry_after: float | None = None
    body: dict[str, Any] = field(default_factory=dict)
    after: int = 0  # pieces of an answer that come before
    times: int | None = None


_JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


class Upstream:
    """`requests`: how many came in whole. `hung_up`: a client closed its connection before its answer was whole."""

    def __init__(self, forward_to: str | None = None) -> None:
        self._forward_to = urlsplit(forward_to) if forward_to else None
        self._fault: Raw | None = None
        self._left = 0
        self.url = ""
        self.requests = 0
        self.hung_up = asyncio.Event()

    def break_with(self, fault: Raw | None) -> None:
        self.requests = 0
        self._fault = fault
        self._left = -1 if fault is not None and fault.times is None else fault.times or 0 if fault else 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _request(reader)) is not None:
                self.requests += 1
                fault = self._next()
                if fault is not None:
                    await self._misbehave(fault, reader, writer)
                    return
                if self._forward_to is not None:
                    await self._pipe(request, reader, writer)
                    return
                await _chunked(writer, ollama_answer())
        except ConnectionError:
            self.hung_up.set()
        finally:
            writer.close()

    def _next(self) -> Raw | None:
        if self._left == 0:
            return None
        self._left -= 1
        return self._fault

    async def _misbehave(self, fault: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = list(ollama_answer())
        if fault.kind == "status":
            writer.write(_refusal(fault))
        elif fault.kind == "truncate" and self._forward_to is None:
            await _chunked(writer, lines[: fault.after])
        elif fault.kind == "truncate":
            writer.write(_JSON + b'content-length: 900\r\n\r\n{"id": "x", "c')
        elif fault.kind == "malformed" and self._forward_to is None:
            await _chunked(writer, [*lines[: fault.after], b'{"model": \n'])
        elif fault.kind == "malformed":
            writer.write(_JSON + b'content-length: 10\r\n\r\n{"id": "x"')
        elif fault.kind == "empty":
            await _chunked(writer, lines[-1:])
        elif fault.kind in ("stall", "disconnect"):
            await _chunked(writer, lines[: fault.after], end=False)
        await writer.drain()
        if fault.kind == "stall":
            async with asyncio.timeout(_FOREVER_S):
                await reader.read()
            self.hung_up.set()

    async def _pipe(self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._forward_to is not None
        # One request to a connection, so that the next one meets the next fault.
        request = re.sub(rb"(?i)(\r\nconnection: )[^\r]+", rb"\1close", request)
        theirs, ours = await asyncio.open_connection(self._forward_to.hostname, self._forward_to.port)
        ours.write(request)
        await asyncio.gather(_copy(reader, ours), _copy(theirs, writer))


def ollama_answer() -> Iterator[bytes]:
    """The lines of one answer in Ollama's own protocol."""
    for word in OLLAMA_WORDS:
        yield _line({"message": {"role": "assistant", "content": word}, "done": False})
    last = {"done_reason": "stop", "prompt_eval_count": 12, "eval_count": 5}
    yield _line({"message": {"role": "assistant", "content": ""}, "done": True} | last)


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps({"model": "m", "created_at": "2026-01-01T00:00:00Z"} | data).encode() + b"\n"


def _refusal(fault: Raw) -> bytes:
    body = json.dumps({"error": "recusado"} | fault.body).encode()
    wait = "" if fault.retry_after is None else f"retry-after-ms: {round(fault.retry_after * 1000)}\r\n"
    head = f"HTTP/1.1 {fault.status} No\r\ncontent-type: application/json\r\n{wait}content-length: {len(body)}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body


async def _request(reader: asyncio.StreamReader) -> bytes | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    length = int(head.decode().lower().split("content-length:")[1].split("\r\n")[0])
    return head + await reader.readexactly(length)


async def _chunked(writer: asyncio.StreamWriter, pieces: Any, *, end: bool = True) -> None:
    if not end and not pieces:
        return
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n")
    for piece in pieces:
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    if end:
        writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def listening(serve: Callable[..., Any]) -> AsyncIterator[str]:
    """The root URL of a server that hands each connection to `serve`."""
    running: set[asyncio.Task[None]] = set()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(start, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tuple(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
