"""Who may be asked at all: decided before anything leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock

from shared.errors import ModelUnavailable
from shared.llm.catalogue import Catalogue, Deployment, Policy
from shared.llm.contract import ChatReply, ChatRequest
from shared.llm.errors import ContextOverflow, ParameterRefused, PromptTooLarge, TransferRefused, UnknownModel
from shared.llm.gateway import Gateway
from tests.unit.llm.engine.making import REQUEST, catalogue, context, deployment, make_gateway


def inside_by_name(found: Deployment) -> bool:
    return found.model != "fora"


def of(llmock: LLMock, **changes: Any) -> Deployment:
    return deployment(llmock.base_url(), **changes)


async def refused(gateway: Gateway, request: ChatRequest, kind: type[Exception], **about: Any) -> Any:
    with pytest.raises(kind) as caught:
        await gateway.complete(request, context(**about))
    with pytest.raises(kind):
        await anext(gateway.stream(request, context(**about)))
    return caught.value


async def asked(gateway: Gateway, request: ChatRequest = REQUEST, **about: Any) -> ChatReply:
    return await gateway.complete(request, context(**about))


async def test_an_unknown_model(llmock: LLMock) -> None:
    gateway = make_gateway(catalogue(0, a=of(llmock)))
    error = await refused(gateway, replace(REQUEST, model="gpt-x"), UnknownModel)
    assert error.status == 404
    assert "gpt-x" not in error.detail
    assert llmock.requests == []


async def test_a_deployment_is_a_model_too(llmock: LLMock) -> None:
    gateway = make_gateway(catalogue(0, a=of(llmock, model="um"), b=of(llmock, model="dois")))
    assert (await asked(gateway, replace(REQUEST, model="b"))).model == "dois"
    assert (await asked(gateway)).model == "um"


async def test_a_prompt_over_the_limit_comes_before_anything_else(llmock: LLMock) -> None:
    gateway = make_gateway(catalogue(0, a=of(llmock)), max_prompt_chars=1_000)
    letter = ChatRequest([{"role": "user", "content": "a" * 1_001}], model="desconhecido")
    error = await refused(gateway, letter, PromptTooLarge)
    assert error.status == 413
    parts = ChatRequest([{"role": "user", "content": [{"type": "text", "text": "a" * 600}] * 2}])
    await refused(gateway, parts, PromptTooLarge)
    assert llmock.requests == []


async def test_a_parameter_that_no_deployment_honours(llmock: LLMock) -> None:
    gateway = make_gateway(catalogue(0, a=of(llmock), b=of(llmock)))
    error = await refused(gateway, replace(REQUEST, parameters={"inventado": 1}), ParameterRefused)
    assert (error.status, error.parameter) == (400, "inventado")
    assert llmock.requests == []


async def test_who_does_not_honour_a_parameter_is_passed_over(llmock: LLMock) -> None:
    """Anthropic has no `seed`."""
    first = deployment(llmock.base_url("anthropic"), "anthropic")
    gateway = make_gateway(catalogue(0, a=first, b=of(llmock)))
    reply = await asked(gateway, replace(REQUEST, parameters={"seed": 7}))
    assert (reply.deployment, reply.fallback, reply.attempts) == ("b", True, 1)
    assert llmock.last_request.body["seed"] == 7
    await refused(gateway, replace(REQUEST, parameters={"seed": 7}, model="a"), ParameterRefused)


@pytest.mark.parametrize("content", ["palavra " * 900, [{"type": "text", "text": "palavra " * 900}]])
async def test_what_does_not_fit_goes_to_a_larger_window(llmock: LLMock, content: Any) -> None:
    small, large = of(llmock, context_tokens=1024), of(llmock, context_tokens=4096)
    request = ChatRequest([{"role": "user", "content": content}])
    reply = await asked(make_gateway(catalogue(0, a=small, b=large)), request)
    assert (reply.deployment, reply.attempts) == ("b", 1)
    error = await refused(make_gateway(catalogue(0, a=small)), request, ContextOverflow)
    assert error.status == 400
    assert len(llmock.requests) == 1


async def test_the_answer_needs_room_too(llmock: LLMock) -> None:
    gateway = make_gateway(catalogue(0, a=of(llmock, context_tokens=1024)))
    await asked(gateway, replace(REQUEST, parameters={"max_tokens": 900}))
    await refused(gateway, replace(REQUEST, parameters={"max_tokens": 1_020}), ContextOverflow)


async def test_nothing_leaves_the_house_unless_it_was_allowed(llmock: LLMock) -> None:
    both = catalogue(0, a=of(llmock, model="fora", free_text=True), b=of(llmock, model="dentro"))
    gateway = make_gateway(both, inside=inside_by_name)
    assert (await asked(gateway)).model == "dentro"
    error = await refused(gateway, replace(REQUEST, model="a"), TransferRefused)
    assert error.status == 403
    assert [record.model for record in llmock.requests] == ["dentro"]


async def test_free_text_stays_inside_unless_the_deployment_is_fit_for_it(llmock: LLMock) -> None:
    both = catalogue(0, a=of(llmock, model="fora"), b=of(llmock, model="dentro"))
    gateway = make_gateway(both, inside=inside_by_name, transfer_allowed=True)
    assert (await asked(gateway, free_text=True)).model == "dentro"
    await refused(gateway, replace(REQUEST, model="a"), TransferRefused, free_text=True)
    assert {record.model for record in llmock.requests} == {"dentro"}


async def test_a_call_that_is_confined_stays_inside_and_says_why(llmock: LLMock) -> None:
    both = catalogue(0, a=of(llmock, model="fora", free_text=True), b=of(llmock, model="dentro"))
    gateway = make_gateway(both, inside=inside_by_name, transfer_allowed=True)
    assert (await asked(gateway, confined="nomeia demais")).model == "dentro"
    error = await refused(gateway, replace(REQUEST, model="a"), TransferRefused, confined="nomeia demais")
    assert error.detail == "nomeia demais"
    assert [record.model for record in llmock.requests] == ["dentro"]


async def test_an_address_that_does_not_resolve_is_neither_inside_nor_asked(llmock: LLMock) -> None:
    def unresolved(found: Deployment) -> bool:
        if found.model == "perdido":
            raise ModelUnavailable("o nome do servidor do modelo não resolve")
        return True

    both = catalogue(0, a=of(llmock, model="perdido"), b=of(llmock, model="dentro"))
    gateway = make_gateway(both, inside=unresolved)
    assert (await asked(gateway)).model == "dentro"
    await refused(gateway, replace(REQUEST, model="a"), ModelUnavailable)
    assert [card.inside for card in gateway.models() if card.kind == "deployment"] == [False, True]


def test_the_cards_of_models(llmock: LLMock) -> None:
    deployments = {"a": of(llmock, model="um"), "b": of(llmock, provider="mistral", model="dois")}
    policies = {"padrao": Policy(deployments=("b", "a")), "barato": Policy(deployments=("a",))}
    cards = make_gateway(Catalogue(deployments=deployments, policies=policies)).models()
    assert [(card.id, card.kind, card.provider, card.model) for card in cards] == [
        ("padrao", "policy", "mistral", "dois"),
        ("barato", "policy", "openai_compatible", "um"),
        ("a", "deployment", "openai_compatible", "um"),
        ("b", "deployment", "mistral", "dois"),
    ]
    cards = make_gateway(Catalogue(deployments=deployments, policies=policies, default="barato")).models()
    assert [card.id for card in cards] == ["barato", "padrao", "a", "b"]  # who names no model is shown the first
