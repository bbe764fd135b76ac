"""A provider on a bare socket: it starts a stream, never ends it, and sees when the other side hangs up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


def _event(data: dict[str, Any], name: str | None = None) -> bytes:
    line = f"event: {name}\n" if name else ""
    return f"{line}data: {json.dumps(data)}\n\n".encode()


def _openai(text: str) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    return _event({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


def _anthropic(text: str) -> bytes:
    message = {
        "id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 0},
    }  # fmt: skip
    started = _event({"type": "message_start", "message": message}, "message_start")
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return started + _event(block, "content_block_start") + _event(delta, "content_block_delta")


def _gemini(text: str) -> bytes:
    return _event({"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}]})


def _ollama(text: str) -> bytes:
    part = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": text}}
    return json.dumps({**part, "done": False}).encode() + b"\n"


FIRST_PIECE = {
    "openai": _openai,
    "openai_compatible": _openai,
    "mistral": _openai,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "ollama": _ollama,
}


@dataclass
class RawProvider:
    """`head`: of the last request, in lower case. `asked`: it came in whole. `hung_up`: its client closed it."""

    provider: str
    answers: bool = True
    piece: bytes | None = None
    url: str = ""
    head: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = self.head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        self.asked.set()
        if self.answers:
            kind = "application/x-ndjson" if self.provider == "ollama" else "text/event-stream"
            piece = self.piece or FIRST_PIECE[self.provider]("olá ")
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        with suppress(ConnectionResetError):
            await reader.read()
        self.hung_up.set()
        writer.close()


@asynccontextmanager
async def raw_provider(
    provider: str, *, answers: bool = True, piece: bytes | None = None
) -> AsyncIterator[RawProvider]:
    """`piece`: what it says in the place of its first word."""
    stub = RawProvider(provider, answers, piece)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield stub
    finally:
        server.close()
