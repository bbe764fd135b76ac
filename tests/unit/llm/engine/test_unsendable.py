"""What a provider's library cannot even write: the caller's own fault, asked of nobody and no breaker's business."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest, Finished
from shared.llm.errors import ParameterRefused
from shared.llm.gateway import Gateway
from tests.unit.llm.engine.books import Books, OpenBreakers
from tests.unit.llm.engine.making import catalogue, context, deployment, make_gateway

SCHEMAS = {
    "numbers in an enum": {"type": "object", "properties": {"dose": {"enum": [1, 2, None]}}},
    "a reference to nothing": {"type": "object", "properties": {"a": {"$ref": "#/nada"}}},
    "properties that are none": {"type": "object", "properties": ["a"]},
}


def asking(schema: dict[str, Any]) -> ChatRequest:
    tool = {"type": "function", "function": {"name": "consultar", "parameters": schema}}
    return ChatRequest([{"role": "user", "content": "olá"}], [tool])


async def last(events: AsyncGenerator[Any, None]) -> Finished:
    *_, end = [event async for event in events]
    assert isinstance(end, Finished)
    return end


def gemini(llmock: LLMock) -> Deployment:
    return deployment(llmock.base_url("gemini"), "gemini", model="gemini-2.5-flash")


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
@pytest.mark.parametrize("stream", [True, False])
async def test_it_is_refused_by_name_at_no_cost(llmock: LLMock, schema: dict[str, Any], stream: bool) -> None:
    books, breakers = Books(), OpenBreakers()
    gateway = make_gateway(catalogue(3, a=gemini(llmock)), books=books, breakers=breakers)
    with pytest.raises(ParameterRefused) as refused:
        await (
            last(gateway.stream(asking(schema), context())) if stream else gateway.complete(asking(schema), context())
        )
    assert refused.value.parameter == "tools"
    assert refused.value.__cause__ is None
    assert [(one.outcome, one.cost_microusd) for one in books.settled] == [("cancelled", 0)]
    assert (breakers.failures, llmock.requests) == ([], [])


async def test_what_is_nested_too_deep_is_not_even_counted(llmock: LLMock) -> None:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(600):
        schema = {"type": "object", "properties": {"a": schema}}
    books = Books()
    with pytest.raises(ParameterRefused, match="aninhado"):
        await make_gateway(catalogue(0, a=gemini(llmock)), books=books).complete(asking(schema), context())
    assert books.opened == []


async def test_a_model_that_can_read_it_answers(llmock: LLMock) -> None:
    both = catalogue(3, a=gemini(llmock), b=deployment(llmock.base_url(), model="dois"))
    gateway: Gateway = make_gateway(both)
    reply = await gateway.complete(asking(SCHEMAS["numbers in an enum"]), context())
    assert (reply.model, reply.fallback) == ("dois", True)


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ("openai_compatible", {"content": "meio par: \ud800"}),
        ("mistral", {"content": "meio par: \ud800"}),
        (
            "anthropic",
            {"content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]},
        ),
        ("ollama", {"content": "meio par: \ud800"}),
    ],
)
async def test_so_is_a_message(llmock: LLMock, provider: str, message: dict[str, Any]) -> None:
    breakers = OpenBreakers()
    url = llmock.base_url("openai" if provider in ("openai_compatible", "ollama") else provider)
    gateway = make_gateway(catalogue(3, a=deployment(url, provider)), breakers=breakers)
    with pytest.raises(ParameterRefused) as refused:
        await gateway.complete(ChatRequest([{"role": "user", **message}]), context())
    assert (refused.value.parameter, breakers.failures, llmock.requests) == ("messages", [], [])
