"""Ollama's chat endpoint over real HTTP: it answers what it is told to, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

_PART = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}


def said(text: str = "", **message: Any) -> dict[str, Any]:
    return {**_PART, "message": {"role": "assistant", "content": text, **message}, "done": False}


def done(reason: str | None = "stop") -> dict[str, Any]:
    end = {**_PART, "message": {"role": "assistant", "content": ""}, "done": True}
    counted = {"prompt_eval_count": 11, "eval_count": 5}
    return {**end, **counted, **({"done_reason": reason} if reason else {})}


@dataclass
class OllamaServer:
    """`lines` are the answer, `status` its status; `bodies` what came in."""

    url: str = ""
    status: int = 200
    lines: list[dict[str, Any]] = field(default_factory=lambda: [said("olá "), said("mundo"), done()])
    bodies: list[dict[str, Any]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        self.bodies.append(json.loads(body))
        answer = "".join(json.dumps(line) + "\n" for line in self.lines).encode()
        start = f"HTTP/1.1 {self.status} X\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n"
        writer.write(f"{start}Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def ollama_server() -> AsyncIterator[OllamaServer]:
    stub = OllamaServer()
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield stub
    finally:
        server.close()
