"""The whole application on a real socket, on the test's own loop, with a gateway of the test's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import orjson
import pytest
import uvicorn
from fastapi import FastAPI

from api import main
from api.serving import DrainingServer
from shared.settings import load_settings

T = TypeVar("T")
NOBODY = "amqp://guest:guest@127.0.0.1:1"
MESSAGES = "/api/chat/messages"
CONVERSATIONS = "/api/chat/conversations"


@dataclass
class Event:
    """One server-sent event."""

    name: str
    id: int | None
    data: dict[str, Any]


@dataclass
class Served:
    app: FastAPI
    server: DrainingServer
    client: httpx.AsyncClient
    address: str

    async def say(self, content: str, **fields: Any) -> httpx.Response:
        return await self.client.post(MESSAGES, json={"content": content, **fields})

    async def said(self, content: str, **fields: Any) -> dict[str, Any]:
        """The JSON answer, whole."""
        answer = await self.say(content, **fields)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def message(self, message_id: str) -> dict[str, Any]:
        body: dict[str, Any] = (await self.client.get(f"{MESSAGES}/{message_id}")).json()
        return body

    async def ended(self, message_id: str) -> dict[str, Any]:
        """The message once it streams no more."""

        async def probe() -> dict[str, Any] | None:
            found = await self.message(message_id)
            return found if found["status"] != "streaming" else None

        return await until(probe)


async def until(probe: Callable[[], Awaitable[T]]) -> Any:
    """The first truthy answer of `probe`."""
    async with asyncio.timeout(60):
        while not (found := await probe()):  # noqa: ASYNC110 - what is probed has no event to wait for
            await asyncio.sleep(0.01)
    return found


@asynccontextmanager
async def serving(
    monkeypatch: pytest.MonkeyPatch, database_url: str, gateway: Any, **environment: str
) -> AsyncIterator[Served]:
    """Up on a free port; `gateway` None keeps the application's own."""
    values = {"DATABASE_URL": database_url, "RABBITMQ_URL": NOBODY, "DOMAIN_PACKAGES": '["tests.fixtures.domains"]'}
    for name, value in (values | environment).items():
        monkeypatch.setenv(name, value)
    if gateway is not None:
        monkeypatch.setattr(main, "open_gateway", lambda *_: gateway)
    app = main.create_app(load_settings())
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5)
    server = DrainingServer(app, config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        running = asyncio.create_task(server.serve([listening]))

        async def started() -> bool:
            return server.started

        await until(started)
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            yield Served(app, server, client, address)
        server.should_exit = True
        async with asyncio.timeout(60):
            await running


async def events(response: httpx.Response) -> AsyncIterator[Event]:
    """The events of a stream as they come."""
    name, number = "message", None
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("id: "):
            number = int(line.removeprefix("id: "))
        elif line.startswith("data: "):
            yield Event(name, number, orjson.loads(line.removeprefix("data: ")))
            name, number = "message", None


def text_of(seen: list[Event]) -> str:
    return "".join(event.data["content"] for event in seen)
