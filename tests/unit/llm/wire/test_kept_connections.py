"""A stream that was read to its last word leaves its connection to the next call; one that was left does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.ports import WireReply
from shared.llm.providers import create_client
from shared.llm.wire.kept_connections import read_to_the_end

REQUEST = ChatRequest([{"role": "user", "content": "olá"}])
_CHOICE = {"index": 0, "delta": {"role": "assistant", "content": "olá"}, "finish_reason": "stop"}
_PIECE = json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [_CHOICE]})
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_WORD = f"data: {_PIECE}\n\n".encode()
_DONE = b"data: [DONE]\n\n"
_END = b"0\r\n\r\n"


class Provider:
    """Streams a word, `[DONE]` and the end of the body, each in a packet; counts its connections and their ends."""

    def __init__(self) -> None:
        self.opened = 0
        self.ends = True  # whether the end of the body ever comes
        self.hung_up = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        while head := await self._head(reader):
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            writer.write(_HEAD)
            for part in (_WORD, _DONE):
                writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                await writer.drain()
            if self.ends:
                writer.write(_END)
        self.hung_up.set()
        writer.close()

    @staticmethod
    async def _head(reader: asyncio.StreamReader) -> bytes:
        try:
            return (await reader.readuntil(b"\r\n\r\n")).lower()
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""


@asynccontextmanager
async def provider() -> AsyncIterator[tuple[Provider, str]]:
    made = Provider()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    try:
        yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def one_connection_at_most() -> AsyncIterator[httpx.AsyncClient]:
    hooks = {"response": [read_to_the_end]}
    async with httpx.AsyncClient(event_hooks=hooks, trust_env=False, limits=httpx.Limits(max_connections=1)) as client:
        yield client


async def _read_until(client: httpx.AsyncClient, url: str, word: bytes) -> None:
    async with client.stream("POST", url, json={}) as answer:
        async for chunk in answer.aiter_raw():
            if word in chunk:
                return


async def test_a_reader_that_stops_at_the_last_word_keeps_the_connection() -> None:
    async with provider() as (stub, url), one_connection_at_most() as client:
        for _ in range(3):
            await _read_until(client, url, b"[DONE]")
        assert stub.opened == 1


async def test_a_reader_that_stops_before_it_hangs_up() -> None:
    async with provider() as (stub, url), one_connection_at_most() as client:
        stub.ends = False
        async with client.stream("POST", url, json={}) as answer:
            assert await anext(answer.aiter_raw())
        await stub.hung_up.wait()


async def test_an_end_that_never_comes_costs_only_the_connection() -> None:
    async with provider() as (stub, url), one_connection_at_most() as client:
        stub.ends = False
        for _ in range(2):
            await _read_until(client, url, b"[DONE]")
        assert stub.opened == 2


@pytest.mark.parametrize("kind", ["openai_compatible", "mistral"])
async def test_streams_of_the_libraries_share_connections(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.llm.wire.sharded_transport._SHARDS", 1)
    async with provider() as (stub, url):
        client = create_client(Deployment(provider=kind, model="m", base_url=url), transfer_allowed=False)
        for _ in range(3):
            (*_, whole) = [event async for event in client.stream(REQUEST)]
            assert isinstance(whole, WireReply) and whole.text == "olá"
        await client.close()
        assert stub.opened == 1
