"""Whoever stops listening closes the provider's socket, whatever it was waiting for: seen from the socket."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest, TextDelta
from shared.llm.ports import ModelClient
from shared.llm.providers import create_client
from tests.unit.llm.wire.raw_provider import FIRST_PIECE, RawProvider, raw_provider

REQUEST = ChatRequest([{"role": "user", "content": "olá"}])
# Not a measurement: a socket that is still open by then stays open until somebody collects it.
_AT_MOST_S = 1.0

pytestmark = pytest.mark.parametrize("provider", FIRST_PIECE)


def client_of(stub: RawProvider) -> ModelClient:
    return create_client(Deployment(provider=stub.provider, model="m", base_url=stub.url), transfer_allowed=False)


async def until_first_piece(client: ModelClient, forever: asyncio.Event) -> None:
    async with aclosing(client.stream(REQUEST)) as events:
        async for _ in events:
            forever.set()


async def test_closing_a_stream(provider: str) -> None:
    async with raw_provider(provider) as stub:
        client = client_of(stub)
        events = client.stream(REQUEST)
        assert await anext(events) == TextDelta("olá ")
        await events.aclose()
        await asyncio.wait_for(stub.hung_up.wait(), _AT_MOST_S)
        await client.close()


async def test_cancelling_a_reader_that_waits_for_the_next_piece(provider: str) -> None:
    async with raw_provider(provider) as stub:
        client, first = client_of(stub), asyncio.Event()
        reading = asyncio.create_task(until_first_piece(client, first))
        await first.wait()
        reading.cancel()
        await asyncio.wait([reading])
        await asyncio.wait_for(stub.hung_up.wait(), _AT_MOST_S)
        await client.close()


@pytest.mark.parametrize("streamed", [True, False])
async def test_cancelling_before_any_answer(provider: str, streamed: bool) -> None:
    async with raw_provider(provider, answers=False) as stub:
        client = client_of(stub)
        waiting = anext(client.stream(REQUEST)) if streamed else client.complete(REQUEST)
        asking = asyncio.ensure_future(waiting)
        await stub.asked.wait()
        asking.cancel()
        await asyncio.wait([asking])
        await asyncio.wait_for(stub.hung_up.wait(), _AT_MOST_S)
        await client.close()


async def test_two_calls_do_not_close_each_other(provider: str) -> None:
    async with raw_provider(provider) as stub, raw_provider(provider) as other:
        one, two = client_of(stub), client_of(other)
        first, second = one.stream(REQUEST), two.stream(REQUEST)
        await anext(first)
        await anext(second)
        await first.aclose()
        await asyncio.wait_for(stub.hung_up.wait(), _AT_MOST_S)
        assert not other.hung_up.is_set()
        await second.aclose()
        await one.close()
        await two.close()
