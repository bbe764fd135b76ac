"""The gateway against every fault of a provider: what is retried, how often, and what is said."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.contract import ChatReply, ChatRequest, Interrupted
from shared.llm.failures import retry_after_seconds
from shared.llm.gateway import LlmGateway
from shared.llm.interruption import Interruption
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider

MakeGateway = Callable[..., LlmGateway]

SECRET = "canário-no-prompt"
FINDING = '```json\n{"achados": [{"id": "A1", "gravidade": "info", "descricao": "Hb de 9,1 g/dL."}]}\n```'
REQUEST = ChatRequest([{"role": "user", "content": f"{SECRET}\n{FINDING}"}])
TOOL = {
    "type": "function",
    "function": {"name": "consultar", "description": "d", "parameters": {"type": "object", "properties": {}}},
}


def ask(gateway: LlmGateway, request: ChatRequest = REQUEST, timeout: float = 20.0) -> ChatReply:
    return gateway.complete(request, timeout=timeout, interruption=Interruption())


def test_text_usage_and_names(make_gateway: MakeGateway) -> None:
    reply = ask(make_gateway())
    assert "Hb de 9,1 g/dL [A1]." in reply.text
    assert reply.tool_calls == ()
    assert reply.usage.source == "provider"
    assert reply.usage.prompt_tokens > 0
    assert (reply.provider, reply.model, reply.finish_reason) == ("openai_compatible", "llmock", "stop")


def test_tool_calls(make_gateway: MakeGateway) -> None:
    reply = ask(make_gateway(), ChatRequest(REQUEST.messages, [TOOL]))
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("consultar", {})]
    assert reply.text == ""


def test_parameters_reach_the_provider(make_gateway: MakeGateway, provider: MockProvider) -> None:
    ask(make_gateway(), ChatRequest(REQUEST.messages, temperature=0.2, max_tokens=77))
    sent = provider.requests[0]
    assert sent["temperature"] == 0.2
    assert 77 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))


@pytest.mark.parametrize("fault", ["429", "500", "503", "truncate", "bad_json", "no_choices", "empty", "no_finish"])
def test_transient_faults_are_retried_until_the_answer(
    make_gateway: MakeGateway, provider: MockProvider, fault: Any
) -> None:
    provider.plan = FaultPlan(fault, calls=2, retry_after="0")
    assert "9,1" in ask(make_gateway(model_max_retries=2)).text
    assert len(provider.requests) == 3


@pytest.mark.parametrize("fault", ["429", "500", "503", "truncate", "bad_json", "no_choices", "empty", "no_finish"])
def test_lasting_transient_faults_are_unavailable(
    make_gateway: MakeGateway, provider: MockProvider, fault: Any
) -> None:
    provider.plan = FaultPlan(fault, retry_after="0")
    with pytest.raises(ModelUnavailable) as caught:
        ask(make_gateway(model_max_retries=1))
    assert len(provider.requests) == 2
    assert_says_nothing_of_the_prompt(caught.value)


@pytest.mark.parametrize("fault", ["400", "401", "403", "404", "quota", "length"])
def test_refusals_are_never_retried(make_gateway: MakeGateway, provider: MockProvider, fault: Any) -> None:
    provider.plan = FaultPlan(fault)
    with pytest.raises(ModelRefused) as caught:
        ask(make_gateway(model_max_retries=3))
    assert len(provider.requests) == 1
    assert_says_nothing_of_the_prompt(caught.value)


def assert_says_nothing_of_the_prompt(error: BaseException) -> None:
    assert error.__cause__ is None
    assert error.__context__ is None
    assert SECRET not in "".join(traceback.format_exception(error))


def test_a_long_retry_after_is_left_to_the_worker(make_gateway: MakeGateway, provider: MockProvider) -> None:
    provider.plan = FaultPlan("429", retry_after="120")
    with pytest.raises(ModelUnavailable) as caught:
        ask(make_gateway(model_max_retries=3))
    assert caught.value.retry_after == 120
    assert len(provider.requests) == 1


@pytest.mark.parametrize("setting", ["deadline", "attempt"])
def test_a_stall_ends_with_its_time(make_gateway: MakeGateway, provider: MockProvider, setting: str) -> None:
    provider.plan = FaultPlan("stall")
    gateway = make_gateway(model_timeout_s=0.3 if setting == "attempt" else 30)
    with pytest.raises(ModelUnavailable, match="a tempo") as caught:
        ask(gateway, timeout=0.3 if setting == "deadline" else 30)
    assert_says_nothing_of_the_prompt(caught.value)
    assert provider.abandoned.wait(10)


def test_interruption_ends_every_waiting_call(make_gateway: MakeGateway, provider: MockProvider) -> None:
    provider.plan = FaultPlan("stall")
    gateway, interruption = make_gateway(), Interruption()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(gateway.complete, REQUEST, timeout=60, interruption=interruption)
        assert provider.received.wait(10)
        interruption.fire()
        with pytest.raises(Interrupted):
            waiting.result(10)
    assert provider.abandoned.wait(10)


def test_interruption_ends_a_pause_between_attempts(make_gateway: MakeGateway, provider: MockProvider) -> None:
    provider.plan = FaultPlan("429", retry_after="9")
    gateway, interruption = make_gateway(model_max_retries=1), Interruption()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(gateway.complete, REQUEST, timeout=60, interruption=interruption)
        assert provider.received.wait(10)
        interruption.fire()
        with pytest.raises(Interrupted):
            waiting.result(5)
    assert len(provider.requests) == 1


def test_a_fired_interruption_asks_nothing(make_gateway: MakeGateway, provider: MockProvider) -> None:
    interruption = Interruption()
    interruption.fire()
    with pytest.raises(Interrupted):
        make_gateway().complete(REQUEST, timeout=5, interruption=interruption)
    assert provider.requests == []


def test_closing_ends_calls_in_flight_and_a_later_call_works(make_gateway: MakeGateway, provider: MockProvider) -> None:
    provider.plan = FaultPlan("stall", calls=1)
    gateway = make_gateway()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, gateway)
        assert provider.received.wait(10)
        gateway.close()
        with pytest.raises(Interrupted):
            waiting.result(10)
    assert "9,1" in ask(gateway).text


def test_a_forked_child_makes_its_own_loop(make_gateway: MakeGateway) -> None:
    gateway = make_gateway()
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if "9,1" in ask(gateway).text else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_retry_after_forms() -> None:
    assert retry_after_seconds({"retry-after-ms": "1500", "retry-after": "9"}) == 1.5
    assert retry_after_seconds({"retry-after": "7"}) == 7
    later = retry_after_seconds({"retry-after": format_datetime(datetime.now(UTC) + timedelta(seconds=60))})
    assert later is not None
    assert 50 < later <= 60
    assert retry_after_seconds({"retry-after": "soon"}) is None
    assert retry_after_seconds({}) is None
