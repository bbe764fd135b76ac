"""The one probe of a half-open breaker: whoever claimed it and could not try leaves it to the next caller."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from llmock.pytest_plugin import LLMock

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.contract import TextDelta
from shared.llm.errors import BudgetExhausted
from tests.unit.llm.engine.books import Books, OpenBreakers
from tests.unit.llm.engine.making import REQUEST, catalogue, context, deployment, make_gateway


async def test_a_verdict_ends_the_probe_itself(llmock: LLMock) -> None:
    breakers = OpenBreakers(half_open={"a"})
    gateway = make_gateway(catalogue(0, a=deployment(llmock.base_url())), breakers=breakers)
    await gateway.complete(REQUEST, context())
    breakers.half_open.add("a")
    llmock.fail(500, times=None)
    with pytest.raises(ModelUnavailable):
        await gateway.complete(REQUEST, context())
    assert (breakers.successes, len(breakers.failures), breakers.released_probes) == (["a"], 1, [])


async def test_without_money_nothing_was_tried(llmock: LLMock) -> None:
    breakers = OpenBreakers(half_open={"a"})
    only = catalogue(0, a=deployment(llmock.base_url()))
    with pytest.raises(BudgetExhausted):
        await make_gateway(only, books=Books(money_microusd=0), breakers=breakers).complete(REQUEST, context())
    assert breakers.released_probes == ["a"]


async def test_a_request_refused_for_itself_says_nothing_of_the_deployment(llmock: LLMock) -> None:
    breakers = OpenBreakers(half_open={"a"})
    llmock.fail(400, times=None)
    with pytest.raises(ModelRefused):
        await make_gateway(catalogue(0, a=deployment(llmock.base_url())), breakers=breakers).complete(
            REQUEST, context()
        )
    assert (breakers.failures, breakers.released_probes) == ([], ["a"])


async def test_the_caller_leaves_in_mid_stream(llmock: LLMock) -> None:
    breakers = OpenBreakers(half_open={"a"})
    llmock.reply("Uma resposta que ninguém lê até o fim.")
    gateway = make_gateway(catalogue(0, a=deployment(llmock.base_url())), breakers=breakers)
    async with aclosing(gateway.stream(REQUEST, context())) as events:
        assert isinstance(await anext(events), TextDelta)
    assert breakers.released_probes == ["a"]


async def test_the_call_is_cancelled(llmock: LLMock) -> None:
    breakers = OpenBreakers(half_open={"a"})
    llmock.delay(5, times=None)
    gateway = make_gateway(catalogue(0, a=deployment(llmock.base_url())), breakers=breakers)
    call = asyncio.create_task(gateway.complete(REQUEST, context()))
    async with asyncio.timeout(60):
        while breakers.half_open:  # noqa: ASYNC110 - what is probed has no event to wait for
            await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert breakers.released_probes == ["a"]
